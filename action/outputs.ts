import * as core from '@actions/core';
import type { Explanation, RunResult } from '../sdk/index.ts';

/** The outputs of action.yml. What is not known is empty, never zero. */
export function outputsOf(
  result: RunResult,
  explanation: Explanation,
  summaryPath: string | undefined,
): Record<string, string> {
  const { totals } = explanation;
  const { byAction, tests } = totals;
  // A replay is no second saving of dbt State's, and nothing of what that run did was done now: only how it ended stands.
  const isReplay = explanation.dedup?.kind === 'replayed';
  const savedMs = isReplay ? undefined : result.savings?.nodeMs;
  const done = (many: number): string => text(isReplay ? 0 : many);
  return {
    outcome: result.outcome,
    'failure-code': result.outcome === 'failed' ? result.failure.code : '',
    state: explanation.state.kind,
    'exit-code': text(result.exitCode),
    'invocation-id': result.invocationId ?? '',
    'nodes-total': text(totals.nodes),
    built: done(byAction.built),
    // Tests whose stored result was reused have an output of their own.
    reused: done(byAction.reused - tests.reused.total),
    cloned: done(byAction.cloned),
    skipped: text(byAction.skipped),
    interrupted: text(byAction.interrupted),
    failed: text(totals.failures),
    warnings: text(totals.warnings),
    'tests-executed': done(tests.executed.total),
    'tests-reused': done(tests.reused.total),
    'saved-seconds': savedMs === undefined ? '' : text(savedMs / 1000),
    'run-results-path': result.artifactPaths.runResults ?? '',
    'decisions-path': result.decisionsPath ?? '',
    'report-path': result.reportPath ?? '',
    'summary-path': summaryPath ?? '',
  };
}

export function writeOutputs(outputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
