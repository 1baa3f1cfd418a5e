import { describe, expect, test } from 'vitest';
import { decideRecorded, observe, of, outline } from './recorded.ts';

// Real runs of dbt 1.11 and dbt-state 2.62.3 on Postgres, against test/support/scripted_state_service.py.

test('the service said execute', () => {
  const decided = decideRecorded('execute');
  expect(decided.state).toMatchObject({ kind: 'active', version: '2.62.3' });
  expect(decided.selectedCount).toBe(12);
  expect(of(decided, 'orders')).toMatchObject({
    action: 'built',
    because: 'state-decided',
    detail: 'No matching execution was found',
    basis: 'reported',
    rowsAffected: 3,
    location: { path: 'models/orders.sql' },
  });
  // A test that ran gets no execution id; the debug event tells that the service was asked.
  expect(of(decided, 'no_negative')).toMatchObject({
    action: 'tested',
    because: 'state-decided',
    basis: 'reported',
  });
  // Views on Postgres are never submitted.
  expect(of(decided, 'stg_orders')).toMatchObject({
    action: 'built',
    because: 'state-not-asked',
    basis: 'inferred',
  });
  expect(of(decided, 'stg_orders').rowsAffected).toBeUndefined();
});

describe('reuse, clone and execution in one run', () => {
  const decided = decideRecorded('mixed');

  test('each node', () => {
    expect(outline(decided)).toEqual({
      raw_orders: 'reused no-changes',
      stg_orders: 'built state-not-asked',
      orders: 'reused within-lag-tolerance',
      customers: 'cloned clone-of-other-environment',
      snap_orders: 'built state-failed',
      inc_orders: 'skipped upstream-failed',
      no_negative: 'tested state-decided',
      not_null_orders_amount: 'reused stored-test-result',
      not_null_orders_order_id: 'reused stored-test-result',
      unique_orders_order_id: 'reused stored-test-result',
      not_null_customers_customer: 'reused stored-test-result',
      unique_customers_customer: 'reused stored-test-result',
    });
  });

  test('a failing test whose result was reused still fails the run', () => {
    expect(of(decided, 'not_null_orders_amount')).toMatchObject({
      status: 'fail',
      failed: true,
      failures: 1,
    });
    expect(of(decided, 'not_null_orders_order_id')).toMatchObject({
      status: 'pass',
      failed: false,
      failures: 0,
    });
  });

  test('a model skipped after it names that test', () => {
    expect(of(decided, 'inc_orders')).toMatchObject({
      detail: 'test.shop.not_null_orders_amount.106140f9fd',
      basis: 'inferred',
      failed: false,
    });
  });

  test('the service’s explanation and the evidence are kept, in order of trust', () => {
    const orders = of(decided, 'orders');
    expect(orders.detail).toBe('Upstream changed within tolerance');
    expect(orders.evidence.map((one) => one.source)).toEqual([
      'run-results',
      'event',
      'event',
      'event',
      'decision-log',
    ]);
    expect(decided.decisions.flatMap((one) => one.evidence).filter((one) => one.conflicts)).toEqual([]);
  });

  test('savings are the plugin’s own', () => {
    expect(decided.savings).toMatchObject({ nodes: 8 });
    expect(decided.savings?.nodeMs).toBeGreaterThan(5000);
  });
});

test('without events: the decision log is proof, and what it leaves open stays open', () => {
  const none = {
    eventsAvailable: false,
    observations: {
      eventCount: 0,
      nodes: new Map(),
      startedCount: 0,
      finishedCount: 0,
      state: { answers: 0, sparedCount: 0, troubles: [] },
      messages: { list: [], leftOut: 0 },
      mainErrors: [],
      skipCauses: new Map(),
    },
  };
  const decided = decideRecorded('execute', none);
  expect(decided.state).toMatchObject({ kind: 'active', proof: expect.stringContaining('decision log') });
  expect(of(decided, 'orders')).toMatchObject({ because: 'state-decided', basis: 'inferred' });
  expect(of(decided, 'stg_orders')).toMatchObject({ because: 'state-unknown', basis: 'inferred' });
  expect(decided.ownsDecisionLog).toBe(true);
  const without = decideRecorded('execute', { ...none, decisionLog: undefined });
  expect(without.state.kind).toBe('unknown');
  expect(of(without, 'orders').because).toBe('state-unknown');
});

test('failed clones end as normal builds, whether the plugin warned or not', () => {
  const decided = decideRecorded('clone-failed', { command: 'run' });
  expect(of(decided, 'customers')).toMatchObject({ action: 'built', because: 'clone-failed', failed: false });
  expect(of(decided, 'customers').detail).toContain('relation "prod.doesnotexist" does not exist');
  expect(of(decided, 'orders')).toMatchObject({ action: 'built', because: 'clone-failed' });
  expect(of(decided, 'orders').detail).toContain('latest state not matching');
});

describe('a developer’s copy cloned before the node ran', () => {
  test('then skipped: a clone', () => {
    const decided = decideRecorded('pre-clone-skip', { command: 'run' });
    expect(of(decided, 'inc_orders')).toMatchObject({
      action: 'cloned',
      because: 'clone-of-other-environment',
    });
    expect(of(decided, 'inc_orders').evidence.some((one) => one.conflicts)).toBe(false);
  });

  test('then executed: built, and only the log and one event know of the copy', () => {
    const decided = decideRecorded('pre-clone-execute', { command: 'run' });
    const node = of(decided, 'inc_orders');
    expect(node).toMatchObject({ action: 'built', because: 'state-decided', status: 'success' });
    expect(node.evidence).toContainEqual({
      source: 'decision-log',
      says: 'its table was first cloned from "jaffle"."prod"."inc_orders"',
    });
  });
});

test('errors of single nodes', () => {
  const decided = decideRecorded('node-errors');
  expect(decided.state).toMatchObject({ kind: 'active', troubles: [{ problem: 'service-errors' }] });
  if (decided.state.kind !== 'active') throw new Error('unreachable');
  expect(decided.state.troubles[0]?.nodes).toEqual([
    'seed.shop.raw_orders',
    'model.shop.customers',
    'test.shop.unique_customers_customer.8722169a9d',
  ]);
  expect(outline(decided)).toEqual({
    raw_orders: 'built state-failed',
    customers: 'built state-failed',
    unique_customers_customer: 'tested state-failed',
    not_null_customers_customer: 'tested state-decided',
  });
});

describe('State wanted and not active', () => {
  test.each([
    ['no-credentials', 'no-credentials', 'No credentials for dbt State detected.'],
    ['bad-credentials', 'bad-credentials', 'Error logging in with client credentials.'],
    ['token-url-unreachable', 'service-unreachable', 'Connection refused'],
    ['unsupported-adapter', 'adapter-unsupported', "target type 'duckdb' is not supported"],
    ['service-down', 'service-unreachable', 'Deadline Exceeded'],
    ['platform-token', 'service-unreachable', 'Max retries exceeded'],
    ['client-version-refused', 'client-version-refused', 'is not supported'],
    ['commit-timestamps-off', 'commit-timestamps-off', 'could not get commit timestamp data'],
    ['bad-setting', 'declined', 'banana'],
    ['write-only', 'never-asked', undefined],
    ['views-only', 'never-asked', undefined],
  ])('%s', (run, problem, words) => {
    const { state } = decideRecorded(run, { command: 'run' });
    expect(state).toMatchObject({ kind: 'inactive', version: '2.62.3', trouble: { problem } });
    if (state.kind !== 'inactive') throw new Error('unreachable');
    expect(state.trouble.said).toEqual(words === undefined ? undefined : expect.stringContaining(words));
    expect(state.trouble.fix).toMatch(/^[A-Z].*\.$/);
  });

  test('its nodes say so, and those nobody would have asked about say that', () => {
    expect(outline(decideRecorded('no-credentials', { command: 'run' }))).toEqual({
      customers: 'built state-inactive',
    });
    expect(outline(decideRecorded('views-only', { command: 'run' }))).toEqual({
      stg_orders: 'built state-not-asked',
    });
  });

  test('a failed check of the version alone does not make it inactive', () => {
    const { state } = decideRecorded('validation-failed', { command: 'run' });
    expect(state).toMatchObject({ kind: 'active', troubles: [{ problem: 'version-check-failed' }] });
  });

  test('the last lines of the output tell where no event does', () => {
    const tail =
      'Encountered an error:\nRuntime Error\n    dbt-state cannot run while the legacy package(s) run-cache are installed. Please uninstall them manually';
    const { state } = decideRecorded('parse', {
      command: 'run',
      outputTail: tail,
      observations: observe([]),
      dbtFailed: true,
    });
    expect(state).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'legacy-package', said: expect.stringContaining('run-cache are installed') },
    });
  });
});

describe('State not in question', () => {
  test('switched off, and by what', () => {
    const decided = decideRecorded('disabled', {
      command: 'run',
      stateSwitchedOffBy: 'DBT_ENGINE_MANAGE_STATE',
    });
    expect(decided.state).toEqual({ kind: 'disabled', version: '2.62.3', by: 'DBT_ENGINE_MANAGE_STATE' });
    expect(outline(decided)).toEqual({ customers: 'built state-disabled' });
  });

  test.each(['compile', 'parse'])('%s', (run) => {
    const decided = decideRecorded(run, { command: run });
    expect(decided.state).toEqual({ kind: 'not-applicable', version: '2.62.3' });
    expect(new Set(decided.decisions.map((one) => `${one.action} ${one.because}`))).toEqual(
      new Set(run === 'compile' ? ['compiled not-subject-to-state'] : []),
    );
  });
});

test('a run that ended before its first node: nothing is claimed of the nodes but that', () => {
  const decided = decideRecorded('client-version-refused', { command: 'run' });
  expect(of(decided, 'customers')).toMatchObject({
    action: 'interrupted',
    because: 'stopped-before-start',
    failed: false,
  });
  expect(of(decided, 'customers')).not.toHaveProperty('status');
});
