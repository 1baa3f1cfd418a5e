import type { ErrorCode } from '../errors.ts';
import type { RunReport } from '../result.ts';
import type { DedupNotice, Headline, Totals, Verdict } from './explanation.ts';
import { clause, counted, duration } from './format.ts';
import { nothingChanged } from './managed-state.ts';
import { stateInBrief } from './managed-state-comparison.ts';
import { plainWords } from './phrase.ts';
import { failedNodes, failureSentence } from './result-in-words.ts';
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
  'state-missing': ['not-done', 'was not started'],
  'target-path-busy': ['not-done', 'was not started'],
  'install-failed': ['not-done', 'was not started'],
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
  'replay-unwritable': ['not-done', 'was not started'],
  'ledger-key-not-found': ['not-done', 'was not started'],
  'ledger-key-ambiguous': ['not-done', 'was not started'],
  internal: ['failed', 'could not be reported'],
};

/** What a reader takes away in the first second. */
export function headline(report: RunReport, totals: Totals, dedup?: DedupNotice): Headline {
  const command = clause(report.command) === '' ? 'dbt' : `dbt ${clause(report.command)}`;
  const { failure } = report;
  if (dedup?.kind === 'skipped-in-flight') {
    return { verdict: 'skipped', title: `${command}: skipped, no result`, sentence: plainWords(dedup.lead) };
  }
  if (dedup?.kind === 'replayed') {
    const sentence = `${plainWords(dedup.lead)} ${dedup.follows.title}: ${dedup.follows.result}`;
    if (failure !== undefined) {
      const title = `${command} failed earlier: replayed, nothing ran`;
      return { verdict: 'failed', title, sentence, code: failure.code };
    }
    const warnings =
      totals.warnings === 0 ? '' : ` (${counted(totals.warnings, 'warning')} in the earlier run)`;
    return { verdict: 'passed', title: `${command}: replayed, nothing ran${warnings}`, sentence };
  }
  if (failure === undefined) {
    if (didNothing(report))
      return { verdict: 'passed', ...(unchanged(report, command) ?? nothing(report, command)) };
    const warnings = totals.warnings === 0 ? '' : ` with ${counted(totals.warnings, 'warning')}`;
    return { verdict: 'passed', title: `${command} passed${warnings}`, sentence: done(report, totals) };
  }
  const [verdict, words] = FAILURES[failure.code];
  return {
    verdict,
    title: `${command} ${words}`,
    sentence:
      failure.code === 'nodes-failed'
        ? `${failedNodes(report, totals)} It took ${duration(report.wallMs)}.`
        : notDone(report, totals),
    code: failure.code,
  };
}

/** A successful run of nothing: dbt exits with 0, and a reader should not take it for a pass. */
export function didNothing({ failure, selectedCount, decisions }: RunReport): boolean {
  return failure === undefined && selectedCount === 0 && decisions.length === 0;
}

/** A slim build that selected nothing: what to say of it depends on what is known of the comparison. */
function unchanged(report: RunReport, shown: string): Pick<Headline, 'title' | 'sentence'> | undefined {
  const { managedState, wallMs } = report;
  const found = managedState?.comparison;
  if (managedState?.slim === undefined || found?.kind !== 'found') return undefined;
  const state = plainWords(stateInBrief(found, managedState.environment));
  const time = `It took ${duration(wallMs)}.`;
  return nothingChanged(report)
    ? {
        title: `${shown}: nothing changed, nothing to do`,
        sentence: `Nothing changed since ${state}, so nothing was built. ${time}`,
      }
    : {
        title: `${shown} did nothing: the comparison selected no nodes`,
        sentence: `Compared with ${state}, the selection matched no nodes, so nothing ran. ${time}`,
      };
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

function notDone(report: RunReport, totals: Totals): string {
  if (totals.nodes === 0) return failureSentence(report);
  return `${failureSentence(report)} In ${duration(report.wallMs)}: ${tallyInWords(totals.lines)}.`;
}
