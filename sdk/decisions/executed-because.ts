import type { NodeContext } from './decide-node.ts';
import type { DecisionReason } from './decision.ts';
import { given } from './json-access.ts';
import type { NodeInput } from './node-results.ts';

interface Because {
  readonly because: DecisionReason;
  readonly detail?: string;
  readonly basis?: 'inferred';
}

/** Why a node was executed rather than reused: what State said about it, or why State said nothing. */
export function executedBecause(input: NodeInput, context: NodeContext): Because {
  switch (context.state.kind) {
    case 'absent':
      return { because: 'state-absent' };
    case 'disabled':
      return { because: 'state-disabled', ...given('detail', context.state.by) };
    case 'inactive':
      if (context.state.trouble.problem !== 'never-asked') return { because: 'state-inactive' };
      return leftAlone(input) ?? { because: 'state-not-asked', basis: 'inferred' };
    case 'not-applicable':
      return { because: 'not-subject-to-state' };
    case 'unknown':
      return leftAlone(input) ?? { because: 'state-unknown' };
    case 'active':
      return leftAlone(input) ?? underActiveState(input, context);
    default:
      return context.state satisfies never;
  }
}

/** The plugin leaves unit tests and everything that makes no relation alone. */
function leftAlone({ resourceType }: NodeInput): Because | undefined {
  return resourceType === 'unit_test' ? { because: 'not-subject-to-state' } : undefined;
}

function underActiveState(input: NodeInput, context: NodeContext): Because {
  const { facts } = input;
  const logged = context.logged.get(input.uniqueId);
  if (facts?.cloneFailed !== undefined) return { because: 'clone-failed', detail: facts.cloneFailed };
  // A clone that was offered and not made, without a word why.
  if (facts?.answer === 'clone') return { because: 'clone-failed', basis: 'inferred' };
  if (facts?.answer === 'execute') return { because: 'state-decided', ...given('detail', facts.explained) };
  if (facts?.answer === 'skip') return { because: 'state-unknown' };
  if (facts?.stateError !== undefined) return { because: 'state-failed', detail: facts.stateError };
  // Only what the service told to execute is confirmed to it, apart from a copy made before the node ran.
  if (facts?.confirmed === true && facts.preClonedFrom === undefined) return { because: 'state-decided' };
  const decisionId = facts?.finished?.decisionId ?? logged?.decisionId;
  if (decisionId !== undefined) return { because: 'state-decided', basis: 'inferred' };
  // Without a decision id the log leaves open whether the service was not asked or did not answer.
  if (!context.eventsAvailable) return { because: 'state-unknown', basis: 'inferred' };
  return { because: 'state-not-asked', basis: 'inferred' };
}
