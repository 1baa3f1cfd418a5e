import type { DedupStore } from '../../dedup/store.ts';
import { sweepNowAndThen } from '../../dedup/sweep-now-and-then.ts';
import { atMost } from '../../util/waiting.ts';
import type { RunContext } from '../run-context.ts';
import type { Begun } from './begin.ts';

/** For all that a stopped run still tells the ledger, from dbt's end on: a cancelled job of GitHub has 10 s in all. */
const STOPPED_MS = 3000;
/** What is tried once more, where that time is over. */
const LEAST_MS = 250;
const FINISHED_MS = 10_000;
const SWEEP_MS = 5000;

export interface Leaving {
  /** Undefined where there was no ledger, or it could not be opened. */
  readonly store: DedupStore | undefined;
  /** Undefined where it was not asked. It may be at it still, where a stop was not waited out. */
  readonly beginning: Promise<Begun> | undefined;
  /** When dbt had ended, or it was clear that it would not start; as of `performance.now()`. */
  readonly endedAt: number;
}

/** The way out of the ledger, whatever became of the run: no claim stays behind that can be given back. Throws nothing. */
export async function leaveLedger(run: RunContext, { store, beginning, endedAt }: Leaving): Promise<void> {
  const leftMs = (): number =>
    run.stops.cause === undefined
      ? FINISHED_MS
      : Math.max(LEAST_MS, STOPPED_MS - (performance.now() - endedAt));
  if (beginning !== undefined) {
    const begun = await atMost(leftMs(), giveBack(beginning), undefined);
    if (begun?.kind === 'execute') await sweep(run, begun);
  }
  if (store !== undefined) await atMost(leftMs(), store.close(), undefined).catch(() => undefined);
}

/** Whatever went wrong on the way; ending happens once. */
async function giveBack(beginning: Promise<Begun>): Promise<Begun | undefined> {
  try {
    const begun = await beginning;
    if (begun.kind === 'execute') await begun.claim.abandon();
    return begun;
  } catch {
    // It said so where it was asked.
    return undefined;
  }
}

/** Old records are cleared away by ordinary runs, once a day. Who is to stop has no time for it. */
async function sweep(run: RunContext, { ledger }: Extract<Begun, { kind: 'execute' }>): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(SWEEP_MS), run.stops.signal]);
  await sweepNowAndThen(ledger.store, { retainMs: ledger.policy.retentionMs, signal }).catch(() => undefined);
}
