import type { Catalog, Manifest, RunResults, SourcesArtifact } from './artifacts/types.ts';
import type { NodeDecision, ReportedSavings, StateStatus } from './decisions/decision.ts';
import type { AskedLedger, DedupReport } from './dedup/dedup-report.ts';
import type { Diagnosis } from './diagnose/diagnosis.ts';
import type { ErrorCode } from './errors.ts';
import type { ManagedStateReport } from './managed-state/state-report.ts';
import type { ConfigOrigin, RunCacheMode } from './options.ts';
import type { ParseCacheReport } from './parse-cache/parse-cache-report.ts';
import type { EngineKind } from './plan/engine-kind.ts';
import type { StateSetting } from './plan/state/setting.ts';

/** Something a reader of the report should know that is not about one node. */
export interface RunNotice {
  /** `warning` and `deprecation` come from dbt; `problem` is ours: something the report could not learn or do. */
  readonly kind: 'warning' | 'deprecation' | 'problem';
  /** dbt's event name, or one of our error codes. */
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  /** How often it was said. */
  readonly count: number;
  readonly uniqueId?: string;
}

export interface EngineInfo {
  readonly kind: EngineKind;
  /** How dbt was started, e.g. `['/venv/bin/dbt']` or `['uv', 'run', 'dbt']`. */
  readonly commandPrefix: readonly string[];
  readonly dbtVersion?: string;
  readonly adapterType?: string;
  readonly adapterVersion?: string;
  readonly pythonVersion?: string;
  readonly stateVersion?: string;
}

export interface ProjectInfo {
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  /** Absolute: the folder dbt writes its artifacts to. */
  readonly targetPath: string;
  readonly profileName?: string;
  readonly targetName?: string;
}

/** Why the run is not a success. */
export interface RunFailure {
  /** `nodes-failed` when the run was done; any other code when it was not, or dbt was never started. */
  readonly code: ErrorCode;
  /** One sentence, redacted. */
  readonly message: string;
  readonly hint?: string;
  /** The last lines dbt printed, redacted and without ANSI, when dbt could not do the run. */
  readonly outputTail?: string;
}

/**
 * A run as plain data: what the report file holds, and all that `explain()` needs.
 * Times are ISO 8601 in UTC, durations milliseconds.
 */
export interface RunReport {
  /** Version of this shape. Readers refuse others. */
  readonly schemaVersion: 1;
  /**
   * `executed`: dbt ran. `replayed`: an identical run had finished, and this is its result. `skipped-in-flight`: an
   * identical run is at it, and this one has no result. `failed`: the run is no success, replayed failures included.
   */
  readonly outcome: 'executed' | 'replayed' | 'skipped-in-flight' | 'failed';
  readonly failure?: RunFailure;
  /** dbt's subcommand as words, e.g. `build`, `docs generate`. */
  readonly command: string;
  /** What was given to dbt, secrets redacted. */
  readonly args: readonly string[];
  /** dbt's own exit code; absent when a signal ended it or it never started. */
  readonly exitCode?: number;
  readonly signal?: string;
  readonly invocationId?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly wallMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** What came from a configuration file or `DBT_RUNCACHE_*` variables, for a run that was told. */
  readonly config?: ConfigOrigin;
  /** Absent when the run ended before dbt was found. */
  readonly engine?: EngineInfo;
  /** Absent when there is no project, or none was found. */
  readonly project?: ProjectInfo;
  /**
   * Names the warehouse target that dbt was given: SHA-256, hex, of where the profile leads, without credentials. Absent
   * where dbt did not run, and where only dbt can tell.
   */
  readonly targetDigest?: string;
  readonly threads?: number;
  /** What decided about dbt State: the user's settings, or this run's option. Absent in reports of older versions. */
  readonly runCache?: RunCacheMode;
  /** Whether the run was to fail when State is not active. */
  readonly requireRunCache?: true;
  /** Every setting of dbt State that was found, with its source. Secrets as `set`. */
  readonly stateSettings?: readonly StateSetting[];
  readonly state: StateStatus;
  /** The operator's checklist as far as this run could tell. */
  readonly diagnosis?: Diagnosis;
  readonly savings?: ReportedSavings;
  /** What the ledger did; absent for a run without one. */
  readonly dedup?: DedupReport;
  /** What it had asked its ledger, for a run that failed before that gave an answer; never beside `dedup`. */
  readonly ledger?: AskedLedger;
  /** What it compared itself with, why nodes were selected, and what it left; absent for a run without managed state. */
  readonly managedState?: ManagedStateReport;
  /** What became of the parse cache; absent where none was asked for. */
  readonly parseCache?: ParseCacheReport;
  readonly decisions: readonly NodeDecision[];
  /** Nodes that were selected, as far as known: equals `decisions.length` unless some could not be named. */
  readonly selectedCount?: number;
  readonly notices: readonly RunNotice[];
  /** Absolute paths of the artifacts this run wrote and that could be read. */
  readonly artifactPaths: {
    readonly runResults?: string;
    readonly manifest?: string;
    readonly sources?: string;
    readonly catalog?: string;
    readonly decisionLog?: string;
  };
}

/** The parsed artifacts of this run; one that another run wrote is never here. */
export interface RunArtifacts {
  readonly runResults?: RunResults;
  readonly manifest?: Manifest;
  readonly sources?: SourcesArtifact;
  readonly catalog?: Catalog;
}

export interface ExecutedRun extends RunReport {
  readonly outcome: 'executed';
  readonly exitCode: 0;
  readonly artifacts: RunArtifacts;
  /** Where the report file was written; absent when it could not be (see `notices`) or was not asked for. */
  readonly reportPath?: string;
  /** Where this run's decision log was written (JSON lines); absent as `reportPath`. */
  readonly decisionsPath?: string;
}

/** The result of an identical run that had finished before. */
export interface ReplayedRun extends RunReport {
  readonly outcome: 'replayed';
  readonly exitCode: 0;
  /** As that run left them, brought back to the target folder. Each is parsed when it is first looked at. */
  readonly artifacts: RunArtifacts;
  /** As of {@link ExecutedRun}. */
  readonly reportPath?: string;
  /** As of {@link ExecutedRun}. */
  readonly decisionsPath?: string;
}

/** An identical run was in flight and `onInFlight` is `skip`: nothing was run, and there is no result. */
export interface SkippedRun extends RunReport {
  readonly outcome: 'skipped-in-flight';
  readonly exitCode?: never;
  readonly artifacts: RunArtifacts;
  /** Never there: the report in the target folder stays that of the last run. */
  readonly reportPath?: string;
  /** As `reportPath`. */
  readonly decisionsPath?: string;
}

export interface FailedRun extends RunReport {
  readonly outcome: 'failed';
  readonly failure: RunFailure;
  readonly artifacts: RunArtifacts;
  /** As of {@link ExecutedRun}. */
  readonly reportPath?: string;
  /** As of {@link ExecutedRun}. */
  readonly decisionsPath?: string;
}

/** What `runDbt(args, { reject: false })` resolves to. */
export type RunResult = ExecutedRun | ReplayedRun | SkippedRun | FailedRun;
/** What `runDbt(args)` resolves to. */
export type SuccessfulRun = Exclude<RunResult, FailedRun>;
