import { describe, expect, test } from 'vitest';
import { createObservations } from '../../../../sdk/decisions/observations.ts';
import type { DbtEvent } from '../../../../sdk/runtimes/dbt-event.ts';
import { BEGUN, line, recorded, translated } from './translated.ts';

async function eventsOf(name: string): Promise<readonly DbtEvent[]> {
  return translated(await recorded(name));
}

function observed(events: readonly DbtEvent[]) {
  const observations = createObservations();
  for (const event of events) observations.add(event);
  return observations.current();
}

/** Each node's status, `started` for one without an end. */
function statuses(events: readonly DbtEvent[]): Record<string, string> {
  const { nodes } = observed(events);
  return Object.fromEntries(
    [...nodes.values()].map((facts) => [facts.name, facts.finished?.status ?? 'started']),
  );
}

const named = (events: readonly DbtEvent[], name: string) =>
  events.filter((event) => event.info.name === name);

describe('a build that succeeds', () => {
  test('in dbt Core’s words from its beginning to its end', async () => {
    const events = await eventsOf('success');
    const { nodes, ...run } = observed(events);
    expect(run).toMatchObject({
      dbtVersion: '2.0.0-preview.196',
      adapterType: 'duckdb',
      completed: { success: true },
      // Without the ephemeral model, which dbt v2 counts.
      selectedCount: 4,
      mainErrors: [],
    });
    expect(statuses(events)).toEqual({
      'books-on-run-start-0': 'success',
      raw: 'no-op',
      titles: 'success',
      unique_titles_id: 'pass',
      accepted_values_titles_id__1: 'pass',
      shelf: 'success',
    });
    expect(nodes.get('model.books.shelf')).toMatchObject({
      resourceType: 'model',
      materialized: 'view',
      started: true,
      finished: { status: 'success', adapterBare: false, rowsAffected: 0 },
    });
    expect(nodes.get('model.books.shelf')?.finished?.executionMs).toBeGreaterThan(0);
  });

  test('every event bears the invocation and the time at which it happened', async () => {
    const events = await eventsOf('success');
    const ids = new Set(events.map((event) => event.info.invocation_id));
    expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)]);
    const times = events.map((event) => Date.parse(event.info.ts));
    expect(Math.min(...times)).toBeGreaterThan(Date.parse('2026-01-01'));
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(10_000);
  });

  test('nodes are numbered as they start, hooks and ephemeral models apart', async () => {
    const started = named(await eventsOf('success'), 'LogStartLine');
    expect(started.map(({ data }) => [data['index'], data['total']])).toEqual([
      [undefined, undefined],
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
  });

  test('a warning of the project keeps dbt’s name for it, where it is, and its node', async () => {
    const { messages } = observed(await eventsOf('success'));
    expect(messages.list).toEqual([
      {
        kind: 'warning',
        name: 'JinjaWarn',
        message: 'two rows at most\n  --> models/titles.sql:1:1',
        count: 2,
      },
    ]);
  });
});

describe('what fails', () => {
  test('a test that fails is a success to dbt v2 and a failure here, and what comes after it names it', async () => {
    const events = await eventsOf('failing-test');
    expect(statuses(events)).toMatchObject({
      titles: 'success',
      accepted_values_titles_id__2: 'fail',
      unique_titles_id: 'pass',
      shelf: 'skipped',
    });
    const { nodes, skipCauses, completed } = observed(events);
    const test = [...nodes.values()].find((facts) => facts.name === 'accepted_values_titles_id__2');
    expect(test?.finished?.failures).toBe(1);
    expect([...skipCauses]).toEqual([[test?.uniqueId, 'fail']]);
    expect(completed).toEqual({ success: false });
  });

  test('a model that fails has its error without the call stack, and skips what comes after it', async () => {
    const lines = await recorded('failing-model');
    expect(lines.join('\n')).toContain('<unknown>');
    const events = translated(lines);
    expect(statuses(events)).toMatchObject({
      titles: 'error',
      unique_titles_id: 'skipped',
      shelf: 'skipped',
    });
    const { nodes, skipCauses, mainErrors } = observed(events);
    expect(nodes.get('model.books.titles')?.finished?.message).toMatch(
      /^Database Error in model titles[\s\S]*Scalar Function with name nofn does not exist!/,
    );
    expect(JSON.stringify(events)).not.toMatch(/<unknown>|clone3|start_thread/);
    expect([...skipCauses]).toEqual([['model.books.titles', 'error']]);
    expect(mainErrors).toEqual([]);
  });

  test('an error that no node has is what ended the run', async () => {
    const { nodes, mainErrors, completed } = observed(await eventsOf('broken-ref'));
    expect(nodes.size).toBe(0);
    expect(mainErrors).toEqual([
      "[DependencyNotFound (dbt1048)]: Ref 'gone' not found in project. Searched for 'books.gone, gone'\n" +
        '  --> models/broke.sql:1:15',
    ]);
    expect(completed).toEqual({ success: false });
  });

  test('a hook that fails', async () => {
    const { nodes } = observed(await eventsOf('failing-hook'));
    const [hook, ...others] = [...nodes.values()];
    expect(hook).toMatchObject({
      uniqueId: 'operation.books.books-on-run-start-0',
      resourceType: 'operation',
    });
    expect(hook?.finished).toMatchObject({
      status: 'error',
      message: expect.stringContaining('nofn does not exist'),
    });
    expect(others).toEqual([]);
  });

  test('a run that is interrupted: what had ended stays, the cancelled node ends after the signal', async () => {
    const events = await eventsOf('interrupted');
    expect(statuses(events)).toEqual({ a: 'success', d: 'success', b: 'error' });
    expect(named(events, 'OperationCanceled')).toHaveLength(1);
    expect(observed(events).mainErrors).toEqual([]);
  });
});

test('a selection of nothing', async () => {
  const { selectedCount, messages } = observed(await eventsOf('nothing'));
  expect(selectedCount).toBe(0);
  expect(messages.list.map(({ name }) => name)).toContain('NoNodesForSelectionCriteria');
});

test('the freshness of sources', async () => {
  expect(statuses(await eventsOf('freshness'))).toEqual({ titles: 'warn' });
});

describe('a file that is not this run’s alone', () => {
  test('what other runs write before and between is passed over', async () => {
    const [mine, other] = [await recorded('success'), await recorded('failing-model')];
    const mixed = [
      ...other.slice(-10),
      ...mine.flatMap((each, index) => [each, other[index + 1] ?? each.slice(0, 40)]),
    ];
    expect(translated(mixed)).toEqual(translated(mine));
  });

  test('lines that are no records, and records that lack what they should have', () => {
    const lines = [
      BEGUN,
      '',
      '{"event_type":"v1.public.events.fusion.node.NodeProcessed"',
      '{"event_type":"v1.public.events.fusion.node.NodeProcessed"}',
      line('NodeProcessed', { attributes: { node_outcome: 'NODE_OUTCOME_SUCCESS' } }),
      line('NodeProcessed', { attributes: { unique_id: 'model.a.b', node_outcome: 'NODE_OUTCOME_NEW' } }),
      line('LogMessage', { record_type: 'LogRecord', severity_number: 17 }),
    ];
    expect(translated(lines)).toEqual([]);
  });
});

test('of a script that starts dbt twice under one id, the first is followed', () => {
  const attributes = {
    unique_id: 'model.books.titles',
    in_selection: true,
    node_outcome: 'NODE_OUTCOME_SUCCESS',
  };
  const node = line('NodeProcessed', { attributes });
  expect(translated([BEGUN, node, BEGUN, node])).toEqual(translated([BEGUN, node]));
  expect(translated([BEGUN, node])).toHaveLength(1);
});
