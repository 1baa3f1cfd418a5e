import type { DecisionLog } from './decision-log.ts';
import type { Observations } from './observed.ts';

export interface ProofInput {
  readonly observations: Observations;
  /** The decision log where it is this run's own; see `ownDecisionLog`. */
  readonly decisionLog?: DecisionLog | undefined;
  /** How many results say themselves that State reused or cloned, e.g. with the message `NO-OP`. */
  readonly resultsByState?: number | undefined;
}

/** How it is known that the State service decided in this run; undefined where nothing proves it. */
export function proofOf({ observations, decisionLog, resultsByState = 0 }: ProofInput): string | undefined {
  const { answers, firstAnswer, readyAt } = observations.state;
  if (answers > 0) return `${counted(answers, 'answer')} of the service, first: ${firstAnswer}`;
  const decided = decisionLog?.entries.filter((entry) => entry.decisionId !== undefined).length ?? 0;
  if (decided > 0) return `${counted(decided, 'decision')} of the service in the plugin's decision log`;
  // The plugin prints what it saved only when it has reused something.
  if (observations.savings !== undefined)
    return `dbt State reported savings on ${counted(observations.savings.nodes, 'node')}`;
  if (resultsByState > 0) return `${counted(resultsByState, 'result')} only State writes`;
  return readyAt === undefined ? undefined : `the service at ${readyAt} accepted this dbt`;
}

/** Whether State spared dbt any work. */
export function sparedWork({ observations, resultsByState = 0 }: ProofInput): boolean {
  if (resultsByState > 0 || observations.savings !== undefined) return true;
  return observations.state.sparedCount > 0;
}

function counted(count: number, thing: string): string {
  return `${count} ${count === 1 ? thing : `${thing}s`}`;
}
