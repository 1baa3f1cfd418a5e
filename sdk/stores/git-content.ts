import { randomUUID } from 'node:crypto';
import { jsonObjectOf } from '../util/json-of.ts';

/** A value up to this size stands in the commit's message: no blob and no tree to write, and none to read. */
export const MAX_INLINE_BYTES = 24 << 10;

/** What a commit of the ledger says. */
export type GitContent =
  | { readonly kind: 'value'; readonly retainMs: number; readonly value: string }
  | {
      readonly kind: 'value-in-blob';
      readonly retainMs: number;
      readonly blob: string;
      readonly bytes: number;
    }
  /** The bytes a record names, rather than an entry. */
  | { readonly kind: 'blob'; readonly blob: string; readonly bytes: number }
  /** Stands where an entry was: GitHub deletes a ref whatever it points to. */
  | { readonly kind: 'removed' }
  /** A sweep is about to delete the ref. */
  | { readonly kind: 'sweeping' };

const TITLE = 'dbt-runcache';

/**
 * A title, then one line of JSON. The nonce makes each commit differ: two writers in one second with one parent would
 * make the very same commit otherwise, and each would find it standing. Values are in base64, since GitHub takes
 * `@name`, `#1` and addresses in a message for references, and tells people about them.
 */
export function printMessage(content: GitContent): string {
  const coded =
    content.kind === 'value' ? { ...content, value: Buffer.from(content.value).toString('base64') } : content;
  return `${TITLE}\n\n${JSON.stringify({ schemaVersion: 1, nonce: randomUUID(), ...coded })}`;
}

/** Undefined for what this version cannot read: that is no reason to take it for absent. */
export function parseMessage(message: string): GitContent | undefined {
  const head = jsonObjectOf(message.slice(message.indexOf('\n\n') + 2));
  if (head === undefined || !message.startsWith(`${TITLE}\n\n`) || head['schemaVersion'] !== 1)
    return undefined;
  const { kind, retainMs, value, blob, bytes } = head;
  if (kind === 'removed' || kind === 'sweeping') return { kind };
  const retains = typeof retainMs === 'number' && retainMs >= 0;
  if (kind === 'value' && retains && typeof value === 'string')
    return { kind, retainMs, value: Buffer.from(value, 'base64').toString() };
  const hasBlob = isSha(blob) && typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0;
  if (kind === 'value-in-blob' && retains && hasBlob) return { kind, retainMs, blob, bytes };
  return kind === 'blob' && hasBlob ? { kind, blob, bytes } : undefined;
}

/** The name of a git object. */
export function isSha(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(value);
}
