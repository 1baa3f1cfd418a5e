import { countDecisions } from '../decision-log/records.ts';
import { writeDecisionLog } from '../decision-log/write.ts';
import { DbtRunCacheError } from '../errors.ts';
import { writeReport } from '../report.ts';
import type { RunNotice, RunReport, RunResult } from '../result.ts';
import { optional } from '../util/optional.ts';
import { asNotice } from './collect-artifacts.ts';
import type { RunContext } from './run-context.ts';

/** Hides what must be hidden, writes the report file, tells the listeners. */
export async function deliver(
  run: RunContext,
  targetPath: string | undefined,
  shown: RunReport,
  artifacts: RunResult['artifacts'],
): Promise<RunResult> {
  let report = run.named.deep(shown);
  const write = async (
    into: (targetPath: string, report: RunReport) => Promise<string>,
  ): Promise<string | undefined> => {
    if (!run.options.report || targetPath === undefined) return undefined;
    try {
      return await into(targetPath, report);
    } catch (thrown) {
      const notice: RunNotice = asNotice(DbtRunCacheError.from(thrown));
      report = { ...report, notices: [...report.notices, run.named.deep(notice)] };
      return undefined;
    }
  };
  // The report last, so that it tells what became of the log.
  const decisionsPath = await write(writeDecisionLog);
  const reportPath = await write(writeReport);
  tell(run, report);
  return {
    ...report,
    artifacts,
    ...optional('reportPath', reportPath),
    ...optional('decisionsPath', decisionsPath),
  } as RunResult;
}

function tell(run: RunContext, report: RunReport): void {
  const { failure } = report;
  const isReplay = report.dedup?.kind === 'replayed';
  const { counts, failedNodes } = countDecisions(report.decisions);
  const wasRun =
    report.outcome !== 'failed' ||
    failure?.code === 'nodes-failed' ||
    (report.decisions.length > 0 && (failure?.code === 'cancelled' || failure?.code === 'timed-out'));
  // First: it says whose decisions follow.
  if (report.dedup !== undefined) run.send({ kind: 'dedup', result: report.dedup });
  for (const decision of report.decisions) run.send({ kind: 'node-decided', decision });
  if (!wasRun && failure !== undefined) {
    run.send({
      kind: 'job-error',
      code: failure.code,
      message: failure.message,
      ...optional('hint', failure.hint),
    });
    return;
  }
  run.send({
    kind: 'job-finished',
    outcome: report.outcome,
    ...optional('code', failure?.code),
    ...optional('exitCode', report.exitCode),
    wallMs: report.wallMs,
    // What an earlier run did, and saved, is counted there.
    counts: isReplay ? {} : counts,
    failedNodes,
    ...optional('savedNodeMs', isReplay ? undefined : report.savings?.nodeMs),
  });
}
