import { optional } from '../../util/optional.ts';
import { enumWord, fields, integer, text } from './node-info.ts';
import type { OtelRecord } from './otel-record.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What else is known of a node when its span ends. */
export interface NodeEndContext {
  /** dbt's error about this node. */
  readonly error: string | undefined;
  readonly stateDecisionId: string | undefined;
}

/**
 * What dbt Core calls `run_result`, from the end of a node's span, in dbt's own words for a status. Beside them:
 * `node_cache_reason` and `state_decision_id`, as dbt v2 writes them, and `upstream_unique_id`, the node whose end
 * made dbt skip this one. Undefined for a node that did not come to an end of its own.
 */
export function runResultOf({ attributes }: OtelRecord, context: NodeEndContext): Fields | undefined {
  const status = statusOf(attributes);
  if (status === undefined) return undefined;
  const isTest = TESTS.has(attributes['node_type']);
  const test = fields(attributes['node_test_detail']);
  const rows = isTest ? undefined : integer(attributes['rows_affected']);
  const milliseconds = integer(attributes['duration_ms']);
  return {
    status,
    ...optional('message', messageOf(status, attributes, context)),
    ...optional('execution_time', milliseconds === undefined ? undefined : milliseconds / 1000),
    ...optional('num_failures', isTest ? (integer(test?.['failing_rows']) ?? 0) : undefined),
    adapter_response: optional('rows_affected', rows),
    ...optional('node_cache_reason', cacheReasonOf(attributes)),
    ...optional('state_decision_id', text(attributes['state_decision_id']) ?? context.stateDecisionId),
    ...optional('upstream_unique_id', upstreamOf(attributes)),
  };
}

const TESTS: ReadonlySet<unknown> = new Set(['NODE_TYPE_TEST', 'NODE_TYPE_UNIT_TEST']);

/** The node whose end made dbt skip this one. */
export function upstreamOf(attributes: Fields): string | undefined {
  return text(fields(attributes['node_skip_upstream_detail'])?.['upstream_unique_id']);
}

function cacheReasonOf(attributes: Fields): string | undefined {
  return text(fields(attributes['node_cache_detail'])?.['node_cache_reason']);
}

function statusOf(attributes: Fields): string | undefined {
  const outcome =
    enumWord(attributes['node_outcome'], 'NODE_OUTCOME_') ??
    enumWord(attributes['hook_outcome'], 'HOOK_OUTCOME_');
  switch (outcome) {
    case 'success':
      return succeeded(attributes);
    case 'error':
      // In dbt's words a source in error is a stale one; this one could not be asked.
      return attributes['node_type'] === 'NODE_TYPE_SOURCE' ? 'runtime error' : 'error';
    case 'skipped':
      return skipped(attributes);
    default:
      // Cancelled: it began and has no end.
      return undefined;
  }
}

function succeeded(attributes: Fields): string {
  if (attributes['node_type'] === 'NODE_TYPE_SOURCE') return freshness(attributes);
  // A test that was only compiled has not passed.
  if (!TESTS.has(attributes['node_type']) || attributes['last_phase'] !== 'EXECUTION_PHASE_RUN')
    return 'success';
  return testOutcome(attributes) ?? 'pass';
}

/** To dbt v2 a test that fails is a node that succeeded. */
function testOutcome(attributes: Fields): 'fail' | 'warn' | undefined {
  switch (fields(attributes['node_test_detail'])?.['test_outcome']) {
    case 'TEST_OUTCOME_FAILED':
      return 'fail';
    case 'TEST_OUTCOME_WARNED':
      return 'warn';
    default:
      return undefined;
  }
}

function freshness(attributes: Fields): string {
  const outcome = fields(attributes['node_freshness_outcome'])?.['node_freshness_outcome'];
  if (outcome === 'SOURCE_FRESHNESS_OUTCOME_OUTCOME_FAILED') return 'error';
  return outcome === 'SOURCE_FRESHNESS_OUTCOME_OUTCOME_WARNED' ? 'warn' : 'pass';
}

function skipped(attributes: Fields): string {
  switch (attributes['node_skip_reason']) {
    case 'NODE_SKIP_REASON_CACHED':
      // A reused test that failed stays failed.
      return testOutcome(attributes) ?? 'reused';
    case 'NODE_SKIP_REASON_NO_OP':
      return 'no-op';
    default:
      return 'skipped';
  }
}

function messageOf(status: string, attributes: Fields, context: NodeEndContext): string | undefined {
  if (status === 'error' || status === 'runtime error') return context.error;
  return attributes['node_skip_reason'] === 'NODE_SKIP_REASON_UPSTREAM'
    ? 'Skipped due to upstream failure'
    : undefined;
}
