import { describe, expect, test } from 'vitest';
import type { NodeDecision, StateStatus } from '../../../sdk/decisions/decision.ts';
import { failureOf, type OutcomeInput } from '../../../sdk/run/outcome.ts';

const failing = (name: string): NodeDecision => ({
  uniqueId: `model.shop.${name}`,
  name,
  resourceType: 'model',
  action: 'failed',
  because: 'error',
  failed: true,
  basis: 'reported',
  evidence: [],
});

function failure(end: Partial<OutcomeInput['end']>, more: Partial<OutcomeInput> = {}) {
  return failureOf({
    end: { outputTail: '', ...end },
    decisions: [],
    runsNodes: true,
    wasHeard: true,
    mainErrors: [],
    outputTail: '',
    timeoutMs: undefined,
    ...more,
  });
}

describe('dbt’s exit code decides', () => {
  test('0 is a success, even when a stop was asked for at the last moment', () => {
    expect(failure({ exitCode: 0 })).toBeUndefined();
    expect(failure({ exitCode: 0, stopCause: 'signal' })).toBeUndefined();
  });

  test('0 of a dbt that was stopped with work left, or never heard, is no success', () => {
    const left: NodeDecision = {
      ...failing('a'),
      action: 'interrupted',
      because: 'stopped-before-start',
      failed: false,
    };
    expect(failure({ exitCode: 0, stopCause: 'timed-out' }, { decisions: [left] })?.code).toBe('timed-out');
    expect(failure({ exitCode: 0, stopCause: 'signal' }, { wasHeard: false })?.code).toBe('cancelled');
    expect(failure({ exitCode: 0 }, { wasHeard: false })).toBeUndefined();
  });

  test('1 with failed nodes names the first of them', () => {
    expect(failure({ exitCode: 1 }, { decisions: ['a', 'b', 'c', 'd', 'e'].map(failing) })).toEqual({
      code: 'nodes-failed',
      message: '5 nodes failed: a, b, c and 2 more',
    });
    expect(failure({ exitCode: 1 }, { decisions: [failing('a')] })?.message).toBe('1 node failed: a');
  });

  test('1 of a dbt v2 that could not do the run says why', () => {
    const mainErrors = ["[InvalidConfig (dbt1005)]: target 'nope' not found in profile 'shop'"];
    expect(failure({ exitCode: 1 }, { mainErrors })).toMatchObject({
      code: 'dbt-failed',
      message: mainErrors[0],
    });
    expect(failure({ exitCode: 1 }, { mainErrors, decisions: [failing('a')] })?.code).toBe('nodes-failed');
  });

  test('1 without a readable failure still is one, with what dbt printed', () => {
    expect(failure({ exitCode: 1 }, { outputTail: 'last words\n' })).toMatchObject({
      code: 'nodes-failed',
      outputTail: 'last words',
    });
  });

  test('1 of a command that runs no nodes means that it was not done', () => {
    expect(failure({ exitCode: 1 }, { runsNodes: false })?.code).toBe('dbt-failed');
  });

  test('1 of a dbt that was never heard means that it did not get to run', () => {
    expect(
      failure({ exitCode: 1 }, { wasHeard: false, outputTail: 'ModuleNotFoundError: dbt' }),
    ).toMatchObject({
      code: 'dbt-failed',
      outputTail: 'ModuleNotFoundError: dbt',
    });
  });

  test('a command line dbt refuses: its one line of error, not the usage around it', () => {
    const refused = { wasHeard: false, outputTail: "Usage: dbt build\n\nError: No such option '--nope'.\n" };
    expect(failure({ exitCode: 2 }, refused)?.message).toBe("No such option '--nope'.");
    expect(failure({ exitCode: 2 }, { ...refused, wasHeard: true })?.message).toContain('exit code 2');
  });

  test('2 tells dbt’s own error, and the end of the output', () => {
    expect(
      failure({ exitCode: 2 }, { mainErrors: ['  ', 'Runtime Error\n  no such thing\n'], outputTail: 'x' }),
    ).toEqual({ code: 'dbt-failed', message: 'Runtime Error\n  no such thing', outputTail: 'x' });
    expect(failure({ exitCode: 2 })?.message).toBe('dbt ended with exit code 2');
  });

  test('a signal nobody here sent is a crash; SIGKILL hints at memory, 137 too', () => {
    expect(failure({ signal: 'SIGSEGV' })).toMatchObject({
      code: 'dbt-crashed',
      message: expect.stringContaining('SIGSEGV'),
    });
    expect(failure({ signal: 'SIGSEGV' })?.hint).toBeUndefined();
    expect(failure({ signal: 'SIGKILL' })?.hint).toContain('memory');
    expect(failure({ exitCode: 137 })).toMatchObject({
      code: 'dbt-crashed',
      hint: expect.stringContaining('memory'),
    });
  });
});

test('a run that was stopped says by what, whatever dbt ended with', () => {
  expect(failure({ exitCode: 2, stopCause: 'timed-out' }, { timeoutMs: 90_000 })).toMatchObject({
    code: 'timed-out',
    message: 'dbt was stopped after the timeout of 90 s',
  });
  expect(failure({ signal: 'SIGKILL', stopCause: 'cancelled' })?.code).toBe('cancelled');
  expect(failure({ exitCode: 1, stopCause: 'signal' }, { decisions: [failing('a')] })?.code).toBe(
    'cancelled',
  );
});

test('no more than the last 40 lines of the output are kept', () => {
  const outputTail = Array.from({ length: 100 }, (_, i) => `line ${i}`).join('\n');
  const kept = failure({ exitCode: 2 }, { outputTail })?.outputTail?.split('\n');
  expect(kept).toHaveLength(40);
  expect(kept?.at(-1)).toBe('line 99');
});

describe('a run that was to have dbt State', () => {
  const required = (state: StateStatus, engine: 'core' | 'fusion' = 'core', exitCode = 0) =>
    failure({ exitCode }, { requiredState: { state, engine } });

  test('fails where it was not active, with cause and fix', () => {
    const trouble = { problem: 'no-credentials', fix: 'Set a token.' } as const;
    expect(required({ kind: 'inactive', trouble })).toEqual({
      code: 'run-cache-required',
      message: 'dbt State was required and was not active: no credentials',
      hint: 'Set a token.',
    });
    expect(required({ kind: 'absent' })?.hint).toContain('pip install dbt-state');
    expect(required({ kind: 'absent' }, 'fusion')?.hint).toContain('--manage-state');
    expect(required({ kind: 'disabled', by: 'RUN_CACHE_DISABLED' })).toMatchObject({
      message: expect.stringContaining('switched off by RUN_CACHE_DISABLED'),
      hint: expect.stringContaining('Take away RUN_CACHE_DISABLED'),
    });
    expect(required({ kind: 'unknown', why: 'no events' })?.message).toContain('(no events)');
  });

  test('passes where it was active or had nothing to say', () => {
    expect(required({ kind: 'active', proof: 'x', troubles: [] })).toBeUndefined();
    expect(required({ kind: 'not-applicable' })).toBeUndefined();
  });

  test('keeps a failure of dbt’s own', () => {
    expect(required({ kind: 'absent' }, 'core', 1)?.code).toBe('nodes-failed');
    expect(failure({ exitCode: 0 })).toBeUndefined();
  });
});
