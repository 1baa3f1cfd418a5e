import { setTimeout as delay } from 'node:timers/promises';
import { DbtRunCacheError } from '../errors.ts';
import { holdLease } from './hold-lease.ts';
import { acquire, type Standing } from './lease.ts';
import { leaseName } from './names.ts';
import type { DedupStore } from './store.ts';
import { unanswered } from './store-trouble.ts';

const DEFAULT_LEASE_MS = 120_000;
/** For a store that cannot renew: long enough for the work of a day. */
const UNRENEWED_LEASE_MS = 24 * 3_600_000;
const POLL_MS = 500;

export interface WithLeaseOptions {
  /** Milliseconds until an owner that gave no sign of life may be replaced. Default 2 min; 24 h where a store cannot renew. */
  readonly leaseMs?: number;
  /** Milliseconds between signs of life. Default: a quarter of the lease. */
  readonly heartbeatMs?: number;
  /** Milliseconds to wait while someone else has it. Default 0. */
  readonly waitMs?: number;
  /** Ends the waiting; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** What others are shown about the owner. JSON, no secrets. */
  readonly owner?: unknown;
}

/**
 * Runs `work` while this process alone holds `name`: a mutex across everything that shares the store.
 *
 * A lease is no lock: an owner that falls silent for longer than `leaseMs` is replaced. `work` gets a signal that is
 * aborted when that happened, and should stop then.
 * @throws DbtRunCacheError `dedup-in-flight` when someone else has it still, `dedup-unavailable` when the store does
 *   not answer. What `work` throws goes through.
 */
export async function withLease<T>(
  store: DedupStore,
  name: string,
  work: (lost: AbortSignal) => Promise<T>,
  options: WithLeaseOptions = {},
): Promise<T> {
  const leaseMs = options.leaseMs ?? (store.guarantees.renews ? DEFAULT_LEASE_MS : UNRENEWED_LEASE_MS);
  const held = await take(store, name, leaseMs, options);
  const { lease, lost, stop } = holdLease(
    held,
    store.guarantees.renews ? (options.heartbeatMs ?? leaseMs / 4) : undefined,
  );
  try {
    return await work(lost);
  } finally {
    stop();
    await lease.release().catch(() => undefined);
  }
}

async function take(store: DedupStore, name: string, leaseMs: number, options: WithLeaseOptions) {
  const until = performance.now() + (options.waitMs ?? 0);
  for (;;) {
    options.signal?.throwIfAborted();
    const answer = await acquire(store, leaseName(name), {
      leaseMs,
      retainMs: Math.max(leaseMs * 2, UNRENEWED_LEASE_MS),
      body: options.owner ?? null,
    });
    if (answer.kind === 'acquired') return answer.lease;
    if (answer.kind === 'unknown') {
      throw unanswered(store.kind, answer.why);
    }
    const left = until - performance.now();
    if (left <= 0) throw taken(name, answer.standing);
    const pause = Math.min(POLL_MS, left, Math.max(1, answer.standing.staleInMs));
    await delay(pause, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

function taken(name: string, { body, ageMs, staleInMs }: Standing): DbtRunCacheError {
  const who = body === null ? '' : ` (${JSON.stringify(body).slice(0, 200)})`;
  return new DbtRunCacheError(`Someone else holds ${JSON.stringify(name)}${who}`, {
    code: 'dedup-in-flight',
    hint: `Its last sign of life is ${Math.round(ageMs / 1000)} s old; it is free in ${Math.ceil(staleInMs / 1000)} s at the latest if none follows.`,
  });
}
