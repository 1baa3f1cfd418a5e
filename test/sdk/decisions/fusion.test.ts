import { describe, expect, test } from 'vitest';
import type { RunResultEntry, RunResults } from '../../../sdk/artifacts/types.ts';
import { type DecideInput, decide } from '../../../sdk/decisions/decide.ts';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { parseDecisionLog } from '../../../sdk/decisions/decision-log.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { event, eventsOf, fixture, nodeInfo, observe, of, outline, said } from './recorded.ts';

// What dbt v2 writes of its reuse, as its sources have it: it uses State on warehouses of the cloud only.

const v2 = [
  event('MainReportVersion', { version: '=2.0.0-preview.209' }),
  event('AdapterRegistered', { adapter_name: 'snowflake' }),
];

/** As artifacts/* brings it: rc196 leaves out what is null. */
function entry(uniqueId: string, fields: Partial<RunResultEntry>): RunResultEntry {
  return {
    unique_id: uniqueId,
    status: 'success',
    timing: [],
    thread_id: 'Thread-1',
    execution_time: 0,
    adapter_response: {},
    message: null,
    failures: null,
    ...fields,
  };
}

function results(...entries: RunResultEntry[]): RunResults {
  return {
    metadata: { dbt_schema_version: 'v6', dbt_version: '2.0.0', generated_at: '', invocation_id: 'i' },
    elapsed_time: 1,
    args: {},
    results: entries,
  };
}

/** v2's own event holds a status and a time; the reason comes from its telemetry. */
function finished(uniqueId: string, result: Record<string, unknown>, ts = '2026-01-01T00:00:01Z'): DbtEvent {
  return event(
    'NodeFinished',
    { node_info: nodeInfo(uniqueId), run_result: { execution_time: 0, ...result } },
    { ts },
  );
}

function run(
  entries: RunResultEntry[] | undefined,
  events: DbtEvent[] = [],
  changes: Partial<DecideInput> = {},
) {
  return decide({
    command: 'build',
    engine: 'fusion',
    ended: 'finished',
    eventsAvailable: true,
    pluginInstalled: undefined,
    stateWanted: true,
    redact: (text) => text,
    runResults: entries === undefined ? undefined : results(...entries),
    observations: observe([...v2, ...events]),
    ...changes,
  });
}

const M = 'model.a.m';
const T = 'test.a.t.1';

function only(fields: Partial<RunResultEntry>, events: DbtEvent[] = [], id = M): NodeDecision {
  const [decision] = run([entry(id, fields)], events).decisions;
  if (decision === undefined) throw new Error('no decision');
  return decision;
}

describe('reused, by the message of run_results', () => {
  test.each([
    ['No new changes on any upstreams', 'reused', 'no-changes', 'reported'],
    ['No new changes on all upstreams', 'reused', 'update-criteria-not-met', 'reported'],
    ['New changes detected. Did not meet lag_tolerance of 45m', 'reused', 'within-lag-tolerance', 'reported'],
    ['Cloned from cached relation', 'cloned', 'clone-of-other-environment', 'reported'],
    [
      'Cloned from cached relation within freshness tolerance',
      'cloned',
      'clone-within-lag-tolerance',
      'reported',
    ],
    // dbt Core 1.12 with EMIT_REUSED_STATUS.
    ['No new changes', 'reused', 'no-changes', 'reported'],
    ['New changes detected within lag tolerance of 45 minutes', 'reused', 'within-lag-tolerance', 'reported'],
    ['Cloned from other environment', 'cloned', 'clone-of-other-environment', 'reported'],
    ['Cloned from other environment within tolerance', 'cloned', 'clone-within-lag-tolerance', 'reported'],
    // The key may be missing: that it was kept is reported, why is not.
    [null, 'reused', 'no-changes', 'inferred'],
    ['Some new sentence', 'reused', 'no-changes', 'inferred'],
  ])('%j', (message, action, because, basis) => {
    expect(only({ status: 'reused', message })).toMatchObject({ action, because, basis, failed: false });
  });

  test('it proves that State was active', () => {
    const { state } = run([entry(M, { status: 'reused', message: 'No new changes on any upstreams' })]);
    expect(state).toMatchObject({ kind: 'active', proof: '1 result only State writes' });
  });
});

describe('the reason of the telemetry', () => {
  test.each([
    ['NO_CHANGES', 'reused', 'no-changes'],
    ['STILL_FRESH', 'reused', 'within-lag-tolerance'],
    ['UPDATE_CRITERIA_NOT_MET', 'reused', 'update-criteria-not-met'],
    ['CLONED_EXISTING', 'cloned', 'clone-of-other-environment'],
    ['CLONED_EXISTING_STILL_FRESH', 'cloned', 'clone-within-lag-tolerance'],
  ])('%s decides without a message, with or without a results file', (reason, action, because) => {
    const told = finished(M, { status: 'reused', node_cache_reason: `NODE_CACHE_REASON_${reason}` });
    const fromBoth = only({ status: 'reused' }, [told]);
    expect(fromBoth).toMatchObject({ action, because, basis: 'reported' });
    expect(fromBoth.evidence).toContainEqual({
      source: 'event',
      says: `dbt gave the reason NODE_CACHE_REASON_${reason}`,
    });
    expect(of(run(undefined, [told]), 'm')).toMatchObject({ action, because, basis: 'reported' });
  });

  test('outranks the message, and a message of another action is kept as a conflict', () => {
    const told = finished(M, { status: 'reused', node_cache_reason: 'NODE_CACHE_REASON_STILL_FRESH' });
    const agreed = only({ status: 'reused', message: 'No new changes on any upstreams' }, [told]);
    expect(agreed.because).toBe('within-lag-tolerance');
    expect(agreed.evidence.some((one) => one.conflicts)).toBe(false);
    const clashing = only({ status: 'reused', message: 'Cloned from cached relation' }, [told]);
    expect(clashing).toMatchObject({ action: 'reused', because: 'within-lag-tolerance' });
    expect(clashing.evidence[0]).toEqual({
      source: 'run-results',
      says: 'status reused, Cloned from cached relation',
      conflicts: true,
    });
  });

  test('does not turn what the results say was built into reuse', () => {
    const told = finished(M, { status: 'reused', node_cache_reason: 'NODE_CACHE_REASON_NO_CHANGES' });
    const decision = only({ status: 'success', message: 'Succeeded' }, [told]);
    expect(decision.action).toBe('built');
    expect(decision.evidence.filter((one) => one.conflicts)).toHaveLength(2);
  });

  test('a reason of a later version still is reuse', () => {
    const told = finished(M, { status: 'reused', node_cache_reason: 'NODE_CACHE_REASON_NEW' });
    expect(only({ status: 'reused', message: 'Cloned from cached relation' }, [told])).toMatchObject({
      action: 'cloned',
    });
  });
});

describe('tests', () => {
  test.each([
    ['pass', undefined, false],
    ['warn', 2, false],
    ['fail', 3, true],
    ['error', 3, true],
  ])('a stored result, %s', (status, failures, failed) => {
    const fields = { status, message: 'NO-OP - cached test result', failures: failures ?? null };
    expect(only(fields, [], T)).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      status,
      failed,
    });
    expect(run([entry(T, fields)]).state.kind).toBe('active');
  });

  test('with the status reused, and by the telemetry alone', () => {
    const stored = { action: 'reused', because: 'stored-test-result', failed: false };
    expect(only({ status: 'reused', message: 'NO-OP - cached test result' }, [], T)).toMatchObject(stored);
    const told = finished(T, { status: 'reused', node_cache_reason: 'NODE_CACHE_REASON_NO_CHANGES' });
    const kept = only({ status: 'pass' }, [told], T);
    expect(kept).toMatchObject(stored);
    expect(kept.evidence.some((one) => one.conflicts)).toBe(false);
    expect(only({ status: 'fail', failures: 1 }, [told], T)).toMatchObject({ ...stored, failed: true });
  });

  test('left out with its model: reused, and no result is claimed', () => {
    const decision = only({ status: 'reused', message: 'Skipped due to model reuse' }, [], T);
    expect(decision).toMatchObject({ action: 'reused', because: 'model-reused', failed: false });
  });

  test('one that ran is tested', () => {
    expect(only({ status: 'pass', message: 'Succeeded' }, [], T)).toMatchObject({ action: 'tested' });
    expect(only({ status: 'pass', message: 'NO-OP' }, [], T)).toMatchObject({ action: 'tested' });
  });
});

describe('what proves nothing', () => {
  test('“New changes detected” on nodes that ran, as the real dbt v2 prints it on DuckDB', () => {
    const events = eventsOf(fixture('dbt-v2/v2-build-json-logs.jsonl'));
    expect(events.some(({ info }) => info.msg.includes('New changes detected'))).toBe(true);
    const decided = run(undefined, [], { command: 'run', observations: observe(events) });
    expect(decided.decisions.map((one) => [one.name, one.action])).toEqual([
      ['a', 'built'],
      ['b', 'built'],
    ]);
    expect(decided.state.kind).not.toBe('active');
    expect(decided.savings).toBeUndefined();
    for (const one of decided.decisions) expect(one.because).not.toBe('state-decided');
    expect(JSON.stringify(decided)).not.toContain('New changes detected');
  });

  test('the same words as the message of a result', () => {
    const decided = run([entry(M, { message: 'New changes detected' })]);
    expect(of(decided, 'm').action).toBe('built');
    expect(decided.state.kind).not.toBe('active');
  });

  test('no-op is dbt’s own, with State or without', () => {
    const reused = entry('model.a.r', { status: 'reused', message: 'No new changes on any upstreams' });
    const decided = run([
      reused,
      entry(M, { status: 'no-op', message: 'NO-OP' }),
      entry(T, { status: 'no-op' }),
    ]);
    expect(outline(decided)).toEqual({
      r: 'reused no-changes',
      m: 'no-op nothing-to-do',
      t: 'no-op nothing-to-do',
    });
  });

  test('the count of native no-ops at the end of a run', () => {
    const stats = event('StatsLine', { stats: { 'no-op': 3, reused: 0, total: 4 } }, { level: 'info' });
    const line = event('Note', { msg: 'Done. PASS=1 NO-OP=3 TOTAL=4' }, { level: 'info' });
    expect(run([entry(M, { message: 'Succeeded' })], [stats, line]).state.kind).not.toBe('active');
  });
});

describe('a decision id', () => {
  const decided = finished(M, { status: 'success', state_decision_id: 'dec-1' });

  test('on a node that ran: State was active and told it to run', () => {
    const all = run([entry(M, { message: 'Succeeded' })], [decided]);
    expect(all.state).toMatchObject({
      kind: 'active',
      proof: '1 answer of the service, first: decision dec-1 about m',
    });
    expect(of(all, 'm')).toMatchObject({ action: 'built', because: 'state-decided', basis: 'inferred' });
    expect(of(all, 'm').evidence).toContainEqual({
      source: 'event',
      says: 'the service made the decision dec-1',
    });
  });

  test('on a node that failed says nothing of why', () => {
    const failed = finished(M, { status: 'error', state_decision_id: 'dec-1' });
    expect(of(run([entry(M, { status: 'error', message: 'boom' })], [failed]), 'm')).toMatchObject({
      action: 'failed',
      because: 'error',
    });
  });
});

test('skipped after a failure, where no manifest tells which', () => {
  expect(only({ status: 'skipped', message: 'Skipped due to upstream failure' })).toMatchObject({
    action: 'skipped',
    because: 'upstream-failed',
    basis: 'reported',
  });
});

test('skipped after the node its event names', () => {
  const skip = finished(M, { status: 'skipped', upstream_unique_id: 'model.a.up' });
  const decision = only({ status: 'skipped', message: 'Skipped due to upstream failure' }, [skip]);
  expect(decision).toMatchObject({
    action: 'skipped',
    because: 'upstream-failed',
    detail: 'model.a.up',
    basis: 'reported',
  });
  expect(decision.evidence).toContainEqual({ source: 'event', says: 'skipped because of model.a.up' });
});

describe('its decision log', () => {
  const log = (...entries: object[]): string => entries.map((one) => `${JSON.stringify(one)}\n`).join('');
  const node = (uniqueId: string, fields: object = {}) => ({
    entry_type: 'node',
    node_unique_id: uniqueId,
    node_name: uniqueId.split('.')[2],
    node_info: {
      fqn: '"D"."S"."X"',
      node_resource_type: 'model',
      is_view: false,
      is_table: true,
      deferrals: {},
    },
    execution_decision_id: 'dec-1',
    ...fields,
  });
  const ready = said('info', 'dbt State is enabled (endpoint https://x:443, defer_to prod)', []);
  const start = {
    entry_type: 'run_start',
    start_timestamp_utc: '2026-01-01T00:00:00Z',
    run_config: { target_name: 'dev' },
  };

  test('names nodes by unique id, so two of one name are told apart; confirmations come in lines of their own', () => {
    const parsed = parseDecisionLog(
      log(start, node('model.a.m'), node('model.b.m', { execution_decision_id: null }), {
        entry_type: 'execution_confirmed',
        node_unique_id: 'model.a.m',
        execution_id: 'exec-1',
      }),
    );
    expect(parsed.unreadable).toBe(0);
    const decided = run(
      [entry('model.a.m', { message: 'Succeeded' }), entry('model.b.m', { message: 'Succeeded' })],
      [ready],
      { decisionLog: parsed },
    );
    expect(decided.state).toMatchObject({ kind: 'active', proof: expect.stringContaining('1 decision') });
    const [a, b] = decided.decisions;
    expect(a).toMatchObject({ because: 'state-decided' });
    expect(a?.evidence).toContainEqual({ source: 'decision-log', says: 'an execution was confirmed' });
    expect(b?.evidence).toContainEqual({ source: 'decision-log', says: 'no decision' });
  });

  test('with a node of another run it is another run’s; the type may stand in the unique id alone', () => {
    const mine = node('model.a.m', { node_info: { fqn: '' } });
    const decided = (...lines: object[]) => {
      const decisionLog = parseDecisionLog(log(...lines));
      expect(decisionLog.entries.map((one) => one.resourceType)).toEqual(lines.map(() => 'model'));
      return run([entry(M, { message: 'Succeeded' })], [ready], { decisionLog });
    };
    expect(decided(mine)).toMatchObject({ ownsDecisionLog: true, decisions: [{ because: 'state-decided' }] });
    expect(decided(node('model.a.gone'), mine).ownsDecisionLog).toBe(false);
  });
});
