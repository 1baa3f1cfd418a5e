/**
 * What dbt did with a node.
 *
 * - `built`: a model, seed, snapshot or function was made in the warehouse.
 * - `tested`: a data test or unit test ran; `status` holds its result.
 * - `checked`: a source's freshness was measured.
 * - `compiled`: compiled only (`dbt compile`, `dbt docs generate`, `dbt show`).
 * - `ran`: an operation or hook ran.
 * - `reused`: dbt State kept what was there; for a test, its stored result.
 * - `cloned`: made by copying another relation (dbt State, or `dbt clone`).
 * - `no-op`: nothing to do by the node's nature.
 * - `failed`: tried, and ended in an error.
 * - `skipped`: not tried, since something before it failed.
 * - `interrupted`: the run was stopped before this node finished, or before it began.
 * - `unknown`: dbt reported a status this version does not know; `status` shows it as dbt wrote it.
 */
export type NodeAction =
  | 'built'
  | 'tested'
  | 'checked'
  | 'compiled'
  | 'ran'
  | 'reused'
  | 'cloned'
  | 'no-op'
  | 'failed'
  | 'skipped'
  | 'interrupted'
  | 'unknown';

/**
 * Why. A closed list; `explain/wording` has a sentence for each.
 *
 * Executed: `state-absent` (no plugin: dbt runs what is selected), `state-disabled` (switched off by the user),
 * `state-inactive` (wanted, not active), `state-decided` (the service said execute), `state-not-asked` (State was
 * active and this node was not submitted, e.g. a Postgres view), `state-failed` (the service failed for this node),
 * `clone-failed` (a clone was tried and fell back to a build), `not-subject-to-state` (nothing State decides about:
 * operations, freshness, compile), `state-unknown` (what State did could not be observed).
 * Reused: `no-changes`, `within-lag-tolerance`, `update-criteria-not-met` (not all upstreams have changed, and all were
 * to), `stored-test-result`, `model-reused` (a test that dbt v2 left out, since its model was reused).
 * Cloned: `clone-of-other-environment`, `clone-within-lag-tolerance`, `clone-command`.
 * The rest name themselves.
 */
export type DecisionReason =
  | 'state-absent'
  | 'state-disabled'
  | 'state-inactive'
  | 'state-decided'
  | 'state-not-asked'
  | 'state-failed'
  | 'state-unknown'
  | 'clone-failed'
  | 'not-subject-to-state'
  | 'no-changes'
  | 'within-lag-tolerance'
  | 'update-criteria-not-met'
  | 'stored-test-result'
  | 'model-reused'
  | 'clone-of-other-environment'
  | 'clone-within-lag-tolerance'
  | 'clone-command'
  | 'nothing-to-do'
  | 'error'
  | 'upstream-failed'
  | 'fail-fast'
  | 'skipped-by-dbt'
  | 'stopped-while-running'
  | 'stopped-before-start'
  | 'unknown-status';

/** Where a piece of evidence was read, most trusted first. */
export type EvidenceSource = 'run-results' | 'adapter-response' | 'event' | 'decision-log' | 'manifest';

export interface Evidence {
  readonly source: EvidenceSource;
  /** What that source said, near to its own words. */
  readonly says: string;
  /** True where this source contradicts the decision that was taken. */
  readonly conflicts?: true;
}

/** The place in the user's own files a reader should open. */
export interface SourceLocation {
  /** Relative to the project folder, forward slashes. */
  readonly path: string;
  /** 1-based; absent where it is not known. */
  readonly line?: number;
}

/** One node of the run: what happened, why, and how that is known. */
export interface NodeDecision {
  readonly uniqueId: string;
  /** The node's own name (for a test its full generated name). */
  readonly name: string;
  /** dbt's resource type: model, test, seed, snapshot, unit_test, source, operation, … */
  readonly resourceType: string;
  /** table, view, incremental, …; absent where the manifest does not tell. */
  readonly materialized?: string;
  readonly relationName?: string;
  readonly packageName?: string;
  /** The model a test is attached to, by unique id. */
  readonly attachedNode?: string;
  readonly action: NodeAction;
  readonly because: DecisionReason;
  /** Free text that belongs to the reason: the service's explanation, the failed upstream's unique id, … */
  readonly detail?: string;
  /** dbt's status, as dbt wrote it (`success`, `pass`, `warn`, `fail`, `error`, …); absent for interrupted nodes. */
  readonly status?: string;
  /** True when this node makes the run fail (error, failed test, runtime error). */
  readonly failed: boolean;
  /** dbt's message, without ANSI codes and redacted. */
  readonly message?: string;
  /** Rows a failing or warning test returned. */
  readonly failures?: number;
  /** Rows written, as the adapter reported; absent where it does not (or says -1). */
  readonly rowsAffected?: number;
  /** dbt's execution_time, in milliseconds. */
  readonly executionMs?: number;
  readonly location?: SourceLocation;
  /** 'reported': a source says so. 'inferred': concluded from what the sources leave out. */
  readonly basis: 'reported' | 'inferred';
  readonly evidence: readonly Evidence[];
  /** What the service says this node's reuse saved, in milliseconds, where it is reported a node. */
  readonly savedMs?: number;
}

/**
 * Why dbt State was not active although it was wanted, or did not work for some nodes. The same codes name the checks
 * of `diagnose()` that find them.
 */
export type StateProblem =
  | 'plugin-missing'
  | 'login-failed'
  | 'organization-refused'
  | 'version-check-failed'
  | 'no-credentials'
  | 'bad-credentials'
  | 'adapter-unsupported'
  | 'service-unreachable'
  | 'service-errors'
  | 'client-version-refused'
  | 'legacy-package'
  | 'commit-timestamps-off'
  | 'declined'
  | 'never-asked';

/**
 * dbt State in this run. `active` is claimed only on proof: a decision, or a decision id in the plugin's log.
 * "enabled" in dbt's log is no proof.
 */
export type StateStatus =
  | {
      readonly kind: 'active';
      readonly version?: string;
      readonly proof: string;
      readonly troubles: readonly StateTrouble[];
    }
  | { readonly kind: 'inactive'; readonly version?: string; readonly trouble: StateTrouble }
  | { readonly kind: 'disabled'; readonly version?: string; readonly by?: string }
  | { readonly kind: 'absent' }
  /** State had nothing to answer: the command never consults it (`parse`, `deps`, …), or else `why`, a sentence. */
  | {
      readonly kind: 'not-applicable';
      readonly version?: string;
      readonly why?: string;
      /** What it complained of all the same: it logs in for `compile` and `show` as well. Absent when of nothing. */
      readonly troubles?: readonly StateTrouble[];
    }
  /** Events could not be read, so nothing is claimed. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface StateTrouble {
  readonly problem: StateProblem;
  /** dbt's or the plugin's own words, redacted; absent where nobody said anything and it shows in the run itself. */
  readonly said?: string;
  /** What to do, as one sentence in the imperative. */
  readonly fix: string;
  /** Unique ids or names of the nodes concerned, when it is about nodes. */
  readonly nodes?: readonly string[];
  /** dbt itself ended because of it, before it came to any node. */
  readonly endedRun?: true;
}

/** What dbt State says it saved. Node time, not wall time: nodes run side by side. */
export interface ReportedSavings {
  readonly nodeMs: number;
  readonly nodes: number;
}
