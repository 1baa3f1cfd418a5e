import type { FailedRun } from './result.ts';

/**
 * Every way a call can fail, as a closed list. Codes are stable: programs may switch on them.
 *
 * Before dbt starts: `invalid-options`, `config-not-found`, `config-invalid`, `state-setting-invalid`, `project-not-found`, `project-invalid`, `profile-not-found`,
 * `profile-invalid`, `target-not-found`, `dbt-not-found`, `dbt-not-usable`, `install-failed`, `target-path-busy`.
 * Before dbt starts, for a run with a ledger: `dedup-unavailable`, `dedup-in-flight`, `dedup-mismatch`.
 * Before dbt starts, for a run that compares itself with a kept state: `state-missing`.
 * While dbt runs: `dbt-failed` (dbt could not do the run), `nodes-failed` (the run was done, some nodes failed),
 * `cancelled`, `timed-out`, `dbt-crashed` (ended by a signal nobody here sent), `run-cache-required` (dbt State was
 * required and not active; dbt itself had nothing to complain of).
 * Reading files: `artifact-*`. Writing ours: `report-unwritable`. Bringing back an earlier run's: `replay-unwritable`.
 * Looking at the ledger: `ledger-key-not-found`, `ledger-key-ambiguous`. A defect of ours: `internal`.
 */
export const ERROR_CODES = [
  'invalid-options',
  'config-not-found',
  'config-invalid',
  'state-setting-invalid',
  'project-not-found',
  'project-invalid',
  'profile-not-found',
  'profile-invalid',
  'target-not-found',
  'dbt-not-found',
  'dbt-not-usable',
  'target-path-busy',
  'install-failed',
  'dedup-unavailable',
  'dedup-in-flight',
  'dedup-mismatch',
  'state-missing',
  'dbt-failed',
  'nodes-failed',
  'cancelled',
  'timed-out',
  'dbt-crashed',
  'run-cache-required',
  'artifact-missing',
  'artifact-unreadable',
  'artifact-empty',
  'artifact-truncated',
  'artifact-not-json',
  'artifact-too-large',
  'artifact-invalid',
  'artifact-unsupported-version',
  'artifact-other-invocation',
  'report-unwritable',
  'report-missing',
  'replay-unwritable',
  'ledger-key-not-found',
  'ledger-key-ambiguous',
  'internal',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What to do about it, as one sentence in the imperative. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** The run that failed, when dbt had been started: the same value `{ reject: false }` resolves to. */
  readonly result?: FailedRun | undefined;
}

/** The only error this package throws on purpose. */
export class DbtRunCacheError extends Error {
  override readonly name = 'DbtRunCacheError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly result: FailedRun | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.hint = details.hint;
    this.result = details.result;
  }

  /** Any thrown value as a {@link DbtRunCacheError}; one that already is comes back as it is. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): DbtRunCacheError {
    return asOurs(thrown, code);
  }
}

/** Not in the class: one that speaks of itself gets another name from the bundler, and stack traces show it. */
function asOurs(thrown: unknown, code: ErrorCode): DbtRunCacheError {
  if (thrown instanceof DbtRunCacheError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DbtRunCacheError(message, { code, cause: thrown });
}
