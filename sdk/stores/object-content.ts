import { randomUUID } from 'node:crypto';
import { MAX_VALUE_BYTES } from '../dedup/store.ts';

/** What an object of the ledger holds. `removed` stands where an entry was: deleting cannot be made conditional everywhere. */
export type Content =
  | { readonly kind: 'value'; readonly value: string; readonly retainMs: number }
  | { readonly kind: 'removed' };

/** With room for the line above the value. */
export const MAX_CONTENT_BYTES = MAX_VALUE_BYTES + 1024;

/**
 * One line of JSON, then the value. The nonce makes every write differ: some services make an object's tag from its
 * bytes, and a value that comes back must not bring back its version.
 */
export function printContent(content: Content): Uint8Array {
  const nonce = randomUUID();
  const head =
    content.kind === 'value'
      ? { schemaVersion: 1, nonce, retainMs: content.retainMs }
      : { schemaVersion: 1, nonce, removed: true };
  return Buffer.from(`${JSON.stringify(head)}\n${content.kind === 'value' ? content.value : ''}`);
}

/** Undefined for what this version cannot read: that is no reason to take it for absent. */
export function parseContent(bytes: Uint8Array): Content | undefined {
  const text = Buffer.from(bytes).toString();
  const end = text.indexOf('\n');
  let head: unknown;
  try {
    head = JSON.parse(text.slice(0, end));
  } catch {
    return undefined;
  }
  if (end === -1 || typeof head !== 'object' || head === null) return undefined;
  const { schemaVersion, retainMs, removed } = head as Readonly<Record<string, unknown>>;
  if (schemaVersion !== 1) return undefined;
  if (removed === true) return { kind: 'removed' };
  return typeof retainMs === 'number' ? { kind: 'value', value: text.slice(end + 1), retainMs } : undefined;
}
