import type { DedupStore } from './store.ts';

/**
 * How a run is kept from running twice. Identical runs share one result: the first executes, the others take it.
 * Durations are milliseconds.
 */
export interface DedupOptions {
  /**
   * Where the ledger lives: a store, e.g. `redisStore()`, which stays open; or an address, opened and closed by the
   * run: `file:<folder>`, `redis://…`, `s3://<bucket>/<prefix>`, `gs://<bucket>/<prefix>`, `actions-cache:`, `git-ref:` (see
   * `openStore()`).
   */
  readonly store: DedupStore | string;
  /**
   * Names this run, at most 512 characters, no secrets: runs of one key are one run. Default: derived from every input
   * of the run. Refused together with `retry`.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * What the data in the warehouse is, for a derived key: a version of your own, the freshness that dbt reports for
   * every source (`sources`, starts dbt), or that it does not matter (`ignore`). Without it no key is derived.
   */
  readonly data?: { readonly version: string } | 'sources' | 'ignore' | undefined;
  /** Names of environment variables that change what dbt does; `*` stands for any characters. Added to those of `env_var()`. */
  readonly keyEnv?: readonly string[] | undefined;
  /**
   * Files and folders that dbt does not read, on your word: relative to the project's folder, or absolute. What is in
   * them makes no run look different. No patterns. The list itself is a part of the key.
   */
  readonly keyIgnore?: readonly string[] | undefined;
  /** Absolute paths of files that the caller writes itself, e.g. a report of the run: no inputs, and no part of the key. */
  readonly ownFiles?: readonly string[] | undefined;
  /**
   * Whether what a run leaves in the warehouse certainly is there later, and only runs of this ledger write it. Default
   * false: a warehouse on this machine is then trusted only where it is a file that is as that run left it.
   */
  readonly durableTarget?: boolean | undefined;
  /** What may be replayed. `success` (default): a failed run frees its key. `any`: a failed one is replayed as failed. */
  readonly dedupOn?: 'success' | 'any' | undefined;
  /**
   * What to do while an identical run is in flight. `wait` (default): for its result. `skip`: end at once as a success
   * without one, unsafe for a required check. `fail`: with `dedup-in-flight`. `run`: run anyway.
   */
  readonly onInFlight?: 'wait' | 'skip' | 'fail' | 'run' | undefined;
  /** Longest wait for a run in flight; then `dedup-in-flight`. Default 1 hour. */
  readonly inFlightWait?: number | undefined;
  /** What to do when the store does not answer. `run` (default): without a ledger, with a warning. `fail`: `dedup-unavailable`. */
  readonly onUnavailable?: 'run' | 'fail' | undefined;
  /** What to do when a given key was used with other inputs. `fail` (default): `dedup-mismatch`. `run`: take the key over. */
  readonly onMismatch?: 'fail' | 'run' | undefined;
  /** How long a record is kept. Default 30 days. */
  readonly retention?: number | undefined;
  /** How long an owner may be silent before another takes over, at least 1 second. Default 2 minutes; 24 hours where the store cannot renew. */
  readonly lease?: number | undefined;
  /** Between two signs of life; shorter than the lease. Default a quarter of the lease, which is 30 seconds. */
  readonly heartbeat?: number | undefined;
  /** Whether compiled SQL is kept and brought back as well. Default false. */
  readonly restoreCompiled?: boolean | undefined;
  /**
   * Asks GitHub, in a job of GitHub Actions, whether the job that holds a claim is over (`actions: read`), and keeps a
   * `git-ref:` ledger (`contents: write`). Default: `GITHUB_TOKEN`, else `GH_TOKEN`, of `env`. Never shown.
   */
  readonly githubToken?: string | undefined;
  /** Where a person can look at this run. Default: the workflow run, in GitHub Actions. */
  readonly runUrl?: string | undefined;
}
