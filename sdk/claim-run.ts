import type { ClaimHandle } from './dedup/claim-handle.ts';
import type { ClaimReport } from './dedup/dedup-report.ts';
import { DbtRunCacheError } from './errors.ts';
import type { RunEvent } from './events.ts';
import { type RunOptions, resolveOptions } from './options.ts';
import type { FailedRun, ReplayedRun, RunNotice, SkippedRun } from './result.ts';
import { claimStages } from './run/claim-stages.ts';
import { handedOver } from './run/dedup/handed-over.ts';
import { withEvents } from './with-events.ts';

/** A run that has to be executed, elsewhere, and then to be ended with `finishRun()`, whatever becomes of it. */
export interface RunToExecute {
  /**
   * `claimed`: identical runs wait for it. `unclaimed`: it is outside of the ledger (`dedup.because` says why) and leaves
   * no record; the ledger only hears where it writes.
   */
  readonly kind: 'claimed' | 'unclaimed';
  /** For `finishRun()`; plain data. */
  readonly claim: ClaimHandle;
  /** dbt's subcommand as words. */
  readonly command: string;
  readonly dedup: ClaimReport;
  /** What a reader should know beside that. */
  readonly notices: readonly RunNotice[];
}

/** What came of asking the ledger. */
export type ClaimAnswer =
  | RunToExecute
  | { readonly kind: 'replayed'; readonly result: ReplayedRun }
  | { readonly kind: 'skipped-in-flight'; readonly result: SkippedRun }
  /** What rejects unless `reject` is false: it could not be asked, or the result is that of a failed run. */
  | { readonly kind: 'failed'; readonly result: FailedRun };

/** A promise of the answer, and an async iterable of events, as of `runDbt()`. */
export interface ClaimingRun<T extends ClaimAnswer> extends Promise<T>, AsyncIterable<RunEvent> {}

/**
 * The first part of a run in three: asks the ledger whether a run has to be executed, as `runDbt()` does, and starts
 * neither dbt nor any other program that the project could bring. So it can hold rights that project code must not have.
 * A run that has to be executed keeps its key after this process has ended, until `finishRun()` or the end of the lease.
 *
 * @param options As of `runDbt()`, with `dedup`. Where the store renews, a lease of at least an hour.
 * @returns It rejects as `runDbt()` does: for options that are none, and, unless `reject` is false, with a
 *   {@link DbtRunCacheError} for whatever is no success.
 */
export function claimRun(
  args: readonly string[],
  options: RunOptions & { reject: false },
): ClaimingRun<ClaimAnswer>;
export function claimRun(
  args: readonly string[],
  options: RunOptions,
): ClaimingRun<Exclude<ClaimAnswer, { readonly kind: 'failed' }>>;
export function claimRun(args: readonly string[], options: RunOptions): ClaimingRun<ClaimAnswer> {
  return withEvents((emit) => execute(args, options, emit));
}

async function execute(
  args: readonly string[],
  given: RunOptions,
  emit: (event: RunEvent) => void,
): Promise<ClaimAnswer> {
  const { args: validArgs, options } = resolveOptions(args, given);
  const settings = handedOver(options, 'claimRun()');
  // Later, so that an iteration begun in the caller's tick misses nothing.
  await Promise.resolve();
  const answer = await claimStages(validArgs, options, settings, emit);
  if (answer.kind !== 'failed' || !options.reject) return answer;
  const { code, message, hint } = answer.result.failure;
  throw new DbtRunCacheError(message, { code, hint, result: answer.result });
}
