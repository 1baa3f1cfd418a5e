import { afterEach, describe, expect, test, vi } from 'vitest';
import { annotate } from '../../action/annotations.ts';
import { whyItRan } from '../../action/follow-run.ts';
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

test('a run without a key is annotated: a setting is missing', () => {
  const unknown = [{ part: 'data', why: 'nobody said' }];
  expect(annotations(report({ dedup: executedDedup({ kind: 'no-key', unknown }, 'none') }))).toEqual([
    expect.stringMatching(
      /^::warning title=The ledger::.* it has no key .*%0AThe data in the warehouse: Nobody said\.$/,
    ),
  ]);
});

describe('the line of the log that says why dbt ran', () => {
  const line = (given: RunReport): string | undefined =>
    whyItRan({ ...given, artifacts: {} } as RunResult, explain(given));
  const began = { decisions: [failed] };

  test('and whether the result is kept', () => {
    expect(line(report({ ...began, dedup: executedDedup({ kind: 'no-record' }) }))).toMatch(
      /^Why dbt ran: The ledger has no result for this run, and none for a similar one\. This result is now in the ledger: .*\.$/,
    );
    expect(line(report({ ...began, dedup: executedDedup({ kind: 'no-record' }, 'inputs-changed') }))).toMatch(
      / similar one\. Not kept: files of the project changed while dbt ran\.$/,
    );
    const because = { kind: 'distrusted', run: earlierRun(), why: 'it is new' } as const;
    expect(line(report({ ...began, dedup: executedDedup(because) }))).toMatch(
      / \(https:.*\)\. But what it left may be gone\. It is new\. Kept: an identical run can take this result\.$/,
    );
  });

  test('with the inputs that are not known, on one line', () => {
    const unknown = [{ part: 'data\n::error::x', why: 'nobody\rsaid' }];
    const said = line(report({ dedup: executedDedup({ kind: 'no-key', unknown }, 'none') }));
    expect(said).toMatch(/: Nobody said\. Nothing was kept of this run\.$/);
    expect(said).not.toMatch(/[\r\n]/);
  });

  test('there is none of any other run', () => {
    expect(line(report())).toBeUndefined();
    expect(line(replayedReport())).toBeUndefined();
    expect(line(skippedReport(earlierRun()))).toBeUndefined();
  });
});
