import type { Explanation, RunFailure, RunResult } from '../sdk/index.ts';
import type { ActionSettings } from './settings.ts';

const NAMED = 3;

/** Why the step fails, in one or a few lines; undefined when it does not. */
export function failureMessage(
  result: RunResult,
  explanation: Explanation,
  failOn: ActionSettings['failOn'],
): string | undefined {
  if (failOn === 'never') return undefined;
  if (result.outcome === 'failed')
    return ofEarlierRun(explanation) + ofFailedRun(result.failure, explanation);
  const { warnings } = explanation.totals;
  if (failOn === 'error' || warnings === 0) return undefined;
  const names = explanation.lookAt.filter(({ kind }) => kind === 'warning').map(({ node }) => node?.name);
  const ended = `${count(warnings)} ended with a warning, and fail-on is warning: ${list(names, warnings)}`;
  return ofEarlierRun(explanation) + ended;
}

/** A result that is repeated must not pass for one of today. */
function ofEarlierRun({ dedup }: Explanation): string {
  return dedup?.kind === 'replayed'
    ? `Nothing ran now. ${dedup.lead.map(({ text }) => text).join('')}\n`
    : '';
}

function ofFailedRun({ code, message, hint }: RunFailure, { lookAt, totals }: Explanation): string {
  const names = lookAt.filter(({ kind }) => kind === 'failure').map(({ node }) => node?.name);
  // A stopped run says why it was stopped; what had failed before that matters as well.
  const alsoFailed = code !== 'nodes-failed' && totals.failures > 0;
  return [
    message,
    ...(alsoFailed ? [`${count(totals.failures)} failed: ${list(names, totals.failures)}`] : []),
    ...(hint === undefined ? [] : [hint]),
  ].join('\n');
}

function count(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`;
}

function list(names: readonly (string | undefined)[], total: number): string {
  const first = names.filter((name) => name !== undefined).slice(0, NAMED);
  const more = total - first.length;
  return `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
