import type { BlobAnswer, WriteAnswer } from '../dedup/store.ts';
import { again } from '../github/again.ts';
import { inWords } from '../github/cache-outcome.ts';
import type { CacheRpc } from '../github/cache-rpc.ts';
import { putEntry } from '../github/put-entry.ts';
import { download, sizeAt } from '../github/signed-url.ts';
import { anyOf, keyOf, type LookOptions, numberOf, pauses } from './actions-cache-look.ts';

/** Keys in a row that may turn out to be given up. */
const MAX_SKIPPED = 4;
/** A blob is asked for because a record names it: it was there a moment ago, and a lookup may be behind. */
const BLOB_PATIENCE_MS = 5000;

interface Found {
  readonly kind: 'found';
  readonly number: number;
  readonly url: string;
}
type FoundAnswer = Found | { readonly kind: 'absent' } | { readonly kind: 'unknown'; readonly why: string };

async function find(rpc: CacheRpc, base: string, { patienceMs, signal }: LookOptions): Promise<FoundAnswer> {
  const { answer } = await again(() => rpc.find([anyOf(base)]), patienceMs, signal);
  if (answer.kind === 'absent') return { kind: 'absent' };
  if (answer.kind !== 'found') return { kind: 'unknown', why: inWords(answer) };
  const number = numberOf(base, answer.key);
  if (number === undefined)
    return { kind: 'unknown', why: 'the Actions cache found something that was not asked for' };
  return { kind: 'found', number, url: answer.url };
}

/** Whether the blob is there, whole. Asking for it also keeps the service from evicting it. */
async function isThere(found: FoundAnswer, bytes: number, options: LookOptions): Promise<boolean> {
  if (found.kind !== 'found') return false;
  const { answer } = await again(() => sizeAt(found.url, options), options.patienceMs, options.signal);
  return answer.kind === 'size' && answer.bytes === bytes;
}

/**
 * Stores a blob, unless it is there. Its bytes go with its name, so it does not matter who wrote it; it has numbered
 * keys only because one that was given up stays taken.
 */
export async function putBlob(
  rpc: CacheRpc,
  base: string,
  name: string,
  bytes: Uint8Array,
  options: LookOptions,
): Promise<WriteAnswer> {
  const written: WriteAnswer = { kind: 'written', version: name };
  if (bytes.byteLength === 0) return { kind: 'unknown', why: 'the Actions cache takes no empty blobs' };
  const before = await find(rpc, base, options);
  if (before.kind === 'unknown') return before;
  if (await isThere(before, bytes.byteLength, options)) return written;
  let number = before.kind === 'found' ? before.number : 0;
  let why = '';
  for (let tries = 0; tries < MAX_SKIPPED; tries += 1) {
    number += 1;
    const put = await putEntry(rpc, keyOf(base, number), bytes, {
      ...options,
      finishWithinMs: Number.POSITIVE_INFINITY,
      maxWaitMs: options.patienceMs,
    });
    if (put.kind === 'won') return written;
    if (put.kind === 'read-only' || put.kind === 'rate-limited')
      return { kind: 'unknown', why: inWords(put), refused: true };
    if (put.kind === 'unavailable') return { kind: 'unknown', why: put.why };
    why = put.kind === 'exists' ? 'another upload of the blob did not appear' : put.why;
    if (put.kind === 'burned') continue;
    const pause = pauses(options.patienceMs, options.signal);
    do {
      const found = await find(rpc, base, options);
      if (found.kind === 'unknown') return found;
      if (await isThere(found, bytes.byteLength, options)) return written;
    } while (await pause());
  }
  return { kind: 'unknown', why };
}

export async function getBlob(
  rpc: CacheRpc,
  base: string,
  name: string,
  maxBytes: number,
  options: LookOptions,
): Promise<BlobAnswer> {
  const pause = pauses(Math.min(options.patienceMs, BLOB_PATIENCE_MS), options.signal);
  do {
    const found = await find(rpc, base, options);
    if (found.kind === 'unknown') return found;
    if (found.kind === 'absent') continue;
    const { answer } = await again(
      () => download(found.url, maxBytes, options),
      options.patienceMs,
      options.signal,
    );
    if (answer.kind === 'downloaded') return { kind: 'found', bytes: answer.bytes };
    if (answer.kind === 'too-large')
      return { kind: 'unknown', why: `${name} is larger than ${maxBytes} bytes` };
    if (answer.kind !== 'gone') return { kind: 'unknown', why: inWords(answer) };
  } while (await pause());
  return { kind: 'absent' };
}
