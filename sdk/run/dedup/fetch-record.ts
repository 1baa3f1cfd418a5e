import { fetchBundle } from '../../dedup/bundle.ts';
import { type LedgerRecord, REPORT_PATH } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import { parseReport } from '../../report.ts';
import type { RunReport } from '../../result.ts';
import type { Plan } from '../make-plan.ts';
import { withoutState } from '../required-state.ts';
import type { RunContext } from '../run-context.ts';
import { checkReport } from './check-report.ts';

/** What a record's run left in the store, checked. */
export interface Fetched {
  readonly report: RunReport;
  /** Files by their path in the target folder, the report left out. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** Gets what a replay needs; or why it cannot be had, or is not what this run asks for. */
export async function fetchRecord(
  run: RunContext,
  plan: Plan,
  store: DedupStore,
  record: LedgerRecord,
): Promise<Fetched | string> {
  const bundle = await fetchBundle(store, record);
  if (bundle.kind !== 'fetched') return bundle.why;
  const contents = new Map(bundle.contents);
  const bytes = contents.get(REPORT_PATH);
  contents.delete(REPORT_PATH);
  let report: RunReport;
  try {
    report = parseReport(Buffer.from(bytes ?? []).toString('utf8'), 'the report of that run');
    checkReport(report, record, store.kind);
  } catch (thrown) {
    return `its report cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
  if ((record.result === 'failed') !== (report.outcome === 'failed'))
    return 'its report and its record tell different outcomes';
  if (run.options.requireRunCache && record.result === 'succeeded') {
    const lacking = withoutState(report.state, plan.engine.kind);
    if (lacking !== undefined) return 'dbt State is required, and was not active in that run';
  }
  return { report, contents };
}
