import { describe, expect, test } from 'vitest';
import { BEGUN, line, translated } from './translated.ts';

const REUSED = {
  unique_id: 'model.shop.orders',
  name: 'orders',
  node_type: 'NODE_TYPE_MODEL',
  in_selection: true,
  node_outcome: 'NODE_OUTCOME_SKIPPED',
  node_skip_reason: 'NODE_SKIP_REASON_CACHED',
};

function result(...lines: readonly string[]): unknown {
  const finished = translated([BEGUN, ...lines]).find((event) => event.info.name === 'NodeFinished');
  return finished?.data['run_result'];
}

// The shapes are those of dbt v2's own records; it uses State on warehouses alone that no test can have.
describe('a node that State reused', () => {
  test.each([
    'NO_CHANGES',
    'STILL_FRESH',
    'UPDATE_CRITERIA_NOT_MET',
    'CLONED_EXISTING',
    'CLONED_EXISTING_STILL_FRESH',
  ])('%s', (reason) => {
    const node_cache_reason = `NODE_CACHE_REASON_${reason}`;
    const attributes = { ...REUSED, node_cache_detail: { node_cache_reason } };
    expect(result(line('NodeProcessed', { attributes }))).toMatchObject({
      status: 'reused',
      node_cache_reason,
    });
  });

  test('has the id of the decision, wherever dbt tells it', () => {
    const decision = line('NodeEvaluated', {
      attributes: { unique_id: 'model.shop.orders', state_decision_id: 'decision-7' },
    });
    const node = line('NodeProcessed', { attributes: REUSED });
    expect(result(decision, node)).toMatchObject({ status: 'reused', state_decision_id: 'decision-7' });
    expect(result(node)).not.toHaveProperty('state_decision_id');
  });

  test('a test whose stored result is a failure stays failed', () => {
    const attributes = {
      ...REUSED,
      node_type: 'NODE_TYPE_TEST',
      node_cache_detail: { node_cache_reason: 'NODE_CACHE_REASON_NO_CHANGES' },
      node_test_detail: { failing_rows: 3, test_outcome: 'TEST_OUTCOME_FAILED' },
    };
    expect(result(line('NodeProcessed', { attributes }))).toMatchObject({
      status: 'fail',
      num_failures: 3,
      node_cache_reason: 'NODE_CACHE_REASON_NO_CHANGES',
    });
  });

  test('a node skipped because nothing is to be done is not reused', () => {
    const attributes = { ...REUSED, node_skip_reason: 'NODE_SKIP_REASON_NO_OP' };
    expect(result(line('NodeProcessed', { attributes }))).toMatchObject({ status: 'no-op' });
  });

  test('a node outside of the selection is no node of the run', () => {
    const attributes = { ...REUSED, in_selection: false };
    expect(translated([BEGUN, line('NodeProcessed', { attributes })])).toEqual([]);
  });
});

describe('what dbt v2 says of State', () => {
  const log = (body: string, severity_number: number, attributes: object = {}) =>
    translated([BEGUN, line('LogMessage', { record_type: 'LogRecord', body, severity_number, attributes })]);

  test.each([
    ['dbt State is enabled (endpoint https://state.example.test, defer_to prod)', 9, {}, 'AdapterEventInfo'],
    [
      'dbt State service disabled by configuration; executing normally',
      13,
      { code: 1410, code_name: 'StateServiceWarn' },
      'AdapterEventWarning',
    ],
    ['dbt State client validation failed: unauthenticated', 17, { code: 1201 }, 'AdapterEventError'],
    ['dbt State service decision: ready to clone (node model.shop.orders)', 5, {}, 'AdapterEventDebug'],
  ])('%s', (body, severity, attributes, name) => {
    const events = log(body, severity, attributes);
    expect(events.map((event) => event.info.name)).toEqual([name]);
    expect(events[0]?.data).toMatchObject({ name: 'State', base_msg: body, args: [] });
  });

  test('words of a project about State are the project’s', () => {
    const about = { unique_id: 'model.shop.dbt_state' };
    expect(
      log('dbt State is a fine name for a column', 17, { code: 1308, code_name: 'DbDriverFailed', ...about }),
    ).toEqual([expect.objectContaining({ info: expect.objectContaining({ name: 'DbDriverFailed' }) })]);
    expect(log('dbt State is not documented', 13, { code: 1071, code_name: 'JinjaWarn' })).toEqual([
      expect.objectContaining({ info: expect.objectContaining({ name: 'JinjaWarn' }) }),
    ]);
  });

  test.each([9, 13, 17])(
    'what a project logs or prints is no word of State, at severity %i',
    (severity_number) => {
      const body = 'dbt State is enabled (endpoint https://state.example.test, defer_to prod)';
      const attributes = { dbt_core_event_code: 'I062', package_name: 'shop' };
      const said = translated([
        BEGUN,
        line('UserLogMessage', { record_type: 'LogRecord', body, severity_number, attributes }),
      ]);
      expect(said.filter(({ data }) => data['name'] === 'State')).toEqual([]);
    },
  );

  test('nor is an error that a file of the project raises', () => {
    const attributes = { code: 1501, code_name: 'JinjaError', relative_path: 'models/orders.sql' };
    expect(log('dbt State client validation failed: not really', 17, attributes)).toMatchObject([
      { info: { name: 'MainEncounteredError' } },
    ]);
  });

  test('what else dbt says for itself is left alone', () => {
    expect(log('No platform credentials found, skipping remote license', 5)).toEqual([]);
    expect(log('Successfully wrote sources.json', 9)).toEqual([]);
  });
});
