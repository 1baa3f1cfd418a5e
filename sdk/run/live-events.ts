import type { NodeDecision } from '../decisions/decision.ts';
import type { RunEvent } from '../events.ts';
import type { DbtEvent } from '../runtimes/dbt-event.ts';
import { optional } from '../util/optional.ts';

/** A run event without what every event carries. */
export type EventBody = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, 'at' | 'labels'>
    : never
  : never;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What a caller is told while dbt runs; undefined for events that only the report needs.
 * @param decide Decides a node that has finished; undefined for one that has not, whatever dbt's event says.
 */
export function toRunEvent(
  event: DbtEvent,
  decide: (uniqueId: string) => NodeDecision | undefined,
): EventBody | undefined {
  const { info, data } = event;
  switch (info.name) {
    case 'RuncacheSelection':
      return { kind: 'nodes-selected', count: Array.isArray(data['nodes']) ? data['nodes'].length : 0 };
    case 'LogStartLine':
    case 'LogHookStartLine':
      return nodeStarted(data);
    case 'NodeFinished':
      return nodeFinished(data, decide);
    case 'MainStackTrace':
      return undefined;
    default:
      return message(event);
  }
}

function nodeStarted(data: Fields): EventBody | undefined {
  const node = nodeOf(data);
  if (node === undefined) return undefined;
  return {
    kind: 'node-started',
    ...node,
    ...count('index', data['index']),
    ...count('total', data['total']),
  };
}

function nodeFinished(
  data: Fields,
  decide: (uniqueId: string) => NodeDecision | undefined,
): EventBody | undefined {
  const node = nodeOf(data);
  const result = fields(data['run_result']);
  if (node === undefined || result === undefined) return undefined;
  const decision = decide(node.uniqueId);
  if (decision === undefined) return undefined;
  const seconds = result['execution_time'];
  return {
    kind: 'node-finished',
    ...node,
    status: text(result['status']) ?? '',
    ...optional('message', text(result['message'])),
    ...(typeof seconds === 'number' ? { executionMs: Math.round(seconds * 1000) } : {}),
    ...optional('materialized', decision.materialized),
    action: decision.action,
    because: decision.because,
    ...optional('detail', decision.detail),
    basis: decision.basis,
    failed: decision.failed,
    ...optional('failures', decision.failures),
  };
}

function message({ info, data }: DbtEvent): EventBody | undefined {
  const isState = data['name'] === 'State' || data['name'] === 'RunCache';
  const level = info.level;
  if (level !== 'warn' && level !== 'error' && !(isState && level === 'info')) return undefined;
  return {
    kind: 'dbt-message',
    level,
    name: info.name,
    message: info.msg,
    ...optional('uniqueId', nodeOf(data)?.uniqueId),
  };
}

function nodeOf(data: Fields): { uniqueId: string; name: string; resourceType: string } | undefined {
  const node = fields(data['node_info']);
  const uniqueId = text(node?.['unique_id']);
  if (node === undefined || uniqueId === undefined) return undefined;
  return {
    uniqueId,
    name: text(node['node_name']) ?? uniqueId,
    resourceType: text(node['resource_type']) ?? uniqueId.split('.', 1)[0] ?? '',
  };
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  return (typeof value === 'number' && value > 0 ? { [key]: value } : {}) as { [P in K]?: number };
}
