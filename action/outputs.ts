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
  // A step that repeats another says what that one said; `outcome` tells them apart.
  const state = explanation.dedup?.kind === 'replayed' ? result.state.kind : explanation.state.kind;
  // Because of which dbt was not started here.
  const other = result.dedup === undefined || result.dedup.kind === 'executed' ? undefined : result.dedup.run;
  const { comparison, published } = result.managedState ?? {};
  const savedMs = result.savings?.nodeMs;
  return {
    outcome: result.outcome,
    // Only a run that another job is to execute has one.
    claim: '',
    'run-attempt': '',
    'dedup-key': (result.dedup ?? result.ledger)?.key?.digest ?? '',
    'dedup-because': becauseOf(result),
    'skipped-by-run-id': other?.workflowRunId ?? '',
    'replayed-from': result.dedup?.kind === 'replayed' ? (other?.url ?? '') : '',
    'state-commit': comparison?.kind === 'found' ? comparison.commit : '',
    'state-basis': comparison?.kind === 'found' ? comparison.basis : (comparison?.kind ?? ''),
    'published-state': published?.kind === 'published' ? published.commit : '',
    'failure-code': result.outcome === 'failed' ? result.failure.code : '',
    state,
    'exit-code': text(result.exitCode),
    'invocation-id': result.invocationId ?? '',
    'nodes-total': text(totals.nodes),
    built: text(byAction.built),
    // Tests whose stored result was reused have an output of their own.
    reused: text(byAction.reused - tests.reused.total),
    cloned: text(byAction.cloned),
    skipped: text(byAction.skipped),
    interrupted: text(byAction.interrupted),
    failed: text(totals.failures),
    warnings: text(totals.warnings),
    'tests-executed': text(tests.executed.total),
    'tests-reused': text(tests.reused.total),
    'saved-seconds': savedMs === undefined ? '' : text(savedMs / 1000),
    'run-results-path': result.artifactPaths.runResults ?? '',
    'decisions-path': result.decisionsPath ?? '',
    'report-path': result.reportPath ?? '',
    'summary-path': summaryPath ?? '',
  };
}

/** Why dbt was to run although there is a ledger, by its kind. */
function becauseOf({ dedup }: RunResult): string {
  if (dedup?.kind !== 'executed') return '';
  const { because } = dedup;
  return because.kind === 'read-only' ? (because.instead ?? because).kind : because.kind;
}

export function writeOutputs(outputs: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
