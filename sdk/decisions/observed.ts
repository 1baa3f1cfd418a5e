import type { SelectedNode } from '../runtimes/dbt-event.ts';
import type { ReportedSavings, StateProblem } from './decision.ts';
import type { RunMessages } from './run-messages.ts';
import type { StateAnnouncement, StateAnswer } from './state-facts.ts';

/** A node's end as dbt's NodeFinished event told it. */
export interface FinishedFacts {
  readonly status: string;
  /** ISO 8601, by the clock of dbt's machine. */
  readonly at: string;
  readonly message?: string;
  /** `adapter_response._message`. */
  readonly adapterMessage?: string;
  /** True when the adapter's response held nothing but, perhaps, `_message`. */
  readonly adapterBare: boolean;
  readonly rowsAffected?: number;
  readonly executionMs?: number;
  /** dbt writes 0 here where run_results says null. */
  readonly failures?: number;
  /** Why dbt v2 reused it, in its own words: `NODE_CACHE_REASON_…`. */
  readonly cacheReason?: string;
  /** The id of the service's decision, where the event carries it. */
  readonly decisionId?: string;
  /** The node after which dbt v2 skipped this one. */
  readonly upstream?: string;
}

/** All that is kept of one node's events. */
export interface NodeFacts {
  readonly uniqueId: string;
  readonly name: string;
  readonly resourceType: string;
  readonly materialized?: string;
  readonly relationName?: string;
  readonly started: boolean;
  readonly finished?: FinishedFacts;
  /** What the State service answered for this node. */
  readonly answer?: StateAnswer;
  /** The service's explanation of its answer. */
  readonly explained?: string;
  /** The plugin reported this execution to the service. */
  readonly confirmed: boolean;
  /** Why a clone the service offered was given up. */
  readonly cloneFailed?: string;
  /** The relation this node's table was copied from before the node itself ran. */
  readonly preClonedFrom?: string;
  /** The first thing that went wrong between State and this node. */
  readonly stateError?: string;
  /** The first exception dbt logged for it: a failed batch says no more than `ERROR` in the results. */
  readonly exception?: string;
}

/** Troubles of State that are alike, as one. */
export interface TroubleFacts {
  readonly problem: StateProblem;
  readonly said: string;
  readonly off: boolean;
  readonly count: number;
  /** Unique ids where known, names otherwise; at most 100. */
  readonly nodes: readonly string[];
}

/**
 * Whether dbt took what it had parsed before. `off`: it was told not to look for it. `full`: it parsed everything, since there
 * was nothing or since it could not use what there was.
 */
export type ParsingFacts =
  | { readonly kind: 'partial' | 'off' }
  | { readonly kind: 'full'; readonly why: string };

/** What a run's events told. Its size depends on the number of nodes, not of events. */
export interface Observations {
  readonly eventCount: number;
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  /** How many of them have started, and how many have finished. */
  readonly startedCount: number;
  readonly finishedCount: number;
  /** The nodes dbt selected; absent until dbt has resolved the selection. */
  readonly selected?: readonly SelectedNode[];
  /** How many nodes dbt counts, where it does not name them. */
  readonly selectedCount?: number;
  readonly dbtVersion?: string;
  readonly adapterType?: string;
  readonly adapterVersion?: string;
  readonly threads?: number;
  readonly state: {
    readonly announced?: StateAnnouncement;
    readonly version?: string;
    /** Answers of the service: one is proof that State was active. */
    readonly answers: number;
    readonly firstAnswer?: string;
    /** How many nodes the service last answered `skip` or `clone` for. */
    readonly sparedCount: number;
    readonly troubles: readonly TroubleFacts[];
    /** Why a login failed, as the plugin told its debug log alone. */
    readonly loginFailed?: string;
    /** The address of the service that has accepted this client, as dbt v2 tells it. */
    readonly readyAt?: string;
  };
  /** dbt's status of each failure it named as the reason to skip what comes after it, by unique id. */
  readonly skipCauses: ReadonlyMap<string, string>;
  readonly savings?: ReportedSavings;
  /** Absent until dbt has said so; dbt v2 does not. */
  readonly parsing?: ParsingFacts;
  /** Warnings, deprecations and the like that are not about one node's result. */
  readonly messages: RunMessages;
  /** What ended the run early, in dbt's words: at most 10. */
  readonly mainErrors: readonly string[];
  /** The error of `dbt run-operation`, which its result leaves out. */
  readonly operationError?: string;
  /** Absent until dbt has said that the command is over. */
  readonly completed?: { readonly success: boolean };
}
