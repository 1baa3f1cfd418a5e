import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readManifest, readRunResults } from '../../../sdk/artifacts/read.ts';
import type { RunResults } from '../../../sdk/artifacts/types.ts';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import type { Observations } from '../../../sdk/decisions/observed.ts';
import { settleResults } from '../../../sdk/run/settle-results.ts';
import { BEGUN, line, recorded, translated } from '../runtimes/otel/translated.ts';

const FIXTURES = 'test/fixtures/dbt-v2';

async function settled(name: string, withEvents = true) {
  const runResults = await readRunResults(`${FIXTURES}/${name}.run_results.json`);
  const observations = createObservations();
  if (withEvents) for (const event of translated(await recorded(name))) observations.add(event);
  return { runResults, ...settleOf(runResults, observations.current()) };
}

function settleOf(
  runResults: RunResults | undefined,
  observations: Observations,
  ended: 'finished' | 'stopped' = 'finished',
) {
  return { settled: settleResults({ runResults, observations, ended }) };
}

describe('results of a run that dbt v2 broke off', () => {
  test('say nothing: the events do, and what they are silent about was not reached', async () => {
    const { runResults, settled: found } = await settled('interrupted');
    expect(runResults.results.map((entry) => entry.status)).toEqual(['error', 'error', 'error', 'error']);
    expect(found.runResults).toBeUndefined();
    expect(found.observations.selected?.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    const nodes = [...found.observations.nodes.values()];
    expect(Object.fromEntries(nodes.map((facts) => [facts.name, facts.finished?.status]))).toEqual({
      a: 'success',
      b: 'error',
      c: undefined,
      d: 'success',
    });
    expect(found.notices.map(({ name }) => name)).toEqual(['run-results-void']);
  });

  test('after a failed hook the nodes were skipped', async () => {
    const { settled: found } = await settled('failing-hook');
    const nodes = [...found.observations.nodes.values()];
    expect(Object.fromEntries(nodes.map((facts) => [facts.name, facts.finished?.status]))).toMatchObject({
      'books-on-run-start-0': 'error',
      titles: 'skipped',
      shelf: 'skipped',
    });
  });

  test('stay where no event was heard', async () => {
    const { runResults, settled: found } = await settled('interrupted', false);
    expect(found.runResults?.results).toEqual(runResults.results);
    expect(found.notices).toEqual([]);
  });
});

describe('results of a run that went to its end', () => {
  test('stay, but for ephemeral models', async () => {
    const { runResults, settled: found } = await settled('success');
    const names = runResults.results.map((entry) => entry.unique_id);
    expect(names).toContain('model.books.raw');
    expect(found.runResults?.results.map((entry) => entry.unique_id)).toEqual(
      names.filter((name) => name !== 'model.books.raw'),
    );
    expect(found.notices).toEqual([]);
  });

  test('stay where one node alone failed', async () => {
    const { settled: found } = await settled('failing-model');
    expect(found.runResults?.results.map((entry) => entry.status)).toContain('error');
  });
});

describe('results that are errors without a word', () => {
  const error = (message: string) =>
    line('LogMessage', {
      record_type: 'LogRecord',
      severity_number: 17,
      body: message,
      attributes: { code: 1048, code_name: 'DependencyNotFound' },
    });
  const REF = "Ref 'nope' not found in project. Searched for 'books.nope, nope'\n  --> models/shelf.sql:1:15";

  /** What dbt v2 writes of nodes that it never came to. */
  async function unreached(names: readonly string[], lines: readonly string[], ended?: 'stopped') {
    const interrupted = await readRunResults(`${FIXTURES}/interrupted.run_results.json`);
    const [entry] = interrupted.results;
    if (entry === undefined) throw new Error('The recording has no results');
    const results = names.map((name) => ({ ...entry, unique_id: `model.books.${name}` }));
    const observations = createObservations();
    for (const event of translated([BEGUN, ...lines])) observations.add(event);
    return settleResults({
      runResults: { ...interrupted, results },
      manifest: await readManifest(`${FIXTURES}/success.manifest.json`),
      observations: observations.current(),
      ended: ended ?? 'finished',
    });
  }

  const messages = ({ runResults }: ReturnType<typeof settleResults>) =>
    runResults?.results.map(({ status, message }) => [status, message]);

  test('a broken reference fails its node, in dbt’s words about its file', async () => {
    const found = await unreached(['shelf'], [error('Another error'), error(REF)]);
    expect(messages(found)).toEqual([['error', `[DependencyNotFound (dbt1048)]: ${REF}`]]);
    expect(found.notices).toEqual([]);
  });

  test('so does one in an ephemeral model', async () => {
    expect(messages(await unreached(['raw'], [error(REF)]))).toHaveLength(1);
  });

  test('a database that cannot be opened fails every node, each with that error', async () => {
    const found = await unreached(['titles', 'shelf'], [error('Cannot open file')]);
    const said = '[DependencyNotFound (dbt1048)]: Cannot open file';
    expect(messages(found)).toEqual([
      ['error', said],
      ['error', said],
    ]);
  });

  test('stay where the events agree, and an ephemeral model, which has no end, is none that was at work', async () => {
    const node = (name: string, more: object = {}) => ({
      attributes: { unique_id: `model.books.${name}`, name, in_selection: true, ...more },
    });
    const found = await unreached(
      ['raw', 'titles'],
      [
        line('NodeProcessed', {
          record_type: 'SpanStart',
          ...node('raw', { materialization: 'NODE_MATERIALIZATION_EPHEMERAL' }),
        }),
        line('NodeProcessed', { record_type: 'SpanStart', ...node('titles') }),
        line('NodeProcessed', {
          ...node('titles', { node_outcome: 'NODE_OUTCOME_ERROR' }),
          status: { code: 2, message: 'No such column' },
        }),
        error('Another error'),
      ],
    );
    expect(messages(found)?.at(-1)).toEqual(['error', 'No such column']);
    expect(found.notices).toEqual([]);
  });

  test('of a run that was stopped say nothing, though no node had begun', async () => {
    const found = await unreached(['titles'], [error('Operation was cancelled')], 'stopped');
    expect(found.runResults).toBeUndefined();
    expect(found.notices).toHaveLength(1);
  });

  test('nor where one had succeeded and another was not begun', async () => {
    const attributes = { unique_id: 'model.books.titles', name: 'titles', in_selection: true };
    const lines = [
      line('NodeProcessed', { record_type: 'SpanStart', attributes }),
      line('NodeProcessed', { attributes: { ...attributes, node_outcome: 'NODE_OUTCOME_SUCCESS' } }),
    ];
    const found = await unreached(['titles', 'shelf'], lines);
    expect(found.runResults).toBeUndefined();
    expect(found.observations.selected).toHaveLength(2);
    expect(found.observations.nodes.get('model.books.titles')?.finished?.status).toBe('success');
    expect(found.observations.nodes.get('model.books.shelf')).toMatchObject({ started: false });
  });

  test('nor do they of a run in which one of them was still at work', async () => {
    const attributes = { unique_id: 'model.books.titles', name: 'titles', in_selection: true };
    const begun = line('NodeProcessed', { record_type: 'SpanStart', attributes });
    expect((await unreached(['titles', 'shelf'], [begun])).runResults).toBeUndefined();
  });
});

test('there are none', () => {
  const observations = createObservations().current();
  expect(settleResults({ observations, ended: 'finished' })).toEqual({
    runResults: undefined,
    observations,
    notices: [],
  });
});

test('the recording is one of a stopped run', () => {
  expect(readFileSync(`${FIXTURES}/interrupted.otel.jsonl`, 'utf8')).toContain('OperationCanceled');
});
