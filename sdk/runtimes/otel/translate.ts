import { optional } from '../../util/optional.ts';
import type { DbtEvent } from '../dbt-event.ts';
import { type EventParts, logEventOf } from './log-events.ts';
import { enumWord, fields, integer, nodeInfoOf, text } from './node-info.ts';
import type { OtelRecord } from './otel-record.ts';
import { plainBody } from './plain-body.ts';
import { runResultOf, upstreamOf } from './run-result.ts';

/**
 * Turns the telemetry of one dbt v2 process, record by record, into the events that dbt Core would have logged, so
 * that everything behind it reads one language. Records of another process, which may share the file, are passed over.
 * @param ours The id of the invocation to follow; without one it is the first that begins, in a file of its own.
 */
export function createTranslator(
  onEvent: (event: DbtEvent) => void,
  ours?: string,
): (record: OtelRecord) => void {
  // A trace has the id of its invocation, unhyphenated.
  const oursTrace = ours?.replaceAll('-', '');
  let traceId: string | undefined;
  let processes = 0;
  let invocationId = '';
  let adapterTold = false;
  let total: number | undefined;
  let begun = 0;
  const errors = new Map<string, string>();
  const decisionIds = new Map<string, string>();
  const statuses = new Map<string, string>();

  const send = (record: OtelRecord, parts: EventParts, level: string = record.level): void => {
    const { name, code, msg, data } = parts;
    const ts = new Date(Number(BigInt(record.unixNano) / 1_000_000n)).toISOString();
    onEvent({ info: { name, code, level, msg, ts, invocation_id: invocationId }, data });
  };
  const tell = (record: OtelRecord, name: string, data: EventParts['data'], level?: string): void =>
    send(record, { name, code: text(record.attributes['dbt_core_event_code']) ?? '', msg: '', data }, level);

  function invocation(record: OtelRecord): void {
    const { attributes, kind } = record;
    if (kind === 'end') {
      tell(record, 'CommandCompleted', { success: record.status?.isError !== true }, 'debug');
      return;
    }
    invocationId = text(attributes['invocation_id']) ?? invocationId;
    const version = text(fields(attributes['process_info'])?.['version']);
    if (version !== undefined) tell(record, 'MainReportVersion', { version: `=${version}` }, 'info');
  }

  function nodeStarted(record: OtelRecord): void {
    const info = nodeInfoOf(record.attributes);
    if (info === undefined) return;
    if (info['materialized'] === 'ephemeral') {
      // dbt v2 counts them, dbt Core does not: nothing is made of them.
      if (total !== undefined) {
        total -= 1;
        tell(record, 'ConcurrencyLine', { node_count: total });
      }
      tell(record, 'NodeStart', { node_info: info });
      return;
    }
    const counted = record.type === 'NodeProcessed';
    if (counted) begun += 1;
    tell(record, 'LogStartLine', {
      node_info: info,
      ...(counted ? { index: begun, ...optional('total', total) } : {}),
    });
  }

  function nodeEnded(record: OtelRecord): void {
    const info = nodeInfoOf(record.attributes);
    const uniqueId = text(info?.['unique_id']);
    if (info === undefined || uniqueId === undefined) return;
    const result = runResultOf(record, {
      error: errors.get(uniqueId) ?? plainBody(record.status?.message ?? ''),
      stateDecisionId: decisionIds.get(uniqueId),
    });
    if (result === undefined) return;
    const status = String(result['status']);
    statuses.set(uniqueId, status);
    const upstream = upstreamOf(record.attributes);
    if (upstream !== undefined && status === 'skipped') {
      tell(
        record,
        'MarkSkippedChildren',
        { unique_id: upstream, status: statuses.get(upstream) ?? 'error' },
        'debug',
      );
    }
    tell(record, 'NodeFinished', { node_info: info, run_result: result });
  }

  function log(record: OtelRecord): void {
    const parts = logEventOf(record);
    if (parts === undefined) return;
    const uniqueId = text(record.attributes['unique_id']);
    if (record.level === 'error' && uniqueId !== undefined && !errors.has(uniqueId))
      errors.set(uniqueId, parts.msg);
    send(record, parts);
  }

  return (record) => {
    if (traceId === undefined) {
      // A file that others write to as well may open with the rest of another run.
      if (record.kind !== 'start' || (record.type !== 'Process' && record.type !== 'Invocation')) return;
      if (oursTrace !== undefined && record.traceId !== oursTrace) return;
      traceId = record.traceId;
      // The one is the other unless the invocation says so.
      invocationId = traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    }
    if (record.traceId !== traceId) return;
    const { attributes, kind, type } = record;
    // A script that starts dbt twice gives both the same id: the first is followed, as in a file of ours.
    if (type === 'Process' && kind === 'start') processes += 1;
    if (processes > 1) return;
    switch (type) {
      case 'Invocation':
        invocation(record);
        return;
      case 'PhaseExecuted':
        if (kind === 'start' && enumWord(attributes['phase'], 'EXECUTION_PHASE_') === 'render') {
          total = integer(attributes['node_count_total']);
          tell(record, 'ConcurrencyLine', optional('node_count', total));
        }
        return;
      case 'QueryExecuted': {
        const adapter = text(attributes['adapter_type']);
        if (adapterTold || adapter === undefined) return;
        adapterTold = true;
        tell(record, 'AdapterRegistered', { adapter_name: adapter });
        return;
      }
      case 'NodeEvaluated': {
        const [id, decisionId] = [text(attributes['unique_id']), text(attributes['state_decision_id'])];
        if (id !== undefined && decisionId !== undefined) decisionIds.set(id, decisionId);
        return;
      }
      case 'NodeProcessed':
      case 'HookProcessed':
        // Nodes outside of the selection are only looked at.
        if (attributes['in_selection'] === false) return;
        if (kind === 'start') nodeStarted(record);
        else nodeEnded(record);
        return;
      case 'LogMessage':
      case 'UserLogMessage':
        log(record);
        return;
      default:
    }
  };
}
