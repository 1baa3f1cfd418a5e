import type { Manifest, RunResultEntry, RunResults } from '../artifacts/types.ts';
import type { NodeFacts, Observations } from '../decisions/observed.ts';
import type { RunNotice } from '../result.ts';

export interface Settled {
  readonly runResults: RunResults | undefined;
  readonly observations: Observations;
  readonly notices: readonly RunNotice[];
}

/**
 * Run results of dbt v2 as decisions can go by them, its two habits undone: it lists ephemeral models, of which
 * nothing is made, and results of a run that was broken off say nothing of it.
 */
export function settleResults(
  runResults: RunResults | undefined,
  manifest: Manifest | undefined,
  observations: Observations,
): Settled {
  if (runResults === undefined) return { runResults, observations, notices: [] };
  const results = runResults.results.filter(({ unique_id, status }) => {
    const materialized = manifest?.nodes[unique_id]?.config?.['materialized'];
    const facts = observations.nodes.get(unique_id);
    return (
      (materialized ?? facts?.materialized) !== 'ephemeral' || !(status === 'skipped' || areVoid(runResults))
    );
  });
  // Without events even results that say nothing are better than none.
  if (!areVoid(runResults) || observations.eventCount === 0)
    return { runResults: { ...runResults, results }, observations, notices: [] };
  return { runResults: undefined, observations: withSelected(observations, results), notices: [VOID] };
}

/**
 * Whether results tell nothing of what happened. When its run phase is broken off, by a signal, a failed hook or a
 * database that cannot be opened, dbt v2 writes every selected node as a compilation error of no time, those that had
 * succeeded included.
 */
function areVoid({ results }: RunResults): boolean {
  return results.length > 0 && results.every(isVoid);
}

function isVoid(entry: RunResultEntry): boolean {
  return (
    entry.status === 'error' &&
    entry.message === 'Compilation Error' &&
    entry.execution_time === 0 &&
    entry.thread_id === 'main'
  );
}

const VOID: RunNotice = {
  kind: 'problem',
  name: 'run-results-void',
  message:
    'The run was broken off, and run_results.json says of every selected node that it failed. ' +
    'This report goes by what dbt said while it ran.',
  count: 1,
};

/**
 * What was observed, with these nodes as the selection: those that nothing was heard of were not reached. After a
 * failed on-run-start hook they were skipped, as dbt Core says it.
 */
function withSelected(observations: Observations, entries: readonly RunResultEntry[]): Observations {
  const nodes = new Map(observations.nodes);
  const hookFailed = [...nodes.values()].some(
    (facts) => facts.uniqueId.includes('-on-run-start-') && facts.finished?.status === 'error',
  );
  const selected = entries.map(({ unique_id }) => {
    const facts = nodes.get(unique_id) ?? unseen(unique_id);
    nodes.set(unique_id, hookFailed ? { ...facts, finished: facts.finished ?? SKIPPED } : facts);
    return { unique_id, name: facts.name, resource_type: facts.resourceType };
  });
  return { ...observations, nodes, selected };
}

const SKIPPED = { status: 'skipped', at: '', adapterBare: true } as const;

function unseen(uniqueId: string): NodeFacts {
  const [resourceType = '', , name = uniqueId] = uniqueId.split('.');
  return { uniqueId, name, resourceType, started: false, confirmed: false };
}
