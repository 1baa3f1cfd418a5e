import { describe, expect, test } from 'vitest';
import { createLiveDecisions } from '../../../sdk/decisions/decide-live.ts';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { decideRecorded, event, eventsOf, finished, fixture, nodeInfo, said, started } from './recorded.ts';

/** Every decision that fell while these events came in, in order. */
function live(
  events: readonly DbtEvent[],
  command = 'build',
  pluginInstalled: string | null = '2.62.3',
  engine: 'core' | 'fusion' = 'core',
): NodeDecision[] {
  const observations = createObservations();
  const decide = createLiveDecisions({
    command,
    engine,
    pluginInstalled,
    stateSwitchedOffBy: undefined,
    stateWanted: undefined,
    redact: (text) => text.replaceAll('hunter2', '***'),
  });
  return events.flatMap((one) => {
    observations.add(one);
    if (one.info.name !== 'NodeFinished') return [];
    const { unique_id } = one.data['node_info'] as { unique_id: string };
    return decide(unique_id, observations.current()) ?? [];
  });
}

const inBrief = ({ uniqueId, action, because, detail, failed }: NodeDecision) => ({
  uniqueId,
  action,
  because,
  detail,
  failed,
});

const RUNS: readonly (readonly [run: string, command: string])[] = [
  ['execute', 'build'],
  ['mixed', 'build'],
  ['clone-failed', 'run'],
  ['pre-clone-skip', 'run'],
  ['pre-clone-execute', 'run'],
  ['node-errors', 'build'],
  ['no-credentials', 'run'],
  ['disabled', 'run'],
  ['views-only', 'run'],
  ['write-only', 'run'],
  ['compile', 'compile'],
  ['duck-build', 'build'],
  ['duck-run', 'run'],
];

describe('what was decided while dbt ran is what is decided in the end', () => {
  test.each(RUNS)('%s', (run, command) => {
    const told = live(eventsOf(fixture(`dbt-core-1.11/runs/${run}.events.jsonl`)), command);
    const final = new Map(decideRecorded(run, { command }).decisions.map((one) => [one.uniqueId, one]));
    expect(told.length).toBeGreaterThan(0);
    for (const one of told) {
      const end = final.get(one.uniqueId);
      if (end === undefined) throw new Error(`${one.uniqueId} was told and is not in the result`);
      // Which of several failures a node comes after stands in the manifest.
      const { detail, ...rest } = inBrief(end);
      if (one.action === 'skipped' && one.detail === undefined) expect(inBrief(one)).toMatchObject(rest);
      else expect(inBrief(one)).toEqual({ ...rest, detail });
    }
    // Hooks and what never got to run have no such event.
    const untold = [...final.keys()].filter((id) => !told.some((one) => one.uniqueId === id));
    expect(
      untold.filter((id) => final.get(id)?.status !== 'skipped' && !id.startsWith('operation.')),
    ).toEqual([]);
  });
});

test('provisional: what dbt takes back in its results was told as it then was', () => {
  const told = live(eventsOf(fixture('dbt-core-1.11/runs/duck-fail-fast.events.jsonl')), 'build');
  const final = decideRecorded('duck-fail-fast').decisions;
  const id = 'test.duck.not_null_stg_id.b8516e7472';
  expect(told.find((one) => one.uniqueId === id)).toMatchObject({ action: 'tested' });
  expect(final.find((one) => one.uniqueId === id)).toMatchObject({ action: 'skipped', because: 'fail-fast' });
});

const enabled = said('info', 'dbt-state v{} is {}', ['2.62.3', 'enabled']);

test('before the first answer of the service nothing is said against it', () => {
  const view = [
    started('model.a.v', 'T1', 'view'),
    finished('model.a.v', { message: 'CREATE VIEW' }, 'T1', 'view'),
  ];
  expect(live([enabled, ...view])).toMatchObject([{ action: 'built', because: 'state-not-asked' }]);
  const failed = said(
    'warn',
    'execute: dbt State failed for node {}:\n{}. Continuing without state',
    ['model.a.m', 'no route to hunter2'],
    'T1',
  );
  const [decided] = live([enabled, started('model.a.m', 'T1'), failed, finished('model.a.m', {}, 'T1')]);
  expect(decided).toMatchObject({ action: 'built', because: 'state-failed' });
  expect(decided?.detail).toContain('no route to ***');
});

test('without a plugin, and with one that was given up', () => {
  const model = [started('model.a.m'), finished('model.a.m')];
  const before = [
    event('MainReportVersion', { version: '=1.11.16' }),
    event('AdapterRegistered', { adapter_name: 'x' }),
  ];
  expect(live([...before, ...model], 'build', null)).toMatchObject([{ because: 'state-absent' }]);
  const off = said('warn', 'No credentials for dbt State detected.');
  expect(live([enabled, off, ...model])).toMatchObject([{ because: 'state-inactive' }]);
});

test('what is not finished, and what is nothing by itself, is not decided', () => {
  const micro = 'model.a.micro';
  const batch = [event('LogBatchResult', { node_info: nodeInfo(micro) }), finished(micro)];
  expect(live([started(micro), ...batch])).toEqual([]);
  const eph = 'model.a.eph';
  expect(live([started(eph, 'T1', 'ephemeral'), finished(eph, {}, 'T1', 'ephemeral')])).toEqual([]);
});

test('a node skipped after the only failure names it; after one of several, none', () => {
  const fail = (id: string) => [started(id), finished(id, { status: 'error', message: 'boom' })];
  const skip = (id: string) => [started(id), finished(id, { status: 'skipped', message: '' })];
  expect(live([...fail('model.a.x'), ...skip('model.a.y')])[1]).toMatchObject({
    action: 'skipped',
    because: 'upstream-failed',
    detail: 'model.a.x',
    basis: 'inferred',
  });
  const second = live([...fail('model.a.x'), ...fail('model.a.z'), ...skip('model.a.y')])[2];
  expect(second).toMatchObject({ because: 'upstream-failed' });
  expect(second).not.toHaveProperty('detail');
  expect(live(skip('model.a.y'))).toMatchObject([{ because: 'skipped-by-dbt' }]);
});

test('dbt v2 announces nothing: its first reuse shows that State is there', () => {
  const node = (id: string, result: Record<string, unknown>) =>
    event('NodeFinished', { node_info: nodeInfo(id), run_result: { execution_time: 0, ...result } });
  const events = [
    event('AdapterRegistered', { adapter_name: 'snowflake' }),
    node('model.a.r', { status: 'reused', node_cache_reason: 'NODE_CACHE_REASON_STILL_FRESH' }),
    node('model.a.b', { status: 'success' }),
    node('model.a.s', { status: 'skipped', upstream_unique_id: 'model.a.x' }),
  ];
  expect(live(events, 'build', null, 'fusion')).toMatchObject([
    { action: 'reused', because: 'within-lag-tolerance', basis: 'reported' },
    { action: 'built', because: 'state-not-asked' },
    { action: 'skipped', because: 'upstream-failed', detail: 'model.a.x' },
  ]);
});

test('what a decision costs does not grow with the nodes, not even where State can do nothing', () => {
  const off = said(
    'warn',
    'execute: request confirmation failed for node {}:\n{}. Continuing without state',
    ['model.a.m0', 'could not get commit timestamp data'],
  );
  const readsPerNode = (size: number, result: Record<string, unknown>, trouble: DbtEvent[]): number => {
    const ids = Array.from({ length: size }, (_, at) => `model.a.m${at}`);
    const observations = createObservations();
    const selection = {
      nodes: ids.map((id) => nodeInfo(id)).map((node) => ({ ...node, name: node['node_name'] })),
    };
    for (const one of [enabled, event('RuncacheSelection', selection), ...trouble]) observations.add(one);
    let reads = 0;
    const decide = createLiveDecisions({ ...PLAIN, command: 'build', pluginInstalled: '2.62.3' });
    // From the last to the first: the first to have started stands at the end.
    for (const id of ids.toReversed()) {
      for (const one of [started(id), finished(id, result)]) observations.add(one);
      const seen = observations.current();
      expect(decide(id, { ...seen, nodes: countingReads(seen.nodes, () => (reads += 1)) })).toBeDefined();
    }
    return reads / size;
  };
  for (const result of [{}, { status: 'error', message: 'boom' }]) {
    for (const trouble of [[], [off]]) {
      const few = readsPerNode(20, result, trouble);
      expect(few).toBeGreaterThan(0);
      expect(readsPerNode(200, result, trouble)).toBe(few);
    }
  }
});

const PLAIN = {
  engine: 'core',
  stateSwitchedOffBy: undefined,
  stateWanted: undefined,
  redact: (text: string) => text,
} as const;

/** The same map, telling of every entry that is read out of it. */
function countingReads<K, V>(map: ReadonlyMap<K, V>, tell: () => void): ReadonlyMap<K, V> {
  function* counted<T>(entries: Iterable<T>): Generator<T, undefined> {
    for (const entry of entries) {
      tell();
      yield entry;
    }
    return undefined;
  }
  return {
    size: map.size,
    has: (key) => map.has(key),
    get: (key) => {
      tell();
      return map.get(key);
    },
    forEach: (use) => {
      for (const [key, value] of counted(map)) use(value, key, map);
    },
    keys: () => counted(map.keys()),
    values: () => counted(map.values()),
    entries: () => counted(map.entries()),
    [Symbol.iterator]: () => counted(map),
  };
}
