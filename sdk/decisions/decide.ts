import type { Manifest, RunResults, SourcesArtifact } from '../artifacts/types.ts';
import type { EngineInfo, RunNotice } from '../result.ts';
import { decideNode, type NodeContext } from './decide-node.ts';
import type { NodeDecision, ReportedSavings, StateStatus, StateTrouble } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import { matchDecisionLog } from './decision-log.ts';
import { given, plain } from './json-access.ts';
import { collectNodes, endedByFailFast, ranUnderState, saysState } from './node-results.ts';
import type { Observations } from './observed.ts';
import { ownDecisionLog } from './own-decision-log.ts';
import { stateStatus } from './state-status.ts';
import { createUpstreamSearch } from './upstream.ts';

/** All that is known of a run when dbt has ended. */
export interface DecideInput {
  /** dbt's subcommand as words, e.g. `build`, `docs generate`, `source freshness`. */
  readonly command: string;
  /** Which dbt ran. Default `core`. */
  readonly engine?: EngineInfo['kind'] | undefined;
  /** The artifacts this run wrote; what it did not write, or another run did, is absent. */
  readonly runResults?: RunResults | undefined;
  readonly manifest?: Manifest | undefined;
  readonly sources?: SourcesArtifact | undefined;
  /** What the events told; of no events, `createObservations().current()`. */
  readonly observations: Observations;
  /** The one log of State's that was begun while dbt ran. Another run's is not used. */
  readonly decisionLog?: DecisionLog | undefined;
  /** `stopped` when a signal ended dbt, or we stopped it; `finished` for any exit of its own, whatever its code. */
  readonly ended: 'finished' | 'stopped';
  /** When we began to stop dbt: what fails from then on was interrupted. */
  readonly stoppedAt?: Date | undefined;
  /** Version of the State plugin beside dbt; null when there is none, undefined when that is not known. */
  readonly pluginInstalled?: string | null | undefined;
  /** The variable that switches State off for this run, if one does. */
  readonly stateSwitchedOffBy?: string | undefined;
  /** Whether the user has set anything for State: its absence is then a trouble, not a fact. */
  readonly stateWanted?: boolean | undefined;
  /** Whether the run's events could be read at all. */
  readonly eventsAvailable: boolean;
  /** Whether dbt ended with a failure; absent where that is not known. */
  readonly dbtFailed?: boolean | undefined;
  /** The last lines dbt printed. */
  readonly outputTail?: string | undefined;
  /** Hides secrets. Applied to every text of dbt's that goes into the answer. */
  readonly redact: (text: string) => string;
}

export interface Decided {
  /** In the order of run_results, then of the events, then of the selection. */
  readonly decisions: readonly NodeDecision[];
  readonly state: StateStatus;
  readonly savings?: ReportedSavings;
  readonly notices: readonly RunNotice[];
  /** Whether the decision log that was given is this run's own. */
  readonly ownsDecisionLog: boolean;
  /** How many nodes were selected, where known. */
  readonly selectedCount?: number;
}

/** What dbt did with each node and why, from everything the run left behind. Never fails. */
export function decide(input: DecideInput): Decided {
  const { observations, manifest } = input;
  const nodes = collectNodes(input);
  const enabled = observations.state.announced === 'enabled';
  // The events also tell of nodes that are none of the answer, such as ephemeral models.
  const decisionLog = ownDecisionLog(input, [...nodes, ...observations.nodes.values()]);
  const state = stateStatus({
    ...input,
    decisionLog,
    resultsByState: nodes.filter((node) => saysState(node, enabled)).length,
    eligibleRan: nodes.some(ranUnderState),
  });
  const statuses = new Map<string, string>();
  for (const node of nodes) if (node.result !== undefined) statuses.set(node.uniqueId, node.result.status);

  const context: NodeContext = {
    command: input.command,
    stoppedAt: input.stoppedAt,
    state,
    manifest,
    eventsAvailable: input.eventsAvailable,
    logged: decisionLog === undefined ? new Map() : matchDecisionLog(decisionLog, nodes),
    hasDecisionLog: decisionLog !== undefined,
    failFast: endedByFailFast(input),
    upstreamOf: manifest === undefined ? () => undefined : createUpstreamSearch(manifest, statuses),
    skipCauses: observations.skipCauses,
    failedHook: nodes.find(
      (node) => node.uniqueId.includes('-on-run-start-') && node.result?.status === 'error',
    )?.uniqueId,
    redact: (text) => input.redact(plain(text)),
  };
  const selectedCount = observations.selected?.length ?? observations.selectedCount;
  return {
    decisions: nodes.map((node) => decideNode(node, context)),
    state: redactedState(state, context.redact),
    notices: notices(observations, context.redact),
    ownsDecisionLog: decisionLog !== undefined,
    ...given('savings', observations.savings),
    ...given('selectedCount', selectedCount),
  };
}

function notices(observations: Observations, redact: (text: string) => string): readonly RunNotice[] {
  const told: RunNotice[] = observations.messages.list.map((message) => ({
    ...message,
    message: redact(message.message),
  }));
  const { leftOut } = observations.messages;
  if (leftOut > 0) {
    told.push({
      kind: 'problem',
      name: 'messages-left-out',
      message: 'dbt gave more different warnings than this report holds; its own log has them all.',
      count: leftOut,
    });
  }
  return told;
}

function redactedState(state: StateStatus, redact: (text: string) => string): StateStatus {
  const clean = (trouble: StateTrouble): StateTrouble => ({
    ...trouble,
    ...given('said', trouble.said === undefined ? undefined : redact(trouble.said)),
  });
  if (state.kind === 'inactive') return { ...state, trouble: clean(state.trouble) };
  if (state.kind === 'active') {
    return { ...state, proof: redact(state.proof), troubles: state.troubles.map(clean) };
  }
  if (state.kind === 'not-applicable' && state.troubles !== undefined)
    return { ...state, troubles: state.troubles.map(clean) };
  return state;
}
