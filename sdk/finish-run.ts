import { type ClaimHandle, parseClaimHandle } from './dedup/claim-handle.ts';
import type { RecordFate } from './dedup/dedup-report.ts';
import { DbtRunCacheError } from './errors.ts';
import { type RunOptions, resolveOptions } from './options.ts';
import type { RunNotice } from './result.ts';
import { handedOver } from './run/dedup/handed-over.ts';
import { finishStages } from './run/finish-stages.ts';

/** How the job ended that was to run dbt, in GitHub's words. */
const JOB_RESULTS = ['success', 'failure', 'cancelled', 'skipped'] as const;
export type JobResult = (typeof JOB_RESULTS)[number];

/** Options of `runDbt()`, the same as `claimRun()` had, and what has come since. */
export interface FinishOptions extends Omit<RunOptions, 'reject'> {
  /** Of `claimRun()`, as it was or as JSON. It came through other hands, and is checked. */
  readonly claim: ClaimHandle | string;
  /** `success` is believed only where the report in the target folder says the same. */
  readonly result: JobResult;
}

/** What became of a run in three parts. */
export interface FinishedRun {
  /**
   * `built`: the report proves that dbt did the run and nothing failed. `failed`: the job or the report says otherwise.
   * `unproven`: the job ended well, and no report and results of this run are there; or it was claimed in another attempt
   * of the same workflow run, as "Re-run failed jobs" makes it.
   */
  readonly outcome: 'built' | 'failed' | 'unproven';
  /** Why it is not `built`, as a sentence. */
  readonly why?: string;
  /** dbt's subcommand as words, where it could be told. */
  readonly command: string;
  /** The store's kind. */
  readonly store: string;
  /** Names the key in the ledger, hex; absent where the run is outside of it. */
  readonly keyDigest?: string;
  /** What became of the record. */
  readonly record: RecordFate;
  readonly notices: readonly RunNotice[];
}

/**
 * The last part of a run in three: leaves the record of a run that `claimRun()` claimed and that was executed since, or
 * frees its key. It starts neither dbt nor any other program that the project could bring.
 *
 * The folder is to hold the project as `claimRun()` found it, and the target folder what the run left there, its report
 * included. What lies there is not trusted, and can be the record of no other key than the claim's own.
 *
 * What the ledger cannot do is told in `record` and `notices`, and changes no outcome.
 * @throws DbtRunCacheError `invalid-options`, for a claim that is none as well; and what planning a run throws, once the
 *   key is free, for a run whose job ended well.
 */
export async function finishRun(args: readonly string[], options: FinishOptions): Promise<FinishedRun> {
  const { claim, result, ...others } = options;
  const { args: validArgs, options: resolved } = resolveOptions(args, others);
  const settings = handedOver(resolved, 'finishRun()');
  if (!JOB_RESULTS.includes(result)) {
    throw new DbtRunCacheError(`options.result: ${JSON.stringify(result)} is no result of a job`, {
      code: 'invalid-options',
      hint: `Give one of ${JOB_RESULTS.join(', ')}.`,
    });
  }
  const handle = parseClaimHandle(typeof claim === 'string' ? claim : JSON.stringify(claim));
  if (handle === undefined) {
    throw new DbtRunCacheError('options.claim is no claim of this version of dbt-runcache', {
      code: 'invalid-options',
      hint: 'Give what claimRun() answered, unchanged, and use the same version for both.',
    });
  }
  return finishStages(validArgs, resolved, settings, { handle, result });
}
