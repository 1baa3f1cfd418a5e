import type { NodeContext, Verdict } from './decide-node.ts';
import type { Evidence } from './decision.ts';
import { type NodeInput, verdictOf } from './node-results.ts';

/**
 * What each source said about a node, most trusted first. A source that says otherwise than what was concluded is
 * kept and marked, so that a reader can see the disagreement.
 */
export function gatherEvidence(
  input: NodeInput,
  verdict: Verdict,
  context: NodeContext,
): readonly Evidence[] {
  const said: Evidence[] = [];
  const say = (source: Evidence['source'], says: string, conflicts = false): void => {
    said.push(conflicts ? { source, says, conflicts: true } : { source, says });
  };
  const { result, facts } = input;
  const byState = verdict.action === 'reused' || verdict.action === 'cloned';

  if (result?.source === 'run-results') {
    say('run-results', `status ${result.status}${oneLine(result.message)}`, otherAction(input, verdict));
    if (result.adapterMessage !== undefined) say('adapter-response', result.adapterMessage);
  }
  if (facts?.finished !== undefined) {
    const { status, message, adapterMessage } = facts.finished;
    // A reused test may keep its status in the one and be `reused` in the other.
    const agree = result?.status === status || (byState && status === 'reused');
    const differs = result?.source === 'run-results' && !agree;
    say('event', `finished with status ${status}${oneLine(message)}`, differs);
    if (result?.source === 'event' && adapterMessage !== undefined) say('adapter-response', adapterMessage);
  } else if (facts !== undefined && result === undefined) {
    say('event', facts.started ? 'started, and no end was seen' : 'selected, and no start was seen');
  }
  if (facts?.finished?.upstream !== undefined) say('event', `skipped because of ${facts.finished.upstream}`);
  if (facts?.finished?.cacheReason !== undefined)
    say('event', `dbt gave the reason ${facts.finished.cacheReason}`, !byState);
  if (facts?.finished?.decisionId !== undefined)
    say('event', `the service made the decision ${facts.finished.decisionId}`);
  if (facts?.answer !== undefined) {
    say('event', `the service answered ${facts.answer}`, contradicts(facts.answer, verdict));
  }
  if (facts?.explained !== undefined) say('event', facts.explained);
  if (facts?.cloneFailed !== undefined) say('event', `clone failed: ${oneLine(facts.cloneFailed).slice(2)}`);
  if (facts?.stateError !== undefined) say('event', facts.stateError.split('\n', 1)[0] ?? '');
  if (facts?.preClonedFrom !== undefined)
    say('event', `its table was first cloned from ${facts.preClonedFrom}`);

  const logged = context.logged.get(input.uniqueId);
  if (logged?.devClone !== undefined) {
    say('decision-log', `its table was first cloned from ${logged.devClone.source}`);
  }
  if (logged?.executionId !== undefined) {
    // A clone is confirmed like a build. A node that was skipped has nothing to confirm.
    const unexpected = verdict.action === 'reused' && logged.devClone === undefined;
    say('decision-log', 'an execution was confirmed', unexpected);
  } else if (logged !== undefined) {
    const decided = logged.decisionId !== undefined;
    say('decision-log', decided ? 'a decision, no confirmed execution' : 'no decision', byState && !decided);
  }
  const causeStatus =
    verdict.because === 'upstream-failed' ? context.skipCauses.get(verdict.detail ?? '') : undefined;
  if (causeStatus !== undefined) {
    say('event', `everything after ${verdict.detail} was to be skipped because of its status ${causeStatus}`);
  }
  if (verdict.because === 'upstream-failed' && verdict.detail !== undefined && input.node !== undefined) {
    say('manifest', `comes after ${verdict.detail}`);
  }
  return said;
}

/** Whether the message tells of another action of State's than the reason that outranks it. */
function otherAction(input: NodeInput, verdict: Verdict): boolean {
  if (input.result?.cacheReason === undefined) return false;
  const { cacheReason: _, ...result } = input.result;
  const byMessage = verdictOf({ ...input, result });
  return byMessage !== undefined && byMessage.basis === undefined && byMessage.action !== verdict.action;
}

function contradicts(answer: 'skip' | 'clone' | 'execute', verdict: Verdict): boolean {
  if (verdict.action === 'reused') return answer !== 'skip';
  if (verdict.action === 'cloned') return answer === 'execute';
  if (verdict.action === 'built' || verdict.action === 'tested') return answer === 'skip';
  return false;
}

function oneLine(message: string | undefined): string {
  const line = message?.trim().split('\n', 1)[0];
  return line === undefined || line === '' ? '' : `, ${line}`;
}
