import { optional } from '../util/optional.ts';
import type { EarlierRun } from './dedup-report.ts';
import type { LedgerRecord, Producer } from './record.ts';

/** A finished run, or one that is at it, as it is told to people. */
export function earlierRun(from: LedgerRecord | Producer): EarlierRun {
  const { host, pid, startedAt, url, labels, command, workflowRun } =
    'producer' in from ? from.producer : from;
  return {
    startedAt,
    ...('producer' in from
      ? { finishedAt: from.finishedAt, wallMs: from.wallMs, result: from.result }
      : undefined),
    host,
    pid,
    ...optional('url', url),
    command,
    labels,
    ...optional('workflowRunId', workflowRun?.id),
  };
}
