import type { DedupStore, StoredEntry } from '../dedup/store.ts';
import { putCompressed, sha256Of } from '../dedup/stored-blob.ts';
import { reasonOf } from '../util/reason.ts';
import {
  MAX_PARSE_BYTES,
  PARSE_BLOBS,
  PARSE_RENEWAL_MS,
  PARSE_RETENTION_MS,
  type ParseEntry,
  parseParseEntry,
} from './parse-entry.ts';
import { readParseFile } from './parse-file.ts';

export type SavedParse =
  | { readonly kind: 'saved'; readonly bytes: number }
  | { readonly kind: 'unchanged' }
  /** The entry is gone: dbt could not use the file, and has left no other. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'not-saved'; readonly why: string };

export interface SaveParseRequest {
  readonly store: DedupStore;
  /** As of `parseName()`. */
  readonly name: string;
  /** Absolute. */
  readonly targetPath: string;
  /** Digest of the file that was restored and that dbt refused. */
  readonly refused?: string | undefined;
}

const TRIES = 2;

/**
 * Keeps what dbt has parsed. To be called when dbt has ended by itself and got past parsing: it writes the file in place,
 * so that a dbt that was killed may leave half of one. Of two that save at once, the last wins. Throws nothing.
 */
export async function saveParse(request: SaveParseRequest): Promise<SavedParse> {
  try {
    return await save(request);
  } catch (error) {
    return notSaved(reasonOf(error));
  }
}

async function save({ store, name, targetPath, refused }: SaveParseRequest): Promise<SavedParse> {
  const file = await readParseFile(targetPath, MAX_PARSE_BYTES);
  const sha256 = file.kind === 'read' ? sha256Of(file.content) : undefined;
  if (file.kind !== 'read' || sha256 === undefined || sha256 === refused) {
    if (refused !== undefined) return drop(store, name, refused);
    return notSaved(file.kind === 'unfit' ? file.why : 'dbt left no such file');
  }
  const content = { sha256, bytes: file.content.length };
  let value: string | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const read = await store.read(name);
    if (read.kind === 'unknown') return notSaved(read.why);
    const known = read.kind === 'found' ? read.entry : undefined;
    if (known !== undefined && isFresh(known, sha256)) return { kind: 'unchanged' };
    if (value === undefined) {
      const put = await putCompressed(store, PARSE_BLOBS, [file.content], PARSE_RETENTION_MS);
      if (put.kind === 'unknown') return notSaved(put.why);
      value = JSON.stringify({ schemaVersion: 1, blob: put.blob, content } satisfies ParseEntry);
    }
    const expected = known?.version;
    const written = await store.write({ name, value, expected, retainMs: PARSE_RETENTION_MS });
    if (written.kind === 'written') return { kind: 'saved', bytes: content.bytes };
    if (written.kind === 'unknown') return notSaved(written.why);
  }
  return notSaved('other runs were saving theirs at the same time');
}

function isFresh({ value, ageMs }: StoredEntry, sha256: string): boolean {
  return ageMs < PARSE_RENEWAL_MS && parseParseEntry(value)?.content.sha256 === sha256;
}

/** Unless someone has put another there since. */
async function drop(store: DedupStore, name: string, refused: string): Promise<SavedParse> {
  const read = await store.read(name);
  if (read.kind === 'unknown') return notSaved(read.why);
  if (read.kind === 'absent' || parseParseEntry(read.entry.value)?.content.sha256 !== refused)
    return { kind: 'unchanged' };
  const removed = await store.remove(name, read.entry.version);
  if (removed.kind === 'unknown') return notSaved(removed.why);
  return { kind: removed.kind === 'written' ? 'dropped' : 'unchanged' };
}

function notSaved(why: string): SavedParse {
  return { kind: 'not-saved', why };
}
