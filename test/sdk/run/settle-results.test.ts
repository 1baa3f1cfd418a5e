import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRunResults } from '../../../sdk/artifacts/read.ts';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import { settleResults } from '../../../sdk/run/settle-results.ts';
import { recorded, translated } from '../runtimes/otel/translated.ts';

const FIXTURES = 'test/fixtures/dbt-v2';

async function settled(name: string, withEvents = true) {
  const runResults = await readRunResults(`${FIXTURES}/${name}.run_results.json`);
  const observations = createObservations();
  if (withEvents) for (const event of translated(await recorded(name))) observations.add(event);
  return { runResults, ...settleOf(runResults, observations.current()) };
}

function settleOf(
  ...[runResults, observations]: [Parameters<typeof settleResults>[0], Parameters<typeof settleResults>[2]]
) {
  return { settled: settleResults(runResults, undefined, observations) };
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

test('there are none', () => {
  const observations = createObservations().current();
  expect(settleResults(undefined, undefined, observations)).toEqual({
    runResults: undefined,
    observations,
    notices: [],
  });
});

test('the recording is one of a stopped run', () => {
  expect(readFileSync(`${FIXTURES}/interrupted.otel.jsonl`, 'utf8')).toContain('OperationCanceled');
});
