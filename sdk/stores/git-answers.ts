import { jsonOf } from '../util/json-of.ts';
import { isSha } from './git-content.ts';

/** A ref by its full name, and the object it points to. */
export interface Ref {
  readonly ref: string;
  readonly sha: string;
}

export interface Commit {
  readonly sha: string;
  readonly message: string;
  /** By GitHub's clock, in whole seconds. */
  readonly committedAt: number;
}

/** Of an object; of anything else none. */
export function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** What GitHub says about a refusal. */
export function messageOf(bytes: Uint8Array): string {
  const { message } = fields(jsonOf(bytes));
  return typeof message === 'string' ? message.slice(0, 200) : 'no message';
}

/** Undefined for what is no list of refs. */
export function refsOf(value: unknown): readonly Ref[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const refs = value.flatMap((one): readonly Ref[] => {
    const { ref, object } = fields(one);
    const { sha } = fields(object);
    return typeof ref === 'string' && isSha(sha) ? [{ ref, sha }] : [];
  });
  return refs.length === value.length ? refs : undefined;
}

/** Undefined for what is no commit. */
export function commitOf(value: unknown): Commit | undefined {
  const { sha, message, committer } = fields(value);
  const committedAt = Date.parse(String(fields(committer)['date']));
  return isSha(sha) && typeof message === 'string' && Number.isFinite(committedAt)
    ? { sha, message, committedAt }
    : undefined;
}
