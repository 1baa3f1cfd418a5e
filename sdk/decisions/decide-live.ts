import type { DecideInput } from './decide.ts';
import { decideNode, type NodeContext } from './decide-node.ts';
import type { NodeDecision, StateStatus } from './decision.ts';
import { plain } from './json-access.ts';
import { finishedNode, ranUnderState, saysState } from './node-results.ts';
import type { Observations } from './observed.ts';
import { stateStatus } from './state-status.ts';
import { BLOCKING } from './upstream.ts';

/** What is known of the run before dbt starts. */
export type LiveInput = Pick<
  DecideInput,
  'command' | 'engine' | 'pluginInstalled' | 'stateSwitchedOffBy' | 'stateWanted' | 'redact'
>;

/** Decides a node that has just finished, from what the events have told until now. */
export type DecideLive = (uniqueId: string, observations: Observations) => NodeDecision | undefined;

/**
 * Decisions while dbt runs. They are provisional: the artifacts, State's log and what dbt says later may know better.
 * Undefined for a node that has not finished, such as a microbatch model between two batches.
 */
export function createLiveDecisions(input: LiveInput): DecideLive {
  let resultsByState = 0;
  let eligibleRan = false;
  let firstFailure: string | undefined;
  let oneFailed = false;
  return (uniqueId, observations) => {
    const node = finishedNode(uniqueId, observations);
    if (node === undefined) return undefined;
    const isEnabled = observations.state.announced === 'enabled';
    if (saysState(node, isEnabled)) resultsByState += 1;
    eligibleRan ||= ranUnderState(node);
    const status = stateStatus({
      ...input,
      observations,
      eventsAvailable: true,
      resultsByState,
      eligibleRan,
    });
    const decided = decideNode(node, contextOf(input, provisional(status, observations), observations));
    if (decided.because === 'skipped-by-dbt' && firstFailure !== undefined) {
      // Where several nodes have failed, only the manifest can tell after which of them this one comes.
      const { detail: _, ...rest } = decided;
      const cause = oneFailed ? { detail: firstFailure } : {};
      return { ...rest, because: 'upstream-failed', basis: 'inferred', ...cause };
    }
    if (BLOCKING.has(decided.status ?? '')) {
      oneFailed = firstFailure === undefined;
      firstFailure ??= uniqueId;
    }
    return decided;
  };
}

function contextOf(input: LiveInput, state: StateStatus, { skipCauses }: Observations): NodeContext {
  return {
    command: input.command,
    stoppedAt: undefined,
    state,
    manifest: undefined,
    eventsAvailable: true,
    hasDecisionLog: false,
    failFast: false,
    logged: new Map(),
    upstreamOf: () => undefined,
    skipCauses,
    failedHook: undefined,
    redact: (text) => input.redact(plain(text)),
  };
}

/** State that has answered nothing yet, and has not been given up, may still turn out to be active. */
function provisional(status: StateStatus, { state }: Observations): StateStatus {
  const givenUp = state.announced !== 'enabled' || state.troubles.some((trouble) => trouble.off);
  if (status.kind !== 'inactive' || givenUp) return status;
  return { kind: 'active', proof: 'announced', troubles: [] };
}
