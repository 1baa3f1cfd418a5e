import * as z from 'zod';
import { decisionLogPieces } from '../../decision-log/write.ts';
import { earlierRun } from '../../dedup/earlier-run.ts';
import type { LedgerRecord } from '../../dedup/record.ts';
import { explain } from '../../explain/explain.ts';
import type { RunReport } from '../../result.ts';
import { renderSummary } from '../../summary/render-summary.ts';
import { renderText } from '../../summary/render-text.ts';
import { REPEATED_RECORD, REPEATED_REPORT } from './report-shape.ts';

/**
 * Whether the report of an earlier run can be told as a replay of it: in its shape, and in the hands of all that tell it.
 * What cannot be told is not whole, whatever its digest says.
 * @throws Error with the reason.
 */
export function checkReport(report: RunReport, record: LedgerRecord, storeKind: string): void {
  const shape = REPEATED_REPORT.safeParse(report);
  if (!shape.success) throw new Error(firstProblem(shape.error));
  const about = REPEATED_RECORD.safeParse(record);
  if (!about.success) throw new Error(firstProblem(about.error));
  const told: RunReport = {
    ...report,
    dedup: {
      kind: 'replayed',
      store: storeKind,
      run: earlierRun(record),
      restored: record.files.map(({ path }) => path),
      omitted: record.omitted ?? [],
    },
  };
  const explanation = explain(told);
  renderText(explanation);
  renderSummary(explanation);
  for (const _ of decisionLogPieces(told));
}

function firstProblem({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'its shape is not known' : `${z.core.toDotPath(issue.path)}: ${issue.message}`;
}
