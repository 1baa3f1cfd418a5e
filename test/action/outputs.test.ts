import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { outputsOf } from '../../action/outputs.ts';
import {
  type ExecutedBecause,
  explain,
  type RunReport,
  type RunResult,
  type StateComparison,
} from '../../sdk/index.ts';
import {
  decision,
  EARLIER_URL,
  earlierRun,
  executedDedup,
  KEY_DIGEST,
  replayedReport,
  report,
  reusedTest,
  skipped,
  skippedReport,
  testDecision,
} from '../support/report-builder.ts';
import { REPOSITORY } from '../support/repository.ts';

function outputs(given: Partial<RunReport> = {}): Record<string, string> {
  const run = {
    ...('schemaVersion' in given ? given : report(given)),
    artifacts: {},
    reportPath: '/repo/report.json',
    decisionsPath: '/repo/decisions.jsonl',
  } as RunResult;
  return outputsOf(run, explain(run), '/repo/summary.md');
}

test('action.yml lists exactly these', () => {
  const { outputs: described } = parse(readFileSync(join(REPOSITORY, 'action.yml'), 'utf8'));
  expect(Object.keys(outputs())).toEqual(Object.keys(described));
});

test('tests reused, tests executed and nodes reused are three numbers', () => {
  const decisions = [
    decision({ name: 'a' }),
    decision({ name: 'b', action: 'reused', because: 'no-changes' }),
    decision({ name: 'c', action: 'cloned', because: 'clone-of-other-environment' }),
    reusedTest({ name: 't1' }),
    reusedTest({ name: 't2' }),
    testDecision({ name: 't3' }),
    testDecision({ name: 't4', status: 'fail', failed: true }),
    testDecision({ name: 't5', status: 'warn' }),
    skipped('d', 'model.jaffle_shop.a'),
  ];
  expect(outputs({ decisions, savings: { nodeMs: 1230, nodes: 3 } })).toMatchObject({
    'nodes-total': '9',
    built: '1',
    reused: '1',
    cloned: '1',
    skipped: '1',
    failed: '1',
    warnings: '1',
    'tests-executed': '3',
    'tests-reused': '2',
    'saved-seconds': '1.23',
    'report-path': '/repo/report.json',
    'decisions-path': '/repo/decisions.jsonl',
    'summary-path': '/repo/summary.md',
    state: explain(report({ decisions })).state.kind,
  });
});

test('nothing saved that was reported is 0, nothing reported is empty', () => {
  expect(outputs({ savings: { nodeMs: 0, nodes: 0 } })['saved-seconds']).toBe('0');
  expect(outputs()['saved-seconds']).toBe('');
});

test('state says what is known of it', () => {
  expect(outputs({ state: { kind: 'absent' } })['state']).toBe('absent');
  expect(outputs({ state: { kind: 'unknown', why: 'x' } })['state']).toBe('unknown');
});

test('of a replay they are those of the run it repeats, but for the outcome', () => {
  const that = {
    decisions: [
      decision({ name: 'a' }),
      decision({ name: 'b', action: 'reused', because: 'no-changes' }),
      reusedTest({ name: 't1' }),
      testDecision({ name: 't2', status: 'fail', failed: true }),
      skipped('d', 'model.jaffle_shop.a'),
    ],
    savings: { nodeMs: 1230, nodes: 3 },
    state: { kind: 'active', proof: 'x', troubles: [] },
  } as const;
  const replayed = outputs(replayedReport(that));
  const { 'dedup-key': key, 'replayed-from': from, 'skipped-by-run-id': by, ...rest } = replayed;
  const { 'dedup-key': _1, 'replayed-from': _2, 'skipped-by-run-id': _3, ...then } = outputs(report(that));
  expect(rest).toEqual({ ...then, outcome: 'replayed' });
  expect({ key, from, by }).toEqual({ key: KEY_DIGEST, from: EARLIER_URL, by: '123' });
  expect(replayed).toMatchObject({
    state: 'active',
    built: '1',
    reused: '1',
    'tests-executed': '1',
    'saved-seconds': '1.23',
  });
  const failure = { code: 'nodes-failed', message: 'x' } as const;
  expect(outputs(replayedReport({ ...that, failure }))).toMatchObject({
    outcome: 'failed',
    'failure-code': 'nodes-failed',
  });
});

test('a skipped run has no exit code and no result', () => {
  expect(outputs(skippedReport(earlierRun()))).toMatchObject({
    outcome: 'skipped-in-flight',
    'failure-code': '',
    'exit-code': '',
    'nodes-total': '0',
    state: 'not-applicable',
  });
});

test('why dbt ran, in one word, where there is a ledger', () => {
  const because = (given: ExecutedBecause): string | undefined =>
    outputs({ dedup: executedDedup(given) })['dedup-because'];
  const run = earlierRun();
  expect(because({ kind: 'no-record' })).toBe('no-record');
  expect(because({ kind: 'no-key', unknown: [] })).toBe('no-key');
  expect(because({ kind: 'read-only', why: 'x' })).toBe('read-only');
  expect(because({ kind: 'read-only', why: 'x', instead: { kind: 'target-changed', run } })).toBe(
    'target-changed',
  );
  for (const given of [report(), replayedReport(), skippedReport(run)])
    expect(outputs(given)['dedup-because']).toBe('');
});

test('which state of production the run was compared with, and which it left', () => {
  const of = (managedState?: RunReport['managedState']) => {
    const all = outputs(managedState === undefined ? {} : { managedState });
    return [all['state-commit'], all['state-basis'], all['published-state']];
  };
  const environment = 'production';
  const found: StateComparison = {
    ...({
      kind: 'found',
      commit: 'c0ffee',
      basis: 'ancestor',
      engine: 'core',
      dbtVersion: '1.11.2',
    } as const),
    ...{ publishedAt: '2026-01-01T00:00:00.000Z', ageMs: 1, passedOver: [] },
  };
  const published = { kind: 'published', commit: 'beef', isNewest: true } as const;
  expect(of()).toEqual(['', '', '']);
  expect(of({ environment, comparison: found })).toEqual(['c0ffee', 'ancestor', '']);
  expect(of({ environment, comparison: { kind: 'missing', because: 'none-kept', passedOver: [] } })).toEqual([
    ...['', 'missing', ''],
  ]);
  expect(of({ environment, published })).toEqual(['', '', 'beef']);
  expect(of({ environment, published: { kind: 'not-published', because: 'partial' } })).toEqual(['', '', '']);
});

test('a run that failed before the ledger answered had a key all the same', () => {
  const key = { kind: 'derived', digest: KEY_DIGEST } as const;
  const failure = { code: 'dedup-in-flight', message: 'x' } as const;
  expect(outputs({ failure, ledger: { store: 'redis', key } })).toMatchObject({
    'dedup-key': KEY_DIGEST,
    'dedup-because': '',
    'skipped-by-run-id': '',
  });
});
