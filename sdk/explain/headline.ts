import type { ErrorCode } from '../errors.ts';
import type { RunReport } from '../result.ts';
import { errorInBrief } from './error-in-brief.ts';
import { hasFailed } from './explain-node.ts';
import type { Headline, Totals, Verdict } from './explanation.ts';
import { clause, counted, duration, listedUpTo } from './format.ts';
import { typesCounted } from './resource-type.ts';
import { tallyInWords } from './totals.ts';

/** How each way to fail is put: the verdict, and what follows the command in the title. */
const FAILURES: Readonly<Record<ErrorCode, readonly [Verdict, string]>> = {
  'nodes-failed': ['failed', 'failed'],
  cancelled: ['stopped', 'was cancelled'],
  'timed-out': ['stopped', 'ran out of time and was stopped'],
  'dbt-crashed': ['stopped', 'ended unexpectedly'],
  'dbt-failed': ['not-done', 'could not be done'],
  'run-cache-required': ['failed', 'ran, but without dbt State'],
  'invalid-options': ['not-done', 'was not started'],
  'config-not-found': ['not-done', 'was not started'],
  'config-invalid': ['not-done', 'was not started'],
  'state-setting-invalid': ['not-done', 'was not started'],
  'project-not-found': ['not-done', 'was not started'],
  'project-invalid': ['not-done', 'was not started'],
  'profile-not-found': ['not-done', 'was not started'],
  'profile-invalid': ['not-done', 'was not started'],
  'target-not-found': ['not-done', 'was not started'],
  'dbt-not-found': ['not-done', 'was not started'],
  'dbt-not-usable': ['not-done', 'was not started'],
  'target-path-busy': ['not-done', 'was not started'],
  'dedup-unavailable': ['not-done', 'was not started'],
  'dedup-in-flight': ['not-done', 'was not started'],
  'dedup-mismatch': ['not-done', 'was not started'],
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

/** How many of the failed nodes are named. */
const NAMED = 3;

/** What a reader takes away in the first second. */
export function headline(report: RunReport, totals: Totals): Headline {
  const command = clause(report.command) === '' ? 'dbt' : `dbt ${clause(report.command)}`;
  const { failure } = report;
  if (failure === undefined) {
    if (didNothing(report)) return { verdict: 'passed', ...nothing(report, command) };
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

/** A successful run of nothing: dbt exits with 0, and a reader should not take it for a pass. */
export function didNothing({ failure, selectedCount, decisions }: RunReport): boolean {
  return failure === undefined && selectedCount === 0 && decisions.length === 0;
}

function nothing({ command, wallMs }: RunReport, shown: string): Pick<Headline, 'title' | 'sentence'> {
  const why =
    command === 'source freshness' ? 'no source has its freshness checked' : 'the selection matched no nodes';
  return { title: `${shown} did nothing: ${why}`, sentence: `Nothing ran. It took ${duration(wallMs)}.` };
}

function done(report: RunReport, totals: Totals): string {
  const time = duration(report.wallMs);
  if (totals.nodes > 0) return `${tallyInWords(totals.lines)}, in ${time}.`;
  return `Done in ${time}.`;
}

function failed(report: RunReport, totals: Totals): string {
  const failures = report.decisions.filter(hasFailed);
  const skipped = totals.byAction.skipped;
  const time = `It took ${duration(report.wallMs)}.`;
  const held = skipped === 0 ? '' : `${counted(skipped, 'node')} skipped`;
  if (failures.length === 0) {
    return [sentenceOf(report), ...(held === '' ? [] : [`${held}.`]), time].join(' ');
  }
  const names = listedUpTo(
    failures.slice(0, NAMED + 1).map(({ name }) => quoted(name)),
    NAMED,
    failures.length,
  );
  return `${typesCounted(failures)} failed: ${names}${held === '' ? '' : `; ${held}`}. ${time}`;
}

function notDone(report: RunReport, totals: Totals): string {
  if (totals.nodes === 0) return sentenceOf(report);
  return `${sentenceOf(report)} In ${duration(report.wallMs)}: ${tallyInWords(totals.lines)}.`;
}

/** A name as code, short enough to leave the sentence readable. */
function quoted(name: string): string {
  const plain = name.replace(/[`\s]+/g, ' ').trim();
  return `\`${plain.length > 80 ? `${plain.slice(0, 79)}…` : plain}\``;
}

/** The failure's own sentence on one line, with its full stop. */
function sentenceOf({ failure }: RunReport): string {
  // The rest of a message of several lines stands below.
  const said = errorInBrief(failure?.message);
  return said === '' ? 'No cause was given.' : `${said}${/[.!?…]$/.test(said) ? '' : '.'}`;
}
