import { describe, expect, test } from 'vitest';
import { verdictOnClaimed, verdictWithoutClaim } from '../../action/finish-verdict.ts';
import { readPhase } from '../../action/phase.ts';
import type { FinishedRun } from '../../sdk/index.ts';

const OUTCOMES = ['claimed', 'replayed', 'skipped-in-flight', 'failed', 'executed', 'success', 'true', ''];
const RESULTS = ['success', 'failure', 'cancelled', 'skipped'] as const;
const FINISHED: FinishedRun = {
  ...{ outcome: 'built', command: 'build', store: 'git-ref', record: 'kept', notices: [] },
};
const finish = (outcome: string, result: (typeof RESULTS)[number], claim = '') =>
  ({ kind: 'finish', claim, outcome, result }) as const;

describe('without a claim the check passes on one word alone', () => {
  const all = OUTCOMES.flatMap((outcome) => RESULTS.map((result) => [outcome, result] as const));

  test('an identical run had passed, and no job ran dbt beside the ledger', () => {
    const green = all.filter((one) => verdictWithoutClaim(finish(...one), false).failure === undefined);
    expect(green).toEqual([['replayed', 'skipped']]);
  });

  test('where no pull request waits for it, a skip is green as well, and is no result', () => {
    const green = all.filter((one) => verdictWithoutClaim(finish(...one), true).failure === undefined);
    expect(green).toEqual([
      ['replayed', 'skipped'],
      ['skipped-in-flight', 'skipped'],
    ]);
    expect(verdictWithoutClaim(finish('skipped-in-flight', 'skipped'), true).outcome).toBe(
      'skipped-in-flight',
    );
  });

  test('what failed says failed, and in which job to look', () => {
    for (const one of all) {
      const { outcome, failure } = verdictWithoutClaim(finish(...one), false);
      if (failure === undefined) continue;
      expect(outcome).toBe('failed');
      expect(failure).toMatch(/^(?:dbt|[A-Z]).*\.$/s);
    }
    expect(verdictWithoutClaim(finish('claimed', 'success'), true).failure).toContain(
      'GitHub drops an output',
    );
    expect(verdictWithoutClaim(finish('replayed', 'success'), true).failure).toContain(
      "if: needs.claim.outputs.outcome == 'claimed' && needs.claim.outputs.run-attempt == github.run_attempt",
    );
  });
});

describe('with a claim the check passes on a report alone', () => {
  test.each(OUTCOMES)('an outcome of the first job of %j', (outcome) => {
    const verdict = verdictOnClaimed(finish(outcome, 'success', 'x'), FINISHED);
    expect(verdict.failure === undefined).toBe(outcome === 'claimed');
    expect(verdict.outcome).toBe(outcome === 'claimed' ? 'executed' : 'failed');
  });

  test.each(['failed', 'unproven'] as const)('%s is no success, whatever became of the record', (outcome) => {
    const finished = { ...FINISHED, outcome, why: 'Because' };
    expect(verdictOnClaimed(finish('claimed', 'success', 'x'), finished)).toEqual({
      outcome: 'failed',
      failure: 'Because.',
    });
  });

  test('a record that is lost changes nothing about a result that is good', () => {
    const verdict = verdictOnClaimed(finish('claimed', 'success', 'x'), { ...FINISHED, record: 'lost' });
    expect(verdict).toEqual({ outcome: 'executed' });
  });
});

describe('the inputs', () => {
  const read = (inputs: Record<string, string>) => readPhase((name) => inputs[name] ?? '');

  test('nothing is a run in one job', () => {
    expect(read({})).toEqual({ kind: 'whole' });
    expect(read({ phase: 'claim' })).toEqual({ kind: 'claim' });
    expect(read({ phase: 'finish', result: 'skipped' })).toEqual(finish('', 'skipped'));
  });

  test.each([
    [{ phase: 'build' }, 'give claim or finish'],
    [{ phase: 'finish' }, 'Input result is ""'],
    [{ phase: 'finish', result: 'ok' }, 'Input result is "ok"'],
    [{ phase: 'claim', result: 'success' }, 'Input result is for the last'],
    [{ claim: 'x' }, 'Input claim is for the last'],
    [{ outcome: 'claimed' }, 'Input outcome is for the last'],
  ])('%j is a mistake', (inputs, message) => {
    expect(() => read(inputs as Record<string, string>)).toThrow(message);
  });
});
