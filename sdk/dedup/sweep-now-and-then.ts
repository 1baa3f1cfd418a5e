import * as z from 'zod';
import { LAST_SWEEP } from './names.ts';
import type { DedupStore, SweepAnswer } from './store.ts';

const DAY = 86_400_000;
const LIMIT_MS = 5000;
const LEAST_BLOB_AGE_MS = 30 * DAY;

export interface SweepNowAndThenOptions {
  /** How long this caller keeps its records, in milliseconds. */
  readonly retainMs: number;
  /** Stops it. */
  readonly signal: AbortSignal;
  /** Milliseconds between two sweeps, by the store's clock. Default a day. */
  readonly everyMs?: number;
}

/**
 * Clears the ledger of what is old, for at most a few seconds: at most one process a day does it, whichever comes by
 * first. Best effort: throws nothing, and what is left over is left to the next day.
 * @returns What was done, where this was the one.
 */
export async function sweepNowAndThen(
  store: DedupStore,
  { retainMs, signal, everyMs = DAY }: SweepNowAndThenOptions,
): Promise<SweepAnswer | undefined> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  const timer = setTimeout(end, LIMIT_MS);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  // A store that keeps silent is not waited for.
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  try {
    if (stop.signal.aborted) return undefined;
    return await Promise.race([sweepIfDue(store, retainMs, everyMs, stop.signal), stopped]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

async function sweepIfDue(
  store: DedupStore,
  retainMs: number,
  everyMs: number,
  signal: AbortSignal,
): Promise<SweepAnswer | undefined> {
  const read = await store.read(LAST_SWEEP);
  if (read.kind === 'unknown') return undefined;
  const last = read.kind === 'found' ? read.entry : undefined;
  const known = last === undefined ? 0 : notedAge(last.value);
  const blobAgeMs = Math.max(known, blobAge(retainMs));
  if (last !== undefined && last.ageMs < everyMs && known >= blobAgeMs) return undefined;
  const value = JSON.stringify({ schemaVersion: 1, blobAgeMs });
  const written = await store.write({
    name: LAST_SWEEP,
    value,
    expected: last?.version,
    // When it is forgotten, so is everything that was there when it was written.
    retainMs: blobAgeMs + everyMs,
  });
  if (written.kind !== 'written' || signal.aborted) return undefined;
  return store.sweep({ blobAgeMs, signal });
}

/**
 * How old a blob must be to be cleared away: those who share a ledger may keep their records for longer than this one,
 * so the longest of all counts.
 */
export async function sweptBlobAge(
  store: DedupStore,
): Promise<number | { readonly kind: 'unknown'; readonly why: string }> {
  const read = await store.read(LAST_SWEEP);
  // How long others keep theirs is not known then.
  if (read.kind === 'unknown') return read;
  return Math.max(blobAge(0), read.kind === 'found' ? notedAge(read.entry.value) : 0);
}

/** A blob is put before its record, and counts from then. */
function blobAge(retainMs: number): number {
  return Math.max(retainMs, LEAST_BLOB_AGE_MS) + DAY;
}

const Schema = z.object({ blobAgeMs: z.number().positive() });

function notedAge(value: string): number {
  try {
    return Schema.parse(JSON.parse(value)).blobAgeMs;
  } catch {
    return 0;
  }
}
