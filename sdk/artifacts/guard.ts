import type { z } from 'zod';
import { type ArtifactFile, at, invalidAt } from './artifact-file.ts';

/**
 * Holds a value against a zod schema and throws what is wrong first, with its place in the file. zod's own copy is
 * dropped: the value as parsed stays the normal form.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function guard(
  file: ArtifactFile,
  schema: z.ZodType,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): void {
  const outcome = schema.safeParse(value);
  if (outcome.success) return;
  const issue = outcome.error.issues[0];
  const path = issue?.path ?? [];
  const expected = issue?.code === 'invalid_type' ? issue.expected : '';
  const wanted = WORDS.get(expected) ?? (issue?.message || 'something else');
  throw invalidAt(file, placeOf([...prefix, ...path]), wanted, follow(value, path));
}

/** zod's types in the words of the other messages. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['array', 'a list'],
  ['object', 'an object'],
]);

function placeOf(path: readonly PropertyKey[]): string {
  let place = '';
  for (const key of path) {
    if (typeof key === 'number') place = at(place, key);
    else if (/^\w{1,60}$/.test(String(key))) place += place === '' ? String(key) : `.${String(key)}`;
    else place = at(place, String(key));
  }
  return place;
}

function follow(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Object.getOwnPropertyDescriptor(current, key)?.value;
  }
  return current;
}
