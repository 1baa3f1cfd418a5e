import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gunzip } from 'node:zlib';
import type { StoredBlob } from './record.ts';
import type { DedupStore } from './store.ts';

/** A manifest shrinks to a tenth at level 1; a higher one takes much longer for little. */
const LEVEL = 1;
const CHUNK_BYTES = 256 << 10;
/** Content up to this size comes out in one piece: putting small ones together takes as long as decompressing them. */
const WHOLE_BYTES = 64 << 20;
/** Zlib takes no smaller one. */
const MIN_CHUNK_BYTES = 64;

const unzip = promisify(gunzip);

export type PutAnswer =
  | { readonly kind: 'stored'; readonly blob: StoredBlob }
  | { readonly kind: 'unknown'; readonly why: string };

/** `corrupt`: the store has something under that name, and it is not what was stored. */
export type FetchFailure = { readonly kind: 'absent' | 'corrupt' | 'unknown'; readonly why: string };

/** Compresses the pieces, one after the other, and stores them as `<folder>/<digest>`. What `pieces` throws goes through. */
export async function putCompressed(
  store: DedupStore,
  folder: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  retainMs: number,
): Promise<PutAnswer> {
  const chunks: Buffer[] = [];
  await pipeline(
    Readable.from(pieces),
    createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES }),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const chunk of compressed) chunks.push(chunk);
    },
  );
  const bytes = Buffer.concat(chunks);
  const blob: StoredBlob = { sha256: sha256Of(bytes), bytes: bytes.length };
  const put = await store.putBlob(`${folder}/${blob.sha256}`, bytes, retainMs);
  switch (put.kind) {
    case 'written':
      return { kind: 'stored', blob };
    case 'conflict':
      return { kind: 'unknown', why: 'the store holds something else under the same name' };
    case 'unknown':
      return put;
  }
}

/** @param maxBytes Of the content, uncompressed: what is larger is corrupt, and never stands in memory as a whole. */
export async function getCompressed(
  store: DedupStore,
  folder: string,
  blob: StoredBlob,
  maxBytes: number,
): Promise<{ readonly kind: 'found'; readonly bytes: Uint8Array } | FetchFailure> {
  const corrupt = (why: string): FetchFailure => ({ kind: 'corrupt', why });
  // Gzip never makes anything much larger.
  if (blob.bytes > maxBytes * 1.01 + 1024) return corrupt('it is recorded to be too large');
  const answer = await store.getBlob(`${folder}/${blob.sha256}`, blob.bytes);
  if (answer.kind === 'absent') return { kind: 'absent', why: 'the store does not have it any more' };
  if (answer.kind === 'unknown') return answer;
  if (answer.bytes.byteLength !== blob.bytes) return corrupt('it does not have the size that was recorded');
  if (sha256Of(answer.bytes) !== blob.sha256) return corrupt('it does not have the digest that was recorded');
  try {
    const bytes = await unzip(answer.bytes, {
      // One byte more than there should be, so that a full chunk is not followed by another one.
      chunkSize: Math.max(MIN_CHUNK_BYTES, Math.min(maxBytes + 1, WHOLE_BYTES)),
      // 0 is refused.
      maxOutputLength: Math.max(1, maxBytes),
    });
    return bytes.length > maxBytes ? corrupt(TOO_MUCH) : { kind: 'found', bytes };
  } catch (error) {
    const isTooMuch = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return corrupt(isTooMuch ? TOO_MUCH : 'it cannot be decompressed');
  }
}

const TOO_MUCH = 'it holds more than was recorded';

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
