import type { Manifest, RunResultEntry, RunResults } from '../artifacts/types.ts';
import type { NodeFacts, Observations } from '../decisions/observed.ts';
import type { RunNotice } from '../result.ts';

export interface Settled {
  readonly runResults: RunResults | undefined;
  readonly observations: Observations;
  readonly notices: readonly RunNotice[];
}

export interface SettleInput {
  readonly runResults?: RunResults | undefined;
  readonly manifest?: Manifest | undefined;
  readonly observations: Observations;
  /** `stopped` when a signal ended dbt, or we stopped it. */
  readonly ended: 'finished' | 'stopped';
}

/**
 * Run results of dbt v2 as decisions can go by them, its two habits undone: it lists ephemeral models, of which
 * nothing is made, and results of a run that was broken off say nothing of it.
 */
export function settleResults(input: SettleInput): Settled {
  const { runResults, manifest, observations } = input;
  if (runResults === undefined) return { runResults, observations, notices: [] };
  const unreal = areVoid(runResults);
  const brokenOff = unreal && wasBrokenOff(input, runResults);
  const results = runResults.results.filter(({ unique_id, status }) => {
    const materialized = manifest?.nodes[unique_id]?.config?.['materialized'];
    const facts = observations.nodes.get(unique_id);
    return (materialized ?? facts?.materialized) !== 'ephemeral' || !(status === 'skipped' || brokenOff);
  });
  // Without events even results that say nothing are better than none.
  if (!brokenOff || observations.eventCount === 0) {
    const told = unreal ? results.map((entry) => withError(entry, input)) : results;
    return { runResults: { ...runResults, results: told }, observations, notices: [] };
  }
  return { runResults: undefined, observations: withSelected(observations, results), notices: [VOID] };
}

/**
 * Whether results name no outcome of their own. dbt v2 writes nodes as compilation errors of no time when they could
 * not be compiled or the database cannot be opened, and, when its run phase is broken off, every selected node, those
 * that had succeeded included.
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

/** By a stop, a failed hook, or a signal that shows in nodes that had succeeded or were at work. */
function wasBrokenOff({ observations, ended }: SettleInput, { results }: RunResults): boolean {
  if (ended === 'stopped') return true;
  const { nodes } = observations;
  const hookFailed = [...nodes.values()].some(
    ({ uniqueId, finished }) => uniqueId.startsWith('operation.') && finished?.status === 'error',
  );
  return (
    hookFailed ||
    results.some(({ unique_id }) => {
      const facts = nodes.get(unique_id);
      return facts?.started === true && facts.materialized !== 'ephemeral' && !hasFailed(facts);
    })
  );
}

function hasFailed({ finished }: NodeFacts): boolean {
  return finished?.status === 'error';
}

/** With the error that dbt gave: the one about the node or its file, else the first, which ended the run. */
function withError(entry: RunResultEntry, { manifest, observations }: SettleInput): RunResultEntry {
  const own = observations.nodes.get(entry.unique_id)?.finished?.message;
  const path = manifest?.nodes[entry.unique_id]?.original_file_path;
  const { mainErrors } = observations;
  const message =
    own ?? mainErrors.find((error) => path !== undefined && error.includes(`--> ${path}:`)) ?? mainErrors[0];
  return message === undefined ? entry : { ...entry, message };
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
