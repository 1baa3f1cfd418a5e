import type { DecisionReason, NodeAction, NodeDecision } from './decisions/decision.ts';
import type { ClaimHandle } from './dedup/claim-handle.ts';
import type { DedupReport } from './dedup/dedup-report.ts';
import type { ErrorCode } from './errors.ts';
import type { RunResult } from './result.ts';

/** What happens during a run, in order. Every string is redacted. */
export type RunEvent = {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly labels: Readonly<Record<string, string>>;
} & (
  | {
      readonly kind: 'job-started';
      readonly command: string;
      readonly args: readonly string[];
      readonly projectDir?: string;
      readonly dbtVersion?: string;
      readonly adapterType?: string;
    }
  /**
   * The run is about to claim its key. Who has to end the claim of a run that was killed keeps this: see
   * `abandonClaim()`.
   */
  | { readonly kind: 'claiming'; readonly claim: ClaimHandle }
  /** dbt's process is there. On POSIX `pid` is also its process group. */
  | { readonly kind: 'dbt-started'; readonly pid: number }
  /** dbt has resolved the selection. */
  | { readonly kind: 'nodes-selected'; readonly count: number }
  | {
      readonly kind: 'node-started';
      readonly uniqueId: string;
      readonly name: string;
      readonly resourceType: string;
      /** 1-based position and number of nodes, as dbt counts them. */
      readonly index?: number;
      readonly total?: number;
    }
  /**
   * dbt has ended a node. `action`, `because` and `detail` are provisional: they hold what dbt's events have told so
   * far, and what only the finished run can tell is missing. The final word is `node-decided`.
   */
  | {
      readonly kind: 'node-finished';
      readonly uniqueId: string;
      readonly name: string;
      readonly resourceType: string;
      /** table, view, incremental, … */
      readonly materialized?: string;
      /** As dbt wrote it. */
      readonly status: string;
      readonly message?: string;
      readonly executionMs?: number;
      readonly action: NodeAction;
      readonly because: DecisionReason;
      /** The service's explanation, the failed upstream's unique id, … */
      readonly detail?: string;
      /** `reported`: dbt or State said so. `inferred`: concluded from what they left out. */
      readonly basis: 'reported' | 'inferred';
      /** Whether this node makes the run fail. */
      readonly failed: boolean;
      /** Rows a failing or warning test returned. */
      readonly failures?: number;
    }
  /** A warning, error or State message of dbt's log. */
  | {
      readonly kind: 'dbt-message';
      readonly level: 'info' | 'warn' | 'error';
      readonly name: string;
      readonly message: string;
      readonly uniqueId?: string;
    }
  /** A signal is being sent to dbt. */
  | {
      readonly kind: 'stopping';
      readonly cause: 'cancelled' | 'timed-out' | 'signal';
      readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
    }
  /** The final decision on a node: one event for each, just before `job-finished`. */
  | { readonly kind: 'node-decided'; readonly decision: NodeDecision }
  /** What the ledger did: once for a run with one, just before `job-finished`. */
  | { readonly kind: 'dedup'; readonly result: DedupReport }
  /** The last event of a run that dbt did or had begun when it was stopped, that was replayed, or skipped. */
  | {
      readonly kind: 'job-finished';
      readonly outcome: RunResult['outcome'];
      /** Why it is no success. */
      readonly code?: ErrorCode;
      readonly exitCode?: number;
      readonly wallMs: number;
      /** Nodes by what was done with them now; actions that did not occur are left out. Empty for a replay: nothing was. */
      readonly counts: Readonly<Partial<Record<NodeAction, number>>>;
      /** Nodes that make the run fail; of a replay those of the run whose result it is. */
      readonly failedNodes: number;
      /** Node time dbt State says it saved. */
      readonly savedNodeMs?: number;
    }
  /** The last event of a run that could not be done: dbt was not started, or ended without doing it. */
  | {
      readonly kind: 'job-error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
    }
);

export type RunEventKind = RunEvent['kind'];
