import { describe, expect, test } from 'vitest';
import { filesToRead, withLines } from '../../../sdk/decisions/locate-decisions.ts';
import { decideRecorded, of, outline, recorded } from './recorded.ts';

// Real runs of dbt 1.11 on DuckDB, with State switched off.

describe('dbt build with errors, tests and unit tests', () => {
  const decided = decideRecorded('duck-build');

  test('a unit test that fails stops its model and all that follows', () => {
    expect(of(decided, 'ut_bad')).toMatchObject({
      action: 'tested',
      because: 'state-disabled',
      failed: true,
    });
    expect(of(decided, 'events_ut')).toMatchObject({
      action: 'skipped',
      because: 'upstream-failed',
      detail: 'unit_test.duck.events_ut.ut_bad',
    });
    expect(of(decided, 'ut_ok')).toMatchObject({ action: 'skipped', detail: 'unit_test.duck.stg.ut_err' });
    // Through an ephemeral model, which has no result of its own.
    expect(of(decided, 'grandchild')).toMatchObject({ detail: 'unit_test.duck.stg.ut_err' });
    expect(of(decided, 'dash')).toMatchObject({
      resourceType: 'exposure',
      detail: 'unit_test.duck.events_ut.ut_bad',
    });
  });

  test('messages come without colours', () => {
    expect(of(decided, 'ut_bad').message).toContain('actual differs from expected');
    expect(JSON.stringify(decided)).not.toContain('\\u001b');
  });

  test('hooks ran, and they have no failures to count', () => {
    expect(of(decided, 'duck-on-run-start-0')).toMatchObject({
      action: 'ran',
      because: 'not-subject-to-state',
      location: { path: 'dbt_project.yml' },
    });
    expect(of(decided, 'duck-on-run-start-0')).not.toHaveProperty('failures');
  });

  test('a model whose own SQL answers NO-OP is built', () => {
    expect(of(decided, 'noop_message')).toMatchObject({ action: 'built', message: 'NO-OP' });
  });

  test('every node of the run once, no ephemeral model', () => {
    const ids = decided.decisions.map((one) => one.uniqueId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain('model.duck.eph');
    expect(ids).toHaveLength(recorded('duck-build').runResults?.results.length ?? -1);
  });
});

test('warnings do not fail, errors of tests do, and an exposure is a no-op', () => {
  const decided = decideRecorded('duck-build-no-unit');
  expect(of(decided, 'id_is_small')).toMatchObject({
    action: 'tested',
    status: 'warn',
    failed: false,
    failures: 2,
  });
  expect(of(decided, 'unique_stg_id')).toMatchObject({ action: 'tested', status: 'fail', failed: true });
  expect(decided.decisions.find((one) => one.name.startsWith('relationships_'))).toMatchObject({
    action: 'failed',
    because: 'error',
    failed: true,
  });
  expect(of(decided, 'dash')).toMatchObject({ action: 'no-op', because: 'nothing-to-do', failed: false });
});

test('a microbatch model with a failed batch fails, with the batch’s own words', () => {
  const micro = of(decideRecorded('duck-build'), 'micro');
  expect(micro).toMatchObject({ action: 'failed', because: 'error', failed: true });
  expect(micro.status).toMatch(/^(partial success|error)$/);
  expect(micro.detail).toContain('Conversion Error');
  expect(of(decideRecorded('duck-build'), 'after_micro').detail).toBe('model.duck.micro');
});

test('fail-fast: what ran on is reported skipped, and its own end contradicts that', () => {
  const decided = decideRecorded('duck-fail-fast', { command: 'test' });
  const skipped = decided.decisions.filter((one) => one.because === 'fail-fast');
  expect(skipped.length).toBeGreaterThan(3);
  expect(skipped.every((one) => one.action === 'skipped' && one.basis === 'reported' && !one.failed)).toBe(
    true,
  );
  const contradicted = skipped.filter((one) => one.evidence.some((evidence) => evidence.conflicts));
  expect(contradicted.length).toBeGreaterThan(0);
  for (const one of contradicted) {
    expect(one.evidence.find((evidence) => evidence.conflicts)).toMatchObject({ source: 'event' });
  }
});

test('source freshness: dbt leaves a source it could not query out of sources.json', () => {
  const decided = decideRecorded('duck-freshness', { command: 'source freshness' });
  expect(outline(decided)).toEqual({
    events: 'checked not-subject-to-state',
    fresh: 'checked not-subject-to-state',
    raw: 'checked not-subject-to-state',
    missing_table: 'failed error',
  });
  expect(decided.decisions.map((one) => [one.name, one.status, one.failed])).toEqual([
    ['events', 'warn', false],
    ['fresh', 'pass', false],
    ['raw', 'error', true],
    ['missing_table', 'runtime error', true],
  ]);
  expect(of(decided, 'missing_table').message).toContain('missing_table does not exist');
  expect(of(decided, 'missing_table').evidence[0]?.source).toBe('event');
});

test('run-operation: its error stands only in an event', () => {
  expect(of(decideRecorded('duck-operation', { command: 'run-operation' }), 'op')).toMatchObject({
    action: 'ran',
    failed: false,
  });
  expect(of(decideRecorded('duck-bad-operation', { command: 'run-operation' }), 'bad_op')).toMatchObject({
    action: 'failed',
    failed: true,
    message: expect.stringContaining('Referenced column "nope"'),
  });
});

test('dbt compile that ends in an error leaves no results: the events tell', () => {
  const decided = decideRecorded('duck-compile-fails', { command: 'compile' });
  expect(of(decided, 'bad_jinja')).toMatchObject({
    action: 'failed',
    failed: true,
    location: { path: 'models/bad_jinja.sql' },
  });
  expect(of(decided, 'stg')).toMatchObject({ action: 'compiled', because: 'not-subject-to-state' });
});

test('an on-run-start hook that fails stops everything', () => {
  const decided = decideRecorded('duck-hook-fails', { command: 'run' });
  expect(of(decided, 'duck-on-run-start-0')).toMatchObject({ action: 'failed', failed: true });
  expect(of(decided, 'stg')).toMatchObject({
    action: 'skipped',
    because: 'upstream-failed',
    detail: 'operation.duck.duck-on-run-start-0',
  });
});

test('dbt clone and dbt show', () => {
  expect(new Set(Object.values(outline(decideRecorded('duck-clone', { command: 'clone' }))))).toEqual(
    new Set(['cloned clone-command']),
  );
  expect(outline(decideRecorded('duck-show', { command: 'show' }))).toEqual({
    inline_query: 'compiled not-subject-to-state',
  });
});

test('an ephemeral model that went well is not a node of the run', () => {
  const decided = decideRecorded('duck-run', { command: 'run' });
  expect(decided.decisions.map((one) => one.name)).not.toContain('eph');
});

test('lines are added where a reader will look', () => {
  const { decisions } = decideRecorded('duck-build-no-unit');
  const paths = filesToRead(decisions);
  expect(paths).toContain('models/schema.yml');
  expect(paths).not.toContain('models/stg.sql');
  const yaml =
    'models:\n  - name: stg\n    columns:\n      - name: id\n        data_tests:\n          - unique\n';
  const located = withLines(
    decisions,
    recorded('duck-build-no-unit').manifest,
    new Map([['models/schema.yml', yaml]]),
  );
  expect(located.find((one) => one.name === 'unique_stg_id')?.location).toEqual({
    path: 'models/schema.yml',
    line: 6,
  });
  expect(located.find((one) => one.name === 'stg')?.location).toEqual({ path: 'models/stg.sql' });
});
