import type { ErrorCode } from '../errors.ts';
import type { RunReport } from '../result.ts';
import { hasFailed } from './explain-node.ts';
import type { Headline, Totals, Verdict } from './explanation.ts';
import { clause, counted, duration } from './format.ts';
import { typesCounted } from './resource-type.ts';
import { tallyInWords } from './totals.ts';

/** How each way to fail is put: the verdict, and what follows the command in the title. */
const FAILURES: Readonly<Record<ErrorCode, readonly [Verdict, string]>> = {
  'nodes-failed': ['failed', 'failed'],
  cancelled: ['stopped', 'was cancelled'],
  'timed-out': ['stopped', 'ran out of time and was stopped'],
  'dbt-crashed': ['stopped', 'ended unexpectedly'],
  'dbt-failed': ['not-done', 'could not be done'],
  'invalid-options': ['not-done', 'was not started'],
  'project-not-found': ['not-done', 'was not started'],
  'project-invalid': ['not-done', 'was not started'],
  'profile-not-found': ['not-done', 'was not started'],
  'profile-invalid': ['not-done', 'was not started'],
  'target-not-found': ['not-done', 'was not started'],
  'dbt-not-found': ['not-done', 'was not started'],
  'dbt-not-usable': ['not-done', 'was not started'],
  'target-path-busy': ['not-done', 'was not started'],
  'artifact-missing': ['failed', 'ended, but its results could not be read'],
  'artifact-unreadable': ['failed', 'ended, but its results could not be read'],
  'artifact-empty': ['failed', 'ended, but its results could not be read'],
  'artifact-truncated': ['failed', 'ended, but its results could not be read'],
  'artifact-not-json': ['failed', 'ended, but its results could not be read'],
  'artifact-too-large': ['failed', 'ended, but its results could not be read'],
  'artifact-invalid': ['failed', 'ended, but its results could not be read'],
  'artifact-unsupported-version': ['failed', 'ended, but its results could not be read'],
  'artifact-other-invocation': ['failed', 'ended, but its results could not be read'],
  'report-unwritable': ['failed', 'ended, but its report could not be written'],
  'report-missing': ['failed', 'ended, but its report is missing'],
  internal: ['failed', 'could not be reported'],
};

/** What a reader takes away in the first second. */
export function headline(report: RunReport, totals: Totals): Headline {
  const command = clause(report.command) === '' ? 'dbt' : `dbt ${clause(report.command)}`;
  const { failure } = report;
  if (failure === undefined) {
    const warnings = totals.warnings === 0 ? '' : ` with ${counted(totals.warnings, 'warning')}`;
    return { verdict: 'passed', title: `${command} passed${warnings}`, sentence: done(report, totals) };
  }
  const [verdict, words] = FAILURES[failure.code];
  return {
    verdict,
    title: `${command} ${words}`,
    sentence: failure.code === 'nodes-failed' ? failed(report, totals) : notDone(report, totals),
    code: failure.code,
  };
}

function done(report: RunReport, totals: Totals): string {
  const time = duration(report.wallMs);
  if (totals.nodes > 0) return `${tallyInWords(totals.lines)}, in ${time}.`;
  return report.selectedCount === 0
    ? `No node was selected, so dbt did nothing (${time}).`
    : `Done in ${time}.`;
}

function failed(report: RunReport, totals: Totals): string {
  const failures = report.decisions.filter(hasFailed);
  const skipped = totals.byAction.skipped;
  const what = failures.length === 0 ? sentenceOf(report) : `${typesCounted(failures)} failed.`;
  const held = skipped === 0 ? '' : ` ${counted(skipped, 'node was', 'nodes were')} skipped.`;
  return `${what}${held} It took ${duration(report.wallMs)}.`;
}

function notDone(report: RunReport, totals: Totals): string {
  if (totals.nodes === 0) return sentenceOf(report);
  return `${sentenceOf(report)} In ${duration(report.wallMs)}: ${tallyInWords(totals.lines)}.`;
}

/** The failure's own sentence on one line, with its full stop. */
function sentenceOf({ failure }: RunReport): string {
  const said = clause(failure?.message ?? '');
  return said === '' ? 'No cause was given.' : `${said}${/[.!?…]$/.test(said) ? '' : '.'}`;
}
