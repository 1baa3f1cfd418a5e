import type { DedupStore } from '../dedup/store.ts';
import { getCompressed, sha256Of } from '../dedup/stored-blob.ts';
import { reasonOf } from '../util/reason.ts';
import { MAX_PARSE_BYTES, PARSE_BLOBS, parseParseEntry } from './parse-entry.ts';
import { hasParseFile, placeParseFile } from './parse-file.ts';

export type RestoredParse =
  | {
      readonly kind: 'restored';
      /** Of the file, hex. */
      readonly sha256: string;
      readonly bytes: number;
    }
  | { readonly kind: 'there-already' }
  | { readonly kind: 'absent' | 'unavailable' | 'corrupt'; readonly detail: string };

export interface RestoreParseRequest {
  readonly store: DedupStore;
  /** As of `parseName()`. */
  readonly name: string;
  /** Absolute; need not exist. */
  readonly targetPath: string;
}

/**
 * Puts what an earlier dbt has parsed (`partial_parse.msgpack`) where this one looks for it, unless there is something
 * already. Throws nothing: without the file dbt parses everything, which is all that a failure costs.
 *
 * The file is as trustworthy as the store. It holds the project's nodes and macros as dbt had read them: dbt compares
 * files by their digests, and takes the rest from here without asking, so whoever may write to the store may have dbt
 * run SQL and macros of their own, with the warehouse's credentials. Here nothing of it is executed or unpacked. It is
 * compared with the digest in its entry, which comes from the same store: that finds damage, not malice.
 */
export async function restoreParse({ store, name, targetPath }: RestoreParseRequest): Promise<RestoredParse> {
  try {
    if (await hasParseFile(targetPath)) return { kind: 'there-already' };
    const read = await store.read(name);
    if (read.kind === 'unknown') return { kind: 'unavailable', detail: read.why };
    if (read.kind === 'absent') return { kind: 'absent', detail: 'none is kept for these settings' };
    const entry = parseParseEntry(read.entry.value);
    if (entry === undefined) return { kind: 'corrupt', detail: 'its entry cannot be read' };
    const { sha256, bytes } = entry.content;
    const fetched = await getCompressed(store, PARSE_BLOBS, entry.blob, Math.min(bytes, MAX_PARSE_BYTES));
    if (fetched.kind === 'unknown') return { kind: 'unavailable', detail: fetched.why };
    if (fetched.kind !== 'found') return { kind: fetched.kind, detail: fetched.why };
    if (sha256Of(fetched.bytes) !== sha256)
      return { kind: 'corrupt', detail: 'it does not have the digest that was recorded' };
    return (await placeParseFile(targetPath, fetched.bytes))
      ? { kind: 'restored', sha256, bytes }
      : { kind: 'there-already' };
  } catch (error) {
    return { kind: 'unavailable', detail: reasonOf(error) };
  }
}
