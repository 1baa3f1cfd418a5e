import { isUtf8 } from 'node:buffer';
import { jsonOf } from '../util/json-of.ts';
import { optional } from '../util/optional.ts';
import { MAX_ITEMS, MAX_ITEMS_BYTES } from './bundle-limits.ts';
import type { KeyPart, LedgerRecord, StoredBlob } from './record.ts';
import type { DedupStore } from './store.ts';
import { type FetchFailure, getCompressed, putCompressed } from './stored-blob.ts';

const FOLDER = 'items';
const DIGEST = /^[0-9a-f]{1,64}$/;

/** Digests by item by part, e.g. of each file of `code`. */
export type PartItems = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type SavedItems =
  | { readonly kind: 'saved'; readonly items: StoredBlob }
  /** No part has items, or each has too many. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Stores what a key's parts are made of, for telling later what differs between two runs. Parts that would make it too
 * large go without their items, the largest first.
 */
export async function saveItems(
  store: DedupStore,
  parts: readonly KeyPart[],
  retainMs: number,
): Promise<SavedItems> {
  const sized = parts
    .flatMap(({ name, items = {} }) => {
      const count = Object.keys(items).length;
      if (count === 0) return [];
      const text = `${JSON.stringify(name)}:${JSON.stringify(items)}`;
      return [{ text, count, bytes: Buffer.byteLength(text) + 1 }];
    })
    .sort((a, b) => a.bytes - b.bytes);
  const kept: string[] = [];
  let [bytes, count] = [2, 0];
  for (const part of sized) {
    bytes += part.bytes;
    count += part.count;
    if (bytes > MAX_ITEMS_BYTES || count > MAX_ITEMS) break;
    kept.push(part.text);
  }
  if (kept.length === 0) return { kind: 'none' };
  try {
    const put = await putCompressed(store, FOLDER, [Buffer.from(`{${kept.join(',')}}`)], retainMs);
    return put.kind === 'stored' ? { kind: 'saved', items: put.blob } : put;
  } catch (error) {
    return { kind: 'unknown', why: (error as Error).message };
  }
}

export type FetchedItems = { readonly kind: 'fetched'; readonly items: PartItems } | FetchFailure;

/** A record's parts with their items, so that they can be compared; undefined where those cannot be had. */
export async function fetchParts(
  store: DedupStore,
  { parts, items: blob }: Pick<LedgerRecord, 'parts' | 'items'>,
): Promise<readonly KeyPart[] | undefined> {
  if (blob === undefined) return parts;
  const fetched = await fetchItems(store, blob).catch(() => undefined);
  if (fetched?.kind !== 'fetched') return undefined;
  return parts.map((part) => ({ ...part, ...optional('items', fetched.items[part.name]) }));
}

/** Gets what {@link saveItems} has stored. Nothing the store says is trusted. */
export async function fetchItems(store: DedupStore, blob: StoredBlob): Promise<FetchedItems> {
  const found = await getCompressed(store, FOLDER, blob, MAX_ITEMS_BYTES);
  if (found.kind !== 'found') return found;
  const items = parse(found.bytes);
  return items === undefined
    ? { kind: 'corrupt', why: 'it is no list of the items of a key' }
    : { kind: 'fetched', items };
}

/** By hand: there may be tens of thousands of items, and names such as `__proto__`. */
function parse(bytes: Uint8Array): PartItems | undefined {
  const value = isUtf8(bytes) ? jsonOf(bytes) : undefined;
  let count = 0;
  for (const [, part] of entriesOf(value) ?? [['', undefined]]) {
    const items = entriesOf(part);
    count += items?.length ?? 0;
    if (items === undefined || count > MAX_ITEMS) return undefined;
    if (!items.every(([, digest]) => typeof digest === 'string' && DIGEST.test(digest))) return undefined;
  }
  return value as PartItems;
}

function entriesOf(value: unknown): readonly [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}
