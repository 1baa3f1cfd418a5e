import type { RunReport } from '../result.ts';
import { count, counted } from './format.ts';
import { managedStateSmallPrint } from './managed-state.ts';
import { parseCacheSmallPrint } from './parse-cache.ts';

/** What qualifies the rest: what is not known about this run or only concluded, and whom its ledger shows. */
export function smallPrint(report: RunReport): readonly string[] {
  const { decisions, selectedCount } = report;
  const concluded = decisions.filter(({ basis }) => basis === 'inferred');
  const skipped = concluded.filter(({ because }) => because === 'upstream-failed').length;
  const inferred = concluded.length - skipped;
  const disputed = decisions.filter(({ evidence }) =>
    evidence.some(({ conflicts }) => conflicts === true),
  ).length;
  const unobserved = decisions.filter(({ because }) => because === 'state-unknown').length;
  const lines: string[] = [];
  if (selectedCount !== undefined && selectedCount > decisions.length) {
    const missing = selectedCount - decisions.length;
    lines.push(
      `dbt selected ${counted(selectedCount, 'node')}; ${count(missing)} of them could not be named and ` +
        `${missing === 1 ? 'is' : 'are'} not listed.`,
    );
  }
  if (skipped > 0) {
    lines.push(
      `dbt's results do not say why ${counted(skipped, 'node was', 'nodes were')} skipped; the cause was worked out from the project graph.`,
    );
  }
  if (inferred > 0) {
    lines.push(
      `For ${counted(inferred, 'node')} no source says the reason in so many words: it was concluded from what they leave out.`,
    );
  }
  if (disputed > 0) {
    lines.push(
      `Sources contradict each other about ${counted(disputed, 'node')}; the more trusted one was followed.`,
    );
  }
  if (unobserved > 0) {
    lines.push(`What dbt State decided about ${counted(unobserved, 'node')} could not be observed.`);
  }
  if (report.dedup?.scope === 'branch') {
    lines.push(
      'The ledger in the Actions cache shows a run what its own branch left, and the base and default branch. The push and the pull request of one commit, other branches and the merge queue do not see each other there.',
    );
  }
  const { runResults, sources } = report.artifactPaths;
  if (decisions.length > 0 && runResults === undefined && sources === undefined) {
    lines.push('No result file of this run could be read, so results were taken from dbt’s log events.');
  }
  lines.push(...managedStateSmallPrint(report), ...parseCacheSmallPrint(report));
  return lines;
}
