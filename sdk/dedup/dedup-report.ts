import type { KeyDifference } from './key.ts';
import type { StoreGuarantees } from './store.ts';

/** An earlier run, as the ledger tells it: for people. */
export interface EarlierRun {
  /** ISO 8601, by that run's own clock. */
  readonly startedAt: string;
  /** Absent while it runs. */
  readonly finishedAt?: string;
  readonly wallMs?: number;
  readonly result?: 'succeeded' | 'failed';
  readonly host: string;
  readonly pid: number;
  /** Where a person can look at it. */
  readonly url?: string;
  /** dbt's subcommand as words. */
  readonly command: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Id of the workflow run it was a job of, in GitHub Actions. */
  readonly workflowRunId?: string;
}

/** The recorded run whose inputs are most like this one's. */
export interface NearestRun {
  readonly run: EarlierRun;
  /** What differs, at most 20. */
  readonly differences: readonly KeyDifference[];
  /** How many differ in all. */
  readonly count: number;
}

/** Why a run with a ledger was executed all the same. */
export type ExecutedBecause =
  /** No key could be made of its inputs: which are not known, and why. */
  | { readonly kind: 'no-key'; readonly unknown: readonly { readonly part: string; readonly why: string }[] }
  /** A command that has no key of its own, e.g. `retry`, or `show`, whose output is what people want of it. */
  | { readonly kind: 'not-repeatable'; readonly why: string }
  | { readonly kind: 'no-record'; readonly nearest?: NearestRun }
  /** Identical to the run it is a part of. */
  | { readonly kind: 'nested' }
  /** An identical run is recorded, and another run has written to its target since. */
  | { readonly kind: 'target-changed'; readonly run: EarlierRun }
  /** An identical run is recorded, and what it left may be gone. */
  | { readonly kind: 'distrusted'; readonly run: EarlierRun; readonly why: string }
  /** An identical run is recorded, and its files could not be brought back. */
  | { readonly kind: 'unusable'; readonly run: EarlierRun; readonly why: string }
  | { readonly kind: 'failed-before'; readonly run: EarlierRun }
  /** The given key was used with other inputs, and `on-mismatch` is `run`. */
  | {
      readonly kind: 'other-inputs';
      readonly run: EarlierRun;
      readonly differences: readonly KeyDifference[];
    }
  | { readonly kind: 'in-flight'; readonly run?: EarlierRun }
  /** `unusable`: it cannot be had here at all, so nobody was asked. */
  | { readonly kind: 'unavailable'; readonly why: string; readonly unusable?: true }
  /**
   * The ledger has no result to take, and this run may read it and not write, e.g. that of a fork: `why`. `instead`: why
   * there is none to take, where more than that is known.
   */
  | { readonly kind: 'read-only'; readonly why: string; readonly instead?: ExecutedBecause }
  /** Why could not be asked of the ledger in time. */
  | { readonly kind: 'unknown' };

/**
 * What became of the record of an executed run.
 *
 * - `kept`: an identical run can take its result.
 * - `none`: there is nothing to keep: it failed, was stopped, or is outside of the ledger.
 * - `lost`: its key was no longer its own: another run had taken it over, or it was freed by hand. Nothing was changed.
 * - `unknown`: the store did not say.
 * - `inputs-changed`: what its key is made of changed while it ran, so it stands for no key.
 * - `target-changed`: another run wrote to the target while this one, which only reads, was at it.
 */
export type RecordFate = 'kept' | 'none' | 'lost' | 'unknown' | 'inputs-changed' | 'target-changed';

/** What the ledger did for a run. */
export type DedupReport = {
  /** The store's kind, e.g. `file`. */
  readonly store: string;
  /** Who sees the ledger: see `StoreGuarantees`. */
  readonly scope?: StoreGuarantees['scope'];
  /** Absent where there was none. `digest` names it in the ledger; `text` is a given key, as given. */
  readonly key?: { readonly kind: 'given' | 'derived'; readonly digest: string; readonly text?: string };
  /** Milliseconds spent waiting for an identical run; absent where there was no waiting. */
  readonly waitedMs?: number;
} & (
  | {
      readonly kind: 'executed';
      readonly because: ExecutedBecause;
      readonly record: RecordFate;
      /** The owner before had fallen silent. */
      readonly adopted?: true;
    }
  | {
      /** The result is that of an earlier run; dbt was not started. */
      readonly kind: 'replayed';
      readonly run: EarlierRun;
      /** Names of the files brought back, relative to the target folder. */
      readonly restored: readonly string[];
      /** Files of that run that were too large to be kept. */
      readonly omitted: readonly { readonly path: string; readonly bytes: number }[];
    }
  | { readonly kind: 'skipped-in-flight'; readonly run?: EarlierRun }
);

/** What a run had asked its ledger when it failed without an answer, e.g. with `dedup-in-flight`. */
export type AskedLedger = Pick<DedupReport, 'store' | 'scope' | 'key' | 'waitedMs'> & {
  /** The run that was met: it is at it, or it used the key before. */
  readonly run?: EarlierRun;
};

/** What the ledger says of a run that has to be executed. */
export type ClaimReport = Omit<Extract<DedupReport, { kind: 'executed' }>, 'kind' | 'record'>;
