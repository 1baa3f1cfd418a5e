import { afterEach, expect, test, vi } from 'vitest';
import { annotate } from '../../action/annotations.ts';
import { failureMessage } from '../../action/verdict.ts';
import { explain, type RunReport, type RunResult } from '../../sdk/index.ts';
import {
  decision,
  earlierRun,
  executedDedup,
  replayedReport,
  report,
  skippedReport,
} from '../support/report-builder.ts';

const failed = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
});
const failure = { code: 'nodes-failed', message: '1 node failed' } as const;

function message(given: RunReport, failOn: 'error' | 'warning' | 'never'): string | undefined {
  return failureMessage({ ...given, artifacts: {} } as RunResult, explain(given), failOn);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the runner reads from the step's output. */
function annotations(given: RunReport, mode: 'all' | 'failures' = 'all'): string[] {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line).trim()) > 0);
  annotate(explain(given), { mode, pathOf: () => undefined });
  vi.restoreAllMocks();
  return lines;
}

test('a step that fails on a replay says that nothing ran, and whose failure it is', () => {
  const given = replayedReport({ decisions: [failed], failure });
  expect(message(given, 'error')).toMatch(
    /^Nothing ran now\. Taken from the ledger: this is the failure of an identical run that finished at 2026-11-20 18:02:11 UTC\. .*\n1 node failed$/,
  );
  expect(message(given, 'never')).toBeUndefined();
  const warned = replayedReport({ decisions: [decision({ status: 'warn' })] });
  expect(message(warned, 'warning')).toMatch(
    /^Nothing ran now\. Taken from the ledger: .*\n1 node ended with a warning/,
  );
  expect(message(warned, 'error')).toBeUndefined();
});

test('a skipped run does not fail the step', () => {
  expect(message(skippedReport(earlierRun()), 'warning')).toBeUndefined();
});

test('a replay is annotated as one, and so is each failure of it', () => {
  const lines = annotations(replayedReport({ decisions: [failed], failure }));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^::error title=orders.* This happened in an earlier, identical run\. dbt did not run now\.$/,
  );
  expect(lines[1]).toMatch(
    /^::notice title=dbt build failed earlier[^:]*::.*: replayed, nothing ran\. Taken from the ledger: .*actions\/runs\/123/,
  );
  expect(lines[1]?.split('::').at(-1)).not.toMatch(/nothing ran.*nothing ran/i);
  expect(annotations(replayedReport(), 'failures')).toEqual([]);
});

test('a skipped run warns that it has no result', () => {
  expect(annotations(skippedReport(earlierRun()))).toEqual([
    expect.stringMatching(
      /^::warning title=dbt build%3A skipped%2C no result::.* that began at .*actions\/runs\/123.*nothing is proven/,
    ),
  ]);
});

test('an executed run is annotated only where the ledger did not do its part, and not twice', () => {
  expect(annotations(report({ dedup: executedDedup({ kind: 'no-record' }) }))).toEqual([]);
  expect(annotations(report({ dedup: executedDedup({ kind: 'no-record' }, 'inputs-changed') }))).toEqual([
    expect.stringMatching(/^::warning title=The ledger::.*Files of the project changed/),
  ]);
  const notices = [{ kind: 'problem', name: 'dedup-unavailable', message: 'no', count: 1 }] as const;
  const dedup = executedDedup({ kind: 'unavailable', why: 'no' }, 'none');
  expect(annotations(report({ dedup, notices }))).toEqual([
    expect.stringMatching(/^::warning title=dedup-unavailable/),
  ]);
});
