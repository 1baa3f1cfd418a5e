import { describe, expect, test } from 'vitest';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import { event, eventsOf, finished, fixture, nodeInfo, observe, said, started } from './recorded.ts';

const EXECUTE = 'Received execute response for node {}, request_id: {}';

describe('nodes the plugin names by bare name', () => {
  const selection = event('RuncacheSelection', {
    nodes: [
      { unique_id: 'model.a.orders', name: 'orders', resource_type: 'model' },
      { unique_id: 'model.b.orders', name: 'orders', resource_type: 'model' },
    ],
  });

  test('are told apart by the thread that runs them', () => {
    const seen = observe([
      selection,
      started('model.a.orders', 'Thread-1'),
      started('model.b.orders', 'Thread-2'),
      said('debug', EXECUTE, ['orders', 'r1'], 'Thread-2'),
    ]);
    expect(seen.nodes.get('model.b.orders')?.answer).toBe('execute');
    expect(seen.nodes.get('model.a.orders')?.answer).toBeUndefined();
  });

  test('are not guessed when two bear the name and the thread runs neither', () => {
    const seen = observe([selection, said('debug', EXECUTE, ['orders', 'r1'], 'drc_0')]);
    expect([...seen.nodes.values()].map((node) => node.answer)).toEqual([undefined, undefined]);
    expect(seen.state.answers).toBe(1);
  });

  test('are found by name alone when only one bears it', () => {
    const seen = observe([
      started('model.a.orders', 'Thread-1'),
      said('debug', EXECUTE, ['orders', 'r'], 'drc_0'),
    ]);
    expect(seen.nodes.get('model.a.orders')?.answer).toBe('execute');
  });

  test('a thread that has moved on is no evidence', () => {
    const seen = observe([
      selection,
      started('model.a.orders', 'Thread-1'),
      finished('model.a.orders', {}, 'Thread-1'),
      said('debug', EXECUTE, ['orders', 'r'], 'Thread-1'),
    ]);
    expect(seen.nodes.get('model.a.orders')?.answer).toBeUndefined();
  });
});

test('matches the speaker and the template, never the rendered line', () => {
  const fake = event(
    'AdapterEventInfo',
    { name: 'Postgres', base_msg: 'dbt-state v{} is {}', args: ['9', 'enabled'] },
    { msg: 'State adapter: dbt-state v9 is enabled' },
  );
  expect(observe([fake]).state.announced).toBeUndefined();
  const log = event(
    'JinjaLogInfo',
    { msg: 'Received skip execution response for node x' },
    { level: 'info' },
  );
  expect(observe([log]).state.answers).toBe(0);
});

test('knows the older speaker RunCache', () => {
  const old = event('AdapterEventInfo', {
    name: 'RunCache',
    base_msg: 'run-cache v{} is {}',
    args: ['1.0.0', 'enabled'],
  });
  expect(observe([old]).state).toMatchObject({ announced: 'enabled', version: '1.0.0' });
});

test.each([
  ['dbt State saved you 33.08s on 27 nodes in this job.', { nodeMs: 33_080, nodes: 27 }],
  ['dbt State saved you 1.23s on 1 node in this job.', { nodeMs: 1230, nodes: 1 }],
  ['dbt State saved you 2m5s on 3 nodes in this job.', { nodeMs: 125_000, nodes: 3 }],
  ['dbt State saved you 3m on 3 nodes in this job.', { nodeMs: 180_000, nodes: 3 }],
  ['dbt State saved you 1h20m on 3 nodes in this job.', { nodeMs: 4_800_000, nodes: 3 }],
  ['dbt State saved you a lot on 3 nodes in this job.', undefined],
])('savings: %s', (line, expected) => {
  expect(observe([said('info', line)]).savings).toEqual(expected);
});

test('the end of a batch is not the end of a microbatch model', () => {
  const micro = 'model.a.micro';
  const batch = [
    started(micro),
    event('LogBatchResult', { node_info: nodeInfo(micro) }, { level: 'info' }),
    finished(micro),
  ];
  const open = observe([started(micro), ...batch, ...batch]);
  expect(open.nodes.get(micro)).toMatchObject({ started: true });
  expect(open.nodes.get(micro)?.finished).toBeUndefined();

  const done = observe([
    started(micro),
    ...batch,
    event('LogModelResult', { node_info: nodeInfo(micro) }, { level: 'info' }),
    finished(micro, { status: 'partial success', message: 'PARTIAL SUCCESS (1/2)' }),
  ]);
  expect(done.nodes.get(micro)?.finished).toMatchObject({ status: 'partial success' });
});

test('keeps a bounded number of different messages and counts the rest', () => {
  const observations = createObservations();
  for (let at = 0; at < 300; at += 1) {
    observations.add(event('SomeWarning', {}, { level: 'warn', msg: `warning ${at}` }));
    observations.add(event('SameWarning', {}, { level: 'warn', msg: 'always the same' }));
  }
  const { messages } = observations.current();
  expect(messages.list).toHaveLength(200);
  expect(messages.list.find((message) => message.name === 'SameWarning')?.count).toBe(300);
  expect(messages.leftOut).toBe(101);
});

test('memory grows with nodes, not with events', () => {
  const observations = createObservations();
  for (let at = 0; at < 2000; at += 1) {
    observations.add(started('model.a.one'));
    observations.add(
      said('warn', 'execute: dbt State failed for node {}:\n{}. Continuing without state', [
        'model.a.one',
        `boom ${at}`,
      ]),
    );
  }
  const seen = observations.current();
  expect(seen.eventCount).toBe(4000);
  expect(seen.nodes.size).toBe(1);
  expect(seen.state.troubles).toHaveLength(1);
  expect(seen.state.troubles[0]).toMatchObject({ count: 2000, nodes: ['model.a.one'] });
});

test('a deprecation dbt shows once is counted as often as its summary says', () => {
  const seen = observe(eventsOf(fixture('dbt-core-1.11/core-1.11-build-json-logs.jsonl')));
  const one = seen.messages.list.find((message) => message.kind === 'deprecation');
  expect(one).toMatchObject({ name: 'MissingArgumentsPropertyInGenericTestDeprecation', count: 4 });
  expect(one?.message).toMatch(/^Found top-level arguments to test `relationships`/);
  expect(one?.message).not.toContain('\n');
});

test('what a node result says is not repeated among the messages', () => {
  const noise = [
    'LogTestResult',
    'RunResultWarning',
    'LogModelResult',
    'LogFreshnessResult',
    'LogSkipBecauseError',
  ];
  const seen = observe(noise.map((name) => event(name, {}, { level: 'warn', msg: 'about a node' })));
  expect(seen.messages.list).toEqual([]);
});

test('malformed events are passed over', () => {
  const seen = observe([
    event('NodeStart'),
    event('NodeFinished', { node_info: { unique_id: 7 }, run_result: 'x' }),
    event('RuncacheSelection', { nodes: [null, 1, {}] }),
    event('AdapterEventDebug', { name: 'State' }),
    event('DeprecationsSummary', { summaries: [3] }),
  ]);
  expect(seen.nodes.size).toBe(0);
  expect(seen.selected).toEqual([]);
});
