import { randomUUID } from 'node:crypto';
import { DbtRunCacheError } from '../errors.ts';
import { optional } from '../util/optional.ts';
import { answeringStore } from './answering-store.ts';
import { fetchParts } from './bundle.ts';
import { printEnvelope } from './envelope.ts';
import { findClaim } from './find-claim.ts';
import { type LedgerLine, type ReadClaim, readClaim } from './ledger-line.ts';
import { CLAIMS } from './names.ts';
import { defaultPolicy } from './policy.ts';
import type { KeyPart, LedgerRecord } from './record.ts';
import type { DedupStore, WriteAnswer } from './store.ts';
import { unanswered } from './store-trouble.ts';
import { sweptBlobAge } from './sweep-now-and-then.ts';

export type { LedgerLine } from './ledger-line.ts';

const READS_AT_ONCE = 16;
/** A sweep looks through all there is. */
const SWEEP_MS = 3_600_000;
/** How often a key is freed anew whose owner writes at the same time. */
const MAX_TRIES = 20;

/** One key of the ledger with all that is kept of its run. */
export interface LedgerEntry {
  readonly line: LedgerLine;
  /** Of a finished run. */
  readonly details?: LedgerDetails;
}

export interface LedgerDetails {
  readonly exitCode: number;
  /** What the key is made of, with the digests of their items where those are kept. */
  readonly parts: readonly KeyPart[];
  /** What an identical run gets back. */
  readonly files: LedgerRecord['files'];
  /** What was too large to be kept. */
  readonly omitted: NonNullable<LedgerRecord['omitted']>;
}

export interface ListLedgerOptions {
  /** At most so many. Default: all. */
  readonly limit?: number;
}

/**
 * What a ledger holds, key by key, in no order.
 * @throws DbtRunCacheError `dedup-unavailable` when the store cannot be listed.
 */
export async function* listLedger(
  given: DedupStore,
  { limit = Number.POSITIVE_INFINITY }: ListLedgerOptions = {},
): AsyncIterable<LedgerLine> {
  const store = answeringStore(given);
  let left = limit;
  let names: string[] = [];
  const linesOf = async (batch: readonly string[]): Promise<readonly LedgerLine[]> => {
    const read = await Promise.all(batch.map(async (name) => readClaim(name, await store.read(name))));
    return read.flatMap((claim) => (claim === undefined ? [] : [claim.line]));
  };
  if (left <= 0) return;
  for await (const name of store.list(CLAIMS)) {
    names.push(name);
    if (names.length < Math.min(READS_AT_ONCE, left)) continue;
    for (const line of await linesOf(names)) {
      yield line;
      left -= 1;
    }
    if (left <= 0) return;
    names = [];
  }
  yield* await linesOf(names);
}

/**
 * One key of the ledger.
 * @param key Its digest, or the beginning of it (6 digits or more), or the key as it was given.
 * @throws DbtRunCacheError `ledger-key-not-found`, `ledger-key-ambiguous`, `dedup-unavailable`.
 */
export async function showLedgerEntry(given: DedupStore, key: string): Promise<LedgerEntry> {
  const store = answeringStore(given);
  const { name, read } = await findClaim(store, key);
  const { line, record } = known(key, readClaim(name, read));
  return { line, ...optional('details', record === undefined ? undefined : await detailsOf(store, record)) };
}

async function detailsOf(store: DedupStore, record: LedgerRecord): Promise<LedgerDetails> {
  const { exitCode, files, omitted = [] } = record;
  const parts = (await fetchParts(store, record)) ?? record.parts;
  return { exitCode, parts, files, omitted };
}

/**
 * Frees a key, whatever its state: the next run of it executes. A run in flight goes on, and finds at its end that the
 * key is no longer its own; it leaves no record.
 * @param key As of {@link showLedgerEntry}.
 * @returns What stood there.
 * @throws DbtRunCacheError `ledger-key-not-found`, `ledger-key-ambiguous`, `dedup-unavailable`.
 */
export async function releaseLedgerEntry(given: DedupStore, key: string): Promise<LedgerLine> {
  const store = answeringStore(given);
  const token = randomUUID();
  const { name } = await findClaim(store, key);
  let was: LedgerLine | undefined;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const read = await store.read(name);
    if (read.kind === 'unknown') throw unanswered(store.kind, read.why);
    const claim = readClaim(name, read);
    // A write whose reply was lost was done.
    if (was !== undefined && (claim === undefined || claim.envelope?.token === token)) return was;
    const { line, envelope } = known(key, claim);
    if (line.state === 'free' || read.kind === 'absent') return was ?? line;
    const { version } = read.entry;
    let freed: WriteAnswer;
    if (envelope === undefined) {
      // There is no telling what it is, so there is nothing of it to keep.
      freed = await store.remove(name, version);
    } else {
      const { attempt, leaseMs } = envelope;
      freed = await store.write({
        name,
        // Another owner, another attempt: whatever the one before still writes is late.
        value: printEnvelope({ state: 'free', attempt: attempt + 1, token, leaseMs, beat: 0, body: null }),
        expected: version,
        retainMs: defaultPolicy(store.guarantees.renews).retentionMs,
      });
    }
    if (freed.kind === 'written') return line;
    if (freed.kind === 'unknown') was = line;
  }
  throw unanswered(store.kind, `${name} kept changing`);
}

export interface SweepLedgerOptions {
  /** Stops it; what was cleared away until then is told. */
  readonly signal?: AbortSignal;
}

/** How many were cleared away. */
export interface SweptLedger {
  readonly entries: number;
  readonly blobs: number;
}

/**
 * Clears a ledger at once of all that is past its retention. A store that forgets by itself has nothing to do.
 * @throws DbtRunCacheError `dedup-unavailable`.
 */
export async function sweepLedger(
  given: DedupStore,
  { signal = new AbortController().signal }: SweepLedgerOptions = {},
): Promise<SweptLedger> {
  const store = answeringStore(given, { limits: { sweepMs: SWEEP_MS } });
  const blobAgeMs = await sweptBlobAge(store);
  if (typeof blobAgeMs !== 'number') throw unanswered(store.kind, blobAgeMs.why);
  const answer = await store.sweep({ blobAgeMs, signal });
  if (answer.kind === 'unknown') throw unanswered(store.kind, answer.why);
  const { entries, blobs } = answer;
  return { entries, blobs };
}

function known(key: string, claim: ReadClaim | undefined): ReadClaim {
  if (claim !== undefined) return claim;
  throw new DbtRunCacheError(`The ledger holds nothing under ${JSON.stringify(key)} any more`, {
    code: 'ledger-key-not-found',
    hint: 'Its entry went while it was looked at: list the ledger anew.',
  });
}
