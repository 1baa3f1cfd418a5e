import type * as z from 'zod';
import { quoted, shown } from './problem.ts';
import { type ConfigFile, ConfigSchema, EXCLUSIVE, VALID_FORMS } from './schema.ts';

/** Something wrong at a place of the content. */
export interface ContentProblem {
  readonly path: readonly (string | number)[];
  /** Without the place: `timeout is 45: give …`. */
  readonly message: string;
  /** A key that does not exist. */
  readonly unknownKey?: string;
}

/** Keys whose values may hold a secret, or a secret by mistake: they are never repeated. */
export const NEVER_SHOWN: ReadonlySet<string> = new Set([
  'dbt',
  'labels',
  'redact-env',
  'dedup-store',
  'state-store',
  'idempotency-key',
  'data-version',
  'key-env',
]);

/** Checks the content of a file, or a part of one. */
export function checkContent(
  content: unknown,
): { readonly content: ConfigFile } | { readonly problems: readonly ContentProblem[] } {
  const parsed = ConfigSchema.safeParse(content);
  if (parsed.success) {
    const [first, second] = EXCLUSIVE;
    if (parsed.data[first] === undefined || parsed.data[second] === undefined)
      return { content: parsed.data };
    return { problems: [{ path: [second], message: `${second} and ${first} exclude each other: keep one` }] };
  }
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, content)) };
}

function problemsOf(issue: z.core.$ZodIssue, content: unknown): ContentProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [key],
      message: `there is no key ${quoted(key)}`,
      unknownKey: key,
    }));
  }
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const key = String(path[0]) as keyof ConfigFile;
  return [{ path, message: `${named(path)} is ${valueFor(path, content)}: ${wayOut(key, path)}` }];
}

/** `labels.team`, `redact-env[2]`. */
function named([key, ...rest]: readonly (string | number)[]): string {
  const inside = rest.map((part) =>
    typeof part === 'number' ? `[${part}]` : `.${quoted(part).slice(1, -1)}`,
  );
  return `${String(key)}${inside.join('')}`;
}

function valueFor(path: readonly (string | number)[], content: unknown): string {
  let value = content;
  for (const part of path) value = (value as Record<string | number, unknown> | undefined)?.[part];
  const isSafe = typeof value !== 'string' || value === '' || !NEVER_SHOWN.has(String(path[0]));
  return isSafe ? shown(value) : 'not valid';
}

function wayOut(key: keyof ConfigFile, path: readonly (string | number)[]): string {
  if (key !== 'labels' || path.length === 1) return VALID_FORMS[key];
  return 'a name takes 1 to 128 characters; its value is a text up to 1024, so put numbers and true or false in quotes';
}
