import { expect, test } from 'vitest';
import { exitCodeOf } from '../../sdk/cli/exit-codes.ts';
import type { ErrorCode, RunResult } from '../../sdk/index.ts';
import { failedReport } from '../support/report-builder.ts';

const failed = (code: ErrorCode): RunResult => ({
  ...failedReport(),
  outcome: 'failed',
  failure: { code, message: 'x' },
  artifacts: {},
});

test('1 is dbt’s word for failed nodes; a run without the State it was to have is 2', () => {
  expect(exitCodeOf(failed('nodes-failed'), undefined)).toBe(1);
  expect(exitCodeOf(failed('run-cache-required'), undefined)).toBe(2);
  expect(exitCodeOf(failed('state-setting-invalid'), undefined)).toBe(2);
  expect(exitCodeOf(failed('cancelled'), 'SIGINT')).toBe(130);
});
