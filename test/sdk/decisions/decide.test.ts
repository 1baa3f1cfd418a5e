import { describe, expect, test } from 'vitest';
import type { Manifest, RunResultEntry, RunResults } from '../../../sdk/artifacts/types.ts';
import { type DecideInput, decide } from '../../../sdk/decisions/decide.ts';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { parseDecisionLog } from '../../../sdk/decisions/decision-log.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { event, eventsOf, finished, fixture, observe, of, said, started } from './recorded.ts';

const enabled = said('info', 'dbt-state v{} is {}', ['2.62.3', 'enabled']);
const registered = event('AdapterRegistered', { adapter_name: 'postgres', adapter_version: '=1.11.0' });
const version = event('MainReportVersion', { version: '=1.11.16' });
const skipAnswer = (name: string, thread = 'Thread-1') =>
  said('debug', 'Received skip execution response for node {}', [name], thread);

function results(...entries: Partial<RunResultEntry>[]): RunResults {
  return {
    metadata: { dbt_schema_version: 'v6', dbt_version: '1.11.16', generated_at: '', invocation_id: 'i' },
    elapsed_time: 1,
    args: {},
    results: entries.map((entry) => ({
      unique_id: 'model.a.m',
      status: 'success',
      timing: [],
      thread_id: 'Thread-1',
      execution_time: 0.25,
      adapter_response: {},
      message: null,
      failures: null,
      ...entry,
    })),
  };
}

function run(
  entries: Partial<RunResultEntry>[],
  events: DbtEvent[] = [],
  changes: Partial<DecideInput> = {},
) {
  return decide({
    command: 'build',
    ended: 'finished',
    eventsAvailable: true,
    pluginInstalled: '2.62.3',
    redact: (text) => text,
    runResults: results(...entries),
    observations: observe([version, enabled, registered, ...events]),
    ...changes,
  });
}

function one(
  entry: Partial<RunResultEntry>,
  events: DbtEvent[] = [],
  changes: Partial<DecideInput> = {},
): NodeDecision {
  const [decision] = run([entry], events, changes).decisions;
  if (decision === undefined) throw new Error('no decision');
  return decision;
}

/** State proven active by another node, so that nothing about this one is implied. */
const activeElsewhere = [
  started('model.a.other', 'T9'),
  skipAnswer('other', 'T9'),
  finished('model.a.other', { message: 'NO-OP', adapter_response: {} }, 'T9'),
];

describe('NO-OP', () => {
  test('of State', () => {
    expect(one({ message: 'NO-OP' }, activeElsewhere)).toMatchObject({
      action: 'reused',
      because: 'no-changes',
      executionMs: 250,
    });
    expect(one({ message: 'CLONE (within tolerance)' }, activeElsewhere)).toMatchObject({
      action: 'cloned',
      because: 'clone-within-lag-tolerance',
    });
  });

  test('dbt’s own, by its status', () => {
    expect(
      one({ status: 'no-op', message: 'NO-OP', unique_id: 'exposure.a.e' }, activeElsewhere),
    ).toMatchObject({ action: 'no-op', because: 'nothing-to-do' });
    expect(one({ status: 'no-op', message: 'NO-OP' }, activeElsewhere)).toMatchObject({ action: 'no-op' });
  });

  test('of a user’s model: the adapter answered something', () => {
    const entry = {
      message: 'NO-OP',
      adapter_response: { _message: 'NO-OP', code: 'NO-OP', rows_affected: 0 },
    };
    expect(one(entry, activeElsewhere)).toMatchObject({ action: 'built', rowsAffected: 0 });
    expect(one({ message: 'NO-OP', adapter_response: { _message: 'NO-OP' } }, activeElsewhere)).toMatchObject(
      { action: 'built' },
    );
  });

  test('with an error is an error', () => {
    expect(one({ status: 'error', message: 'NO-OP' }, activeElsewhere)).toMatchObject({
      action: 'failed',
      failed: true,
    });
  });

  test('where there is no State, it cannot be State’s', () => {
    const without = { pluginInstalled: null, observations: observe([version, registered]) };
    expect(one({ message: 'NO-OP' }, [], without)).toMatchObject({
      action: 'built',
      because: 'state-absent',
    });
  });

  test('on a test: only when the adapter’s response holds nothing else', () => {
    const id = 'test.a.t.1';
    const stored = { unique_id: id, status: 'pass', adapter_response: { _message: 'NO-OP' }, failures: 0 };
    expect(one(stored, activeElsewhere)).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      failed: false,
    });
    expect(
      one({ ...stored, status: 'fail', failures: 3, message: 'Got 3 results' }, activeElsewhere),
    ).toMatchObject({ action: 'reused', failed: true, failures: 3 });
    expect(
      one({ ...stored, adapter_response: { _message: 'NO-OP', code: 'SELECT' } }, activeElsewhere),
    ).toMatchObject({ action: 'tested' });
    expect(
      one({ ...stored, message: 'NO-OP', adapter_response: { _message: 'SELECT 1' } }, activeElsewhere),
    ).toMatchObject({ action: 'tested' });
    expect(one({ ...stored, status: 'error' }, activeElsewhere)).toMatchObject({
      action: 'failed',
      failed: true,
    });
  });

  test('on a hook it is a hook', () => {
    expect(one({ unique_id: 'operation.a.a-on-run-end-0', message: 'NO-OP' }, activeElsewhere)).toMatchObject(
      { action: 'ran' },
    );
  });
});

describe('sources that disagree', () => {
  test('results say reused, the service said execute', () => {
    const events = [
      started('model.a.m'),
      said('debug', 'Received execute response for node {}, request_id: {}', ['m', 'r'], 'Thread-1'),
    ];
    const decision = one({ message: 'NO-OP' }, events);
    expect(decision).toMatchObject({ action: 'reused', because: 'no-changes' });
    expect(decision.evidence).toContainEqual({
      source: 'event',
      says: 'the service answered execute',
      conflicts: true,
    });
  });

  test('results say built, the service said skip', () => {
    const decision = one(
      { message: 'SELECT 9', adapter_response: { _message: 'SELECT 9', rows_affected: 9 } },
      [started('model.a.m'), skipAnswer('m')],
    );
    expect(decision).toMatchObject({ action: 'built', because: 'state-unknown', rowsAffected: 9 });
    expect(decision.evidence.filter((evidence) => evidence.conflicts)).toHaveLength(1);
  });

  test('results say skipped, the event says warn (fail-fast)', () => {
    const id = 'test.a.t.1';
    const decision = one({ unique_id: id, status: 'skipped', message: 'Skipping due to fail_fast' }, [
      started(id),
      finished(id, { status: 'warn', message: 'Got 2 results' }),
    ]);
    expect(decision).toMatchObject({ action: 'skipped', because: 'fail-fast', status: 'skipped' });
    expect(decision.evidence).toContainEqual({
      source: 'event',
      says: 'finished with status warn, Got 2 results',
      conflicts: true,
    });
  });

  test('a reused node with a confirmed execution in the log, and no copy made before', () => {
    const log = (devClone: unknown) =>
      parseDecisionLog(
        `${JSON.stringify({ entry_type: 'node', node_name: 'm', node_info: { fqn: '', node_resource_type: 'model', dev_clone: devClone }, execution_id: 'e', execution_decision_id: 'd' })}\n`,
      );
    const clashes = (devClone: unknown) =>
      one({ message: 'NO-OP' }, [], { decisionLog: log(devClone) }).evidence.filter(
        (evidence) => evidence.conflicts,
      ).length;
    expect(clashes(null)).toBe(1);
    expect(clashes({ source_table_fqn: 's', target_table_fqn: 't' })).toBe(0);
  });
});

test('the log’s deferrals are candidates and no evidence', () => {
  const log = parseDecisionLog(
    `${JSON.stringify({ entry_type: 'node', node_name: 'm', node_info: { fqn: '', node_resource_type: 'model', deferrals: { x: '"prod"."x"' } }, execution_decision_id: 'd' })}\n`,
  );
  expect(
    JSON.stringify(
      one({ message: 'SELECT 1', adapter_response: { _message: 'SELECT 1' } }, [], { decisionLog: log }),
    ),
  ).not.toContain('prod');
});

describe('a run that was stopped', () => {
  const ids = ['model.a.done', 'model.a.open', 'model.a.never', 'model.a.told'];
  const selection = event('RuncacheSelection', {
    nodes: ids.map((id) => ({ unique_id: id, name: id.split('.')[2], resource_type: 'model' })),
  });
  const events = [
    selection,
    started('model.a.done', 'T1'),
    finished(
      'model.a.done',
      { message: 'SELECT 5', adapter_response: { _message: 'SELECT 5', rows_affected: 5 } },
      'T1',
    ),
    started('model.a.open', 'T1'),
    started('model.a.told', 'T2'),
  ];

  test('finished, running, waiting', () => {
    const decided = run(
      [{ unique_id: 'model.a.told', message: 'SELECT 1', adapter_response: { _message: 'SELECT 1' } }],
      events,
      { ended: 'stopped' },
    );
    expect(decided.decisions.map((node) => [node.name, node.action, node.because])).toEqual([
      ['told', 'built', 'state-not-asked'],
      ['done', 'built', 'state-not-asked'],
      ['open', 'interrupted', 'stopped-while-running'],
      ['never', 'interrupted', 'stopped-before-start'],
    ]);
    expect(of(decided, 'done')).toMatchObject({
      rowsAffected: 5,
      executionMs: 500,
      evidence: [{ source: 'event' }, { source: 'adapter-response' }],
    });
    expect(decided.selectedCount).toBe(4);
  });

  test('without run_results at all, whether stopped or crashed', () => {
    for (const ended of ['stopped', 'finished'] as const) {
      const decided = run([], events, { ended, runResults: undefined });
      expect(decided.decisions.map((node) => node.action)).toEqual([
        'built',
        'interrupted',
        'interrupted',
        'interrupted',
      ]);
    }
  });

  test('a microbatch model between two batches is not finished', () => {
    const id = 'model.a.micro';
    const info = { unique_id: id, node_name: 'micro', resource_type: 'model', materialized: 'incremental' };
    const decided = run(
      [],
      [started(id), started(id), event('LogBatchResult', { node_info: info }), finished(id)],
      { ended: 'stopped', runResults: undefined },
    );
    expect(of(decided, 'micro')).toMatchObject({ action: 'interrupted', because: 'stopped-while-running' });
  });

  test('a node dbt selected and had no need to run is not interrupted', () => {
    expect(run([], events.slice(0, 1)).decisions).toEqual([]);
  });

  test('the number of nodes, where their names are not known', () => {
    const line = event('ConcurrencyLine', { num_threads: 4, node_count: 30 });
    expect(run([], [line], { ended: 'stopped', runResults: undefined }).selectedCount).toBe(30);
  });
});

test('a status nobody knows is shown as it is', () => {
  expect(one({ status: 'half-done', message: 'x' })).toMatchObject({
    action: 'unknown',
    because: 'unknown-status',
    status: 'half-done',
    failed: false,
  });
});

test('secrets are hidden in everything dbt said', () => {
  const log = said(
    'warn',
    'execute: dbt State failed for node {}:\n{}. Continuing without state',
    ['model.a.m', 'hunter2'],
    'Thread-1',
  );
  const warning = event('SomeWarning', {}, { level: 'warn', msg: 'uses hunter2' });
  const decided = run(
    [{ status: 'error', message: 'wrong password hunter2' }],
    [started('model.a.m'), finished('model.a.m', { status: 'error', message: 'hunter2' }), log, warning],
    { redact: (text) => text.replaceAll('hunter2', '***') },
  );
  expect(JSON.stringify(decided)).not.toContain('hunter2');
  expect(JSON.stringify(decided)).toContain('***');
});

test('rows an adapter does not know are not reported', () => {
  expect(one({ message: 'CREATE VIEW', adapter_response: { rows_affected: -1 } })).not.toHaveProperty(
    'rowsAffected',
  );
});

describe('what State was', () => {
  const bare = { observations: observe([version, registered]) };
  test('absent, silently or against the user’s wish', () => {
    expect(run([], [], { ...bare, pluginInstalled: null }).state).toEqual({ kind: 'absent' });
    expect(run([], [], { ...bare, pluginInstalled: null, stateWanted: true }).state).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'plugin-missing', fix: expect.any(String) },
    });
    const wanted = run([], [], { ...bare, pluginInstalled: null, stateWanted: true }).state;
    expect(JSON.stringify(wanted)).not.toContain('"said"');
    // The plugin announces itself before the adapter does.
    expect(run([], [], { ...bare, pluginInstalled: undefined }).state).toEqual({ kind: 'absent' });
  });
  test('unknown where nothing proves it', () => {
    const nothing = { observations: observe([]), pluginInstalled: undefined };
    expect(run([], [], nothing).state.kind).toBe('unknown');
    expect(run([], [], { ...nothing, eventsAvailable: false }).state.kind).toBe('unknown');
  });
  test('enabled is no proof of active', () => {
    const { state } = run([{}]);
    expect(state).toMatchObject({ kind: 'inactive', trouble: { problem: 'never-asked' } });
    if (state.kind !== 'inactive') throw new Error('unreachable');
    expect(state.trouble).not.toHaveProperty('said');
    expect(state.trouble.fix).toContain('On Postgres views are always built');
    const duck = event('AdapterRegistered', { adapter_name: 'duckdb', adapter_version: '=1' });
    const elsewhere = run([{}], [], { observations: observe([version, enabled, duck]) }).state;
    expect(JSON.stringify(elsewhere)).toContain('never-asked');
    expect(JSON.stringify(elsewhere)).not.toContain('Postgres');
  });
  test.each<[string, Partial<RunResultEntry>[], DbtEvent[], Partial<DecideInput>, RegExp]>([
    ['dbt ended before a node', [], [], {}, /^dbt ended before it asked dbt State\.$/],
    ['stopped while it started', [], [], { ended: 'stopped' }, /^dbt ended before it asked/],
    ['nothing was selected', [], [event('NothingToDo')], {}, /^No node ran, so dbt State was not asked\.$/],
    [
      'only a unit test ran',
      [{ unique_id: 'unit_test.a.m.u', status: 'pass' }],
      [started('unit_test.a.m.u')],
      {},
      /^No node that dbt State decides about/,
    ],
    [
      'the only model failed',
      [{ status: 'error' }],
      [started('model.a.m')],
      {},
      /^No node that dbt State decides about/,
    ],
  ])('no alarm where %s', (_, entries, events, changes, why) => {
    expect(run(entries, events, changes).state).toEqual({
      kind: 'not-applicable',
      version: '2.62.3',
      why: expect.stringMatching(why),
    });
  });
  test.each(['compile', 'docs generate', 'show', 'list', 'parse', 'debug', 'deps', 'clean', 'init', ''])(
    'dbt %s never asks, whatever the plugin says or leaves unsaid',
    (command) => {
      const off = said('warn', 'No credentials for dbt State detected.');
      expect(run([], [off], { command }).state).toMatchObject({
        kind: 'not-applicable',
        version: '2.62.3',
        troubles: [{ problem: 'no-credentials' }],
      });
      for (const pluginInstalled of ['2.62.3', undefined, null]) {
        const silent = { command, pluginInstalled, observations: observe([]), eventsAvailable: false };
        expect(run([], [], silent).state.kind).toBe('not-applicable');
      }
    },
  );
  test('what ends a run is told for every command', () => {
    const outputTail = 'Encountered an error:\nRuntime Error\n  Error logging in with client credentials.';
    expect(run([], [], { command: 'compile', outputTail }).state).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'bad-credentials' },
    });
  });
  test('savings are', () => {
    expect(run([], [said('info', 'dbt State saved you 1.23s on 1 node in this job.')]).state.kind).toBe(
      'active',
    );
  });
  test('what dbt announced counts for more than a variable', () => {
    expect(run([], activeElsewhere, { stateSwitchedOffBy: 'RUN_CACHE_DISABLED' }).state.kind).toBe('active');
  });
});

describe('what came before a skipped node', () => {
  const manifest = (parents: Record<string, string[]>): Manifest => ({
    metadata: { dbt_schema_version: 'v12', dbt_version: '1.11', generated_at: '', invocation_id: null },
    nodes: {},
    sources: {},
    exposures: {},
    metrics: {},
    semantic_models: {},
    saved_queries: {},
    unit_tests: {},
    functions: {},
    parent_map: parents,
    child_map: {},
  });
  const skipped = (id: string) => ({ unique_id: id, status: 'skipped' });

  test('the nearest failure is named, not the first', () => {
    const parents = {
      'model.a.d': ['model.a.c', 'model.a.near'],
      'model.a.c': ['model.a.b'],
      'model.a.b': ['model.a.far'],
    };
    const decided = run(
      [
        { unique_id: 'model.a.far', status: 'error' },
        skipped('model.a.b'),
        skipped('model.a.c'),
        { unique_id: 'model.a.near', status: 'error' },
        skipped('model.a.d'),
      ],
      [],
      { manifest: manifest(parents) },
    );
    expect(of(decided, 'd').detail).toBe('model.a.near');
    expect(of(decided, 'c').detail).toBe('model.a.far');
  });

  test('the nearest through skipped nodes as well', () => {
    const parents = {
      'model.a.b': ['model.a.far'],
      'model.a.c': ['model.a.b'],
      'model.a.e': ['model.a.near'],
      'model.a.f': ['model.a.c', 'model.a.e'],
    };
    const ids = ['model.a.b', 'model.a.c', 'model.a.e', 'model.a.f'];
    const decided = run(
      [
        { unique_id: 'model.a.far', status: 'error' },
        { unique_id: 'model.a.near', status: 'error' },
        ...ids.map(skipped),
      ],
      [],
      { manifest: manifest(parents) },
    );
    expect(of(decided, 'f').detail).toBe('model.a.near');
  });

  test('a test stops a node only when all it looks at lies before that node', () => {
    const parents = {
      'model.a.x': ['model.a.p'],
      'test.a.both.1': ['model.a.p', 'model.a.q'],
      'model.a.y': ['model.a.p', 'model.a.q'],
    };
    const decided = run(
      [
        { unique_id: 'model.a.p' },
        { unique_id: 'model.a.q' },
        { unique_id: 'test.a.both.1', status: 'fail' },
        skipped('model.a.x'),
        skipped('model.a.y'),
      ],
      [],
      { manifest: manifest(parents) },
    );
    expect(of(decided, 'x')).toMatchObject({ because: 'skipped-by-dbt' });
    expect(of(decided, 'y')).toMatchObject({ because: 'upstream-failed', detail: 'test.a.both.1' });
  });

  test('is reported where dbt names the failure, and worked out where it does not', () => {
    const parents = { 'model.a.x': ['model.a.told'], 'model.a.y': ['model.a.untold'] };
    const entries = [
      { unique_id: 'model.a.told', status: 'error' },
      { unique_id: 'model.a.untold', status: 'error' },
      skipped('model.a.x'),
      skipped('model.a.y'),
    ];
    const marks = [
      event('MarkSkippedChildren', { unique_id: 'model.a.told', status: 'error' }),
      event('MarkSkippedChildren', { unique_id: 'model.a.untold', status: 'skipped' }),
    ];
    const decided = run(entries, marks, { manifest: manifest(parents) });
    expect(of(decided, 'x')).toMatchObject({ detail: 'model.a.told', basis: 'reported' });
    expect(of(decided, 'x').evidence).toContainEqual({
      source: 'event',
      says: 'everything after model.a.told was to be skipped because of its status error',
    });
    expect(of(decided, 'y')).toMatchObject({ detail: 'model.a.untold', basis: 'inferred' });
  });

  test('a test that only warns stops nothing', () => {
    const parents = { 'model.a.x': ['model.a.p'], 'test.a.t.1': ['model.a.p'] };
    const decided = run(
      [{ unique_id: 'model.a.p' }, { unique_id: 'test.a.t.1', status: 'warn' }, skipped('model.a.x')],
      [],
      { manifest: manifest(parents) },
    );
    expect(of(decided, 'x').because).toBe('skipped-by-dbt');
  });

  test('twenty thousand skipped nodes in a row', () => {
    const parents: Record<string, string[]> = {};
    const entries: Partial<RunResultEntry>[] = [{ unique_id: 'model.a.n0', status: 'error' }];
    for (let at = 1; at <= 20_000; at += 1) {
      parents[`model.a.n${at}`] = [`model.a.n${at - 1}`];
      entries.push(skipped(`model.a.n${at}`));
    }
    const decided = run(entries.reverse(), [], { manifest: manifest(parents) });
    expect(decided.decisions.filter((node) => node.detail === 'model.a.n0')).toHaveLength(20_000);
  });

  test('without a manifest nothing is guessed', () => {
    expect(one(skipped('model.a.x'))).toMatchObject({ because: 'skipped-by-dbt', basis: 'reported' });
  });
});

describe('older samples', () => {
  test('Core 1.11: all reused but the views', () => {
    const decided = run([], [], {
      runResults: JSON.parse(fixture('dbt-core-1.11/core-1.11-run_results.json')) as RunResults,
      observations: observe(eventsOf(fixture('dbt-core-1.11/core-1.11-build-json-logs.jsonl'))),
    });
    expect(decided.state.kind).toBe('active');
    const by = Map.groupBy(decided.decisions, (node) => node.action);
    expect(
      by
        .get('built')
        ?.map((node) => node.name)
        .toSorted(),
    ).toEqual(['stg_customers', 'stg_orders', 'stg_payments']);
    expect((by.get('reused')?.length ?? 0) + (by.get('cloned')?.length ?? 0)).toBe(27);
    expect(decided.savings).toEqual({ nodeMs: 33_080, nodes: 27 });
  });

  test('Core 1.12 with its status reused', () => {
    const decided = run([], [], {
      runResults: JSON.parse(fixture('dbt-core-1.12/core-1.12-run_results-reused.json')) as RunResults,
      observations: observe([]),
      eventsAvailable: false,
      pluginInstalled: undefined,
    });
    expect(decided.state.kind).toBe('active');
    expect(of(decided, 'raw_customers')).toMatchObject({ action: 'reused', because: 'no-changes' });
    expect(of(decided, 'customers')).toMatchObject({ action: 'reused', because: 'within-lag-tolerance' });
    expect(of(decided, 'inc_orders')).toMatchObject({
      action: 'cloned',
      because: 'clone-of-other-environment',
    });
    expect(of(decided, 'unique_orders_order_id')).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
    });
    expect(of(decided, 'stg_orders')).toMatchObject({ action: 'built' });
  });
});

test('a run of nothing counts no nodes, and the headline tells it, not a warning', () => {
  const nothing = event('NothingToDo', {}, { level: 'warn', msg: 'Nothing to do.' });
  expect(run([], [nothing])).toMatchObject({ selectedCount: 0, notices: [] });
});

test('a unit test has the reason of its neighbours where State was not there at all', () => {
  const entry = { unique_id: 'unit_test.a.m.u', status: 'pass' };
  const bare = { observations: observe([version, registered]), pluginInstalled: null };
  expect(one(entry, [], bare).because).toBe('state-absent');
  expect(one(entry, activeElsewhere).because).toBe('not-subject-to-state');
});
