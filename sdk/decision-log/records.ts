import type { NodeAction, NodeDecision, ReportedSavings, StateStatus } from '../decisions/decision.ts';
import type { EngineInfo, RunFailure, RunReport } from '../result.ts';
import { optional } from '../util/optional.ts';

/** The first line: which run this is, and what dbt State was in it. */
export interface DecisionLogRun {
  readonly type: 'run';
  /** Version of the lines. Readers refuse others; new fields and new reasons do not raise it. */
  readonly schemaVersion: 1;
  /** dbt's id of the run; absent when dbt did not get as far as to have one. */
  readonly invocationId?: string;
  /** dbt's subcommand as words. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly project?: string;
  readonly target?: string;
  readonly engine?: EngineInfo['kind'];
  readonly dbtVersion?: string;
  readonly stateVersion?: string;
  readonly adapterType?: string;
  readonly adapterVersion?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: StateStatus;
  /** True when the decisions are those of an identical, earlier run: nothing ran. */
  readonly replayed?: true;
}

/** One line a node, in the order of the report. */
export type DecisionLogDecision = { readonly type: 'decision' } & NodeDecision;

/** The last line. A file without it is not whole. */
export interface DecisionLogEnd {
  readonly type: 'end';
  readonly outcome: RunReport['outcome'];
  readonly failure?: Pick<RunFailure, 'code' | 'message'>;
  /** dbt's own; absent when a signal ended it or it never started. */
  readonly exitCode?: number;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  readonly wallMs: number;
  /** Nodes by what was done with them; actions that did not occur are left out. */
  readonly counts: Readonly<Partial<Record<NodeAction, number>>>;
  /** Nodes that make the run fail. */
  readonly failedNodes: number;
  readonly savings?: ReportedSavings;
}

/** A line of the decision log. */
export type DecisionLogRecord = DecisionLogRun | DecisionLogDecision | DecisionLogEnd;

/** The lines of a run's decision log, in order. */
export function* decisionLogRecords(report: RunReport): Generator<DecisionLogRecord, undefined> {
  yield runRecord(report);
  for (const decision of report.decisions) yield { type: 'decision', ...decision };
  yield {
    type: 'end',
    outcome: report.outcome,
    ...(report.failure && { failure: { code: report.failure.code, message: report.failure.message } }),
    ...optional('exitCode', report.exitCode),
    finishedAt: report.finishedAt,
    wallMs: report.wallMs,
    ...countDecisions(report.decisions),
    // What an earlier run saved is counted there.
    ...optional('savings', report.dedup?.kind === 'replayed' ? undefined : report.savings),
  };
  return undefined;
}

function runRecord(report: RunReport): DecisionLogRun {
  const { engine, project } = report;
  return {
    type: 'run',
    schemaVersion: 1,
    ...optional('invocationId', report.invocationId),
    command: report.command,
    startedAt: report.startedAt,
    ...optional('project', project?.name),
    ...optional('target', project?.targetName),
    ...optional('engine', engine?.kind),
    ...optional('dbtVersion', engine?.dbtVersion),
    ...optional('stateVersion', engine?.stateVersion),
    ...optional('adapterType', engine?.adapterType),
    ...optional('adapterVersion', engine?.adapterVersion),
    labels: report.labels,
    state: report.state,
    ...(report.dedup?.kind === 'replayed' ? { replayed: true as const } : {}),
  };
}

/** How many nodes there are of each action, and how many of them make the run fail. */
export function countDecisions(
  decisions: readonly NodeDecision[],
): Pick<DecisionLogEnd, 'counts' | 'failedNodes'> {
  const counts: Partial<Record<NodeAction, number>> = {};
  let failedNodes = 0;
  for (const { action, failed } of decisions) {
    counts[action] = (counts[action] ?? 0) + 1;
    if (failed) failedNodes += 1;
  }
  return { counts, failedNodes };
}
