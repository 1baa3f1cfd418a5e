import type { NodeDecision } from '../decisions/decision.ts';
import type { ExplainedNode, GroupKey } from './explanation.ts';
import { capitalised, counted } from './format.ts';
import { isTest, kindInWords } from './resource-type.ts';
import { ACTIONS, errorMessage, REASONS, type Surroundings, testResult } from './wording.ts';

/** One node in words. */
export function explainNode(node: NodeDecision, around: Surroundings): ExplainedNode {
  const failed = hasFailed(node);
  const warned = hasWarned(node);
  const message = errorMessage(node);
  return {
    uniqueId: node.uniqueId,
    name: node.name,
    resourceType: node.resourceType,
    kind: kindInWords(node),
    ...(node.relationName !== undefined && { relationName: node.relationName }),
    ...(node.attachedNode !== undefined && { attachedNode: node.attachedNode }),
    action: node.action,
    because: node.because,
    icon: failed ? ACTIONS.failed.icon : warned ? '⚠️' : ACTIONS[node.action].icon,
    label: label(node),
    sentence: sentence(node, around),
    ...(node.status !== undefined && { status: node.status }),
    failed,
    warned,
    ...(message !== undefined && { message }),
    ...(node.location !== undefined && { location: node.location }),
    ...(node.executionMs !== undefined && node.action !== 'skipped' && { executionMs: node.executionMs }),
    ...(node.rowsAffected !== undefined && { rowsAffected: node.rowsAffected }),
    ...(node.failures !== undefined && { failures: node.failures }),
    ...(node.savedMs !== undefined && { savedMs: node.savedMs }),
    basis: node.basis,
    conflicts: node.evidence.flatMap((piece) => (piece.conflicts ? [`${piece.source}: ${piece.says}`] : [])),
  };
}

/** How a failed test ended says it all: why it had to run is nothing to one who looks for a failure. */
function sentence(node: NodeDecision, around: Surroundings): string {
  const ended = outcome(node);
  if (ended !== '' && node.action === 'tested' && hasFailed(node)) return ended;
  return [ended, REASONS[node.because](node, around)].filter((part) => part !== '').join(' ');
}

/** A node that was stopped did not fail, whatever status dbt left behind. */
export function hasFailed(node: NodeDecision): boolean {
  return (node.failed || node.action === 'failed') && node.action !== 'interrupted';
}

export function hasWarned(node: NodeDecision): boolean {
  return !hasFailed(node) && node.status?.toLowerCase() === 'warn';
}

/** Where a node is listed. */
export function groupOf(node: NodeDecision): GroupKey {
  if (hasFailed(node)) return 'failed';
  if (node.action === 'interrupted' || node.action === 'skipped' || node.action === 'unknown')
    return node.action;
  if (hasWarned(node)) return 'warned';
  if (node.action === 'reused' && isTest(node)) return 'tests-reused';
  // An action of `failed` has been seen to above; the compiler cannot know.
  return node.action === 'failed' ? 'failed' : node.action;
}

function label(node: NodeDecision): string {
  if (node.action === 'tested') return `test ${testResult(node)}`;
  if (node.because === 'stored-test-result') return `stored result: ${testResult(node)}`;
  return ACTIONS[node.action].label;
}

/** What is to be said before the reason: how a failing or warning node ended, where the reason does not tell. */
function outcome(node: NodeDecision): string {
  if (node.because === 'error' || node.because === 'stored-test-result') return '';
  if (!hasFailed(node) && !hasWarned(node)) return '';
  if (isTest(node)) return capitalised(`the test ${testResult(node)}.`);
  if (node.action === 'checked') {
    return node.status?.toLowerCase() === 'runtime error'
      ? 'Freshness could not be measured.'
      : `The data is older than the source allows (${hasFailed(node) ? 'error' : 'warning'}).`;
  }
  return hasFailed(node) ? 'It ended in an error.' : 'It ended with a warning.';
}

/** Rows as the reader counts them: found by a test, else written. */
export function rowsInWords(node: ExplainedNode): string {
  if (node.failures !== undefined && node.failures > 0) return `${counted(node.failures, 'row')} found`;
  return node.rowsAffected === undefined ? '' : counted(node.rowsAffected, 'row');
}
