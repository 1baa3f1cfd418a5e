import { describe, expect, test } from 'vitest';
import { STATE_FIXES, stateFix } from '../../../sdk/decisions/state-fixes.ts';
import { type StateStatusInput, stateStatus } from '../../../sdk/decisions/state-status.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { event, observe, said } from './recorded.ts';

// Texts the State service or a warehouse of the cloud would be needed for. What can be produced is in test/e2e.

function status(events: readonly DbtEvent[], more: Partial<StateStatusInput> = {}) {
  return stateStatus({
    command: 'build',
    observations: observe(events),
    eventsAvailable: true,
    eligibleRan: true,
    ...more,
  });
}

describe('dbt v2', () => {
  const on = [
    event('MainReportVersion', { version: '=2.0.0-rc.196' }),
    event('AdapterRegistered', { adapter_name: 'snowflake' }),
  ];
  const v2 = (events: readonly DbtEvent[], more: Partial<StateStatusInput> = {}) =>
    status([...on, ...events], { engine: 'fusion', stateWanted: true, ...more });

  test('its "is enabled" comes after the service has answered, so it is proof', () => {
    expect(
      v2([said('info', 'dbt State is enabled (endpoint https://api.state.dbt.com:443, defer_to prod)', [])]),
    ).toEqual({
      kind: 'active',
      proof: 'the service at https://api.state.dbt.com:443 accepted this dbt',
      troubles: [],
    });
  });

  test('it is none on an adapter that dbt v2 never asks State about', () => {
    const ready = said(
      'info',
      'dbt State is enabled (endpoint https://api.state.dbt.com:443, defer_to prod)',
      [],
    );
    const events = [event('AdapterRegistered', { adapter_name: 'duckdb' }), ready];
    expect(v2(events)).toMatchObject({ kind: 'inactive', trouble: { problem: 'adapter-unsupported' } });
    expect(v2(events, { stateWanted: false })).toEqual({ kind: 'absent' });
  });

  test.each([
    ['dbt State service config failed: invalid URL; executing normally', 'declined'],
    [
      'dbt State service client initialization failed: transport error: tcp connect error: Connection refused; executing normally',
      'service-unreachable',
    ],
    ['dbt State service client initialization failed: token rejected; executing normally', 'login-failed'],
    ['dbt State client validation failed: status: Internal; executing normally', 'version-check-failed'],
    ['dbt State client validation failed: dns error; executing normally', 'service-unreachable'],
    ['dbt State service does not support this client version; executing normally', 'client-version-refused'],
    ['dbt State service validation was skipped; executing normally', 'version-check-failed'],
  ])('%s', (text, problem) => {
    expect(v2([said('warn', text, [])])).toMatchObject({
      kind: 'inactive',
      trouble: { problem, said: text },
    });
  });

  test('a submission that failed is about its node', () => {
    const ready = said('info', 'dbt State is enabled (endpoint https://x:443, defer_to prod)', []);
    const text =
      'dbt State service submit failed for node model.shop.orders: status: Internal; executing normally';
    expect(v2([ready, said('warn', text, [])])).toMatchObject({
      kind: 'active',
      troubles: [{ problem: 'service-errors', nodes: ['model.shop.orders'] }],
    });
  });

  test.each([
    ['dbt State client validation failed: invalid_client: no such client', 'bad-credentials'],
    [
      'dbt State client validation failed: Token has access to multiple organizations',
      'organization-refused',
    ],
    ['dbt State client validation failed: authorization was aborted', 'login-failed'],
  ])('what ends it: %s', (text, problem) => {
    expect(
      v2([], { outputTail: `[error] [AuthFailed (dbt1308)]: ${text}\n`, eligibleRan: false }),
    ).toMatchObject({
      kind: 'inactive',
      trouble: { problem, said: expect.stringContaining(text), endedRun: true },
    });
  });

  test('a validation that did not end it does not count as having done so', () => {
    const text = 'dbt State client validation failed: status: Internal; executing normally';
    expect(
      v2([said('warn', text, [])], { outputTail: `[error] ${text}`, eligibleRan: false }),
    ).not.toHaveProperty('trouble.endedRun');
  });

  test('switched off by configuration', () => {
    const text = 'dbt State service disabled by configuration; executing normally';
    expect(v2([said('debug', text, [])], { stateSwitchedOffBy: 'RUN_CACHE_ENABLED' })).toEqual({
      kind: 'disabled',
      by: 'RUN_CACHE_ENABLED',
    });
  });

  test.each(['duckdb', 'postgres'])(
    'on %s it is silent and does nothing, whatever was asked',
    (adapter_name) => {
      const other = event('AdapterRegistered', { adapter_name });
      expect(v2([other])).toMatchObject({ kind: 'inactive', trouble: { problem: 'adapter-unsupported' } });
      expect(v2([other], { stateWanted: false })).toEqual({ kind: 'absent' });
      expect(v2([other], { stateSwitchedOffBy: '--no-manage-state' })).toEqual({
        kind: 'disabled',
        by: '--no-manage-state',
      });
    },
  );

  test('wanted, possible, and not a word of it', () => {
    expect(v2([])).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'never-asked', fix: expect.stringContaining('--manage-state') },
    });
  });
});

describe('the plugin', () => {
  const enabled = said('info', 'dbt-state v{} is {}', ['2.62.3', 'enabled']);
  const refused = said('warn', 'dbt State disabled: {}. Continuing without state', [
    'Unable to exchange dbt platform token for a dbt State authentication token (tried 2 tokens).\nPlease see dbt.log for details',
  ]);
  const tried = (why: string) =>
    said('debug', "Failed to exchange dbt platform token '{}' (host: '{}') for a dbt state token: {}", [
      'dbtc_abc',
      'ab1.us1.dbt.com',
      why,
    ]);

  test.each([
    ['it has expired', 'login-failed'],
    ['HTTPSConnectionPool: Max retries exceeded', 'service-unreachable'],
  ])('of several tokens only the debug log says why: %s', (why, problem) => {
    const state = status([enabled, tried(why), refused]);
    expect(state).toMatchObject({
      kind: 'inactive',
      trouble: { problem, said: expect.stringContaining(why) },
    });
    // The first argument is the start of the token.
    expect(JSON.stringify(state)).not.toContain('dbtc_abc');
  });

  test.each([
    ['User access to the requested organization (org_id: a) has been disabled', 'organization-refused'],
    ['Failed to authenticate with dbt State: Expecting value: line 1 column 1', 'login-failed'],
    ['Failed to obtain dbt State authentication token: invalid_client: no', 'login-failed'],
    ['something nobody has thought of', 'declined'],
  ])('off because of: %s', (why, problem) => {
    const off = said('warn', 'dbt State disabled: {}. Continuing without state', [why]);
    expect(status([enabled, off])).toMatchObject({ kind: 'inactive', trouble: { problem } });
  });

  test('without commit timestamps an answer comes to nothing, unless it spared work', () => {
    const seed = (answer: string) =>
      said('debug', `Received ${answer} response for node {}, request_id: {}`, ['a', 'r']);
    const base = 'execute: request confirmation failed for node {}:\n{}. Continuing without state';
    const off = said('warn', base, ['seed.x.a', 'Database Error\n  could not get commit timestamp data']);
    expect(status([enabled, seed('execute'), off])).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'commit-timestamps-off', nodes: ['seed.x.a'] },
    });
    const selected = event('RuncacheSelection', {
      nodes: [{ unique_id: 'seed.x.a', name: 'a', resource_type: 'seed' }],
    });
    expect(status([enabled, selected, seed('ready to clone'), off])).toMatchObject({
      kind: 'active',
      troubles: [{ problem: 'commit-timestamps-off' }],
    });
  });

  test('the cause that explains the others stands first', () => {
    const events = [
      enabled,
      said('warn', 'Failed to validate client version: %s', ['no list']),
      said('warn', 'compile: dbt State failed for node {}:\n{}. Continuing without state', [
        'model.a.b',
        'boom',
      ]),
      said('warn', 'Failed to prefetch last modified timestamps: {}', [
        'could not get commit timestamp data',
      ]),
    ];
    expect(status(events)).toMatchObject({ kind: 'inactive', trouble: { problem: 'commit-timestamps-off' } });
    expect(status(events.slice(0, 3))).toMatchObject({ trouble: { problem: 'service-errors' } });
    expect(status(events.slice(0, 2))).toMatchObject({ trouble: { problem: 'version-check-failed' } });
  });

  test.each([
    "Error confirming execution for test '{}': {}. Continuing without state",
    "Failed to parse SQL for test '{}': {}. Continuing without state",
    "Error processing dbt State response for test '{}': {}. Continuing without state",
    "Unexpected dbt State response type for test '{}': {}. Continuing without state",
  ])('about a test: %s', (base) => {
    expect(status([enabled, said('warn', base, ['test.a.b', 'boom'])])).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'service-errors', nodes: ['test.a.b'] },
    });
  });

  test.each([
    'Fetching table metadata took {}s.',
    'Access to table {} was denied. This will result in suboptimal state behavior',
    'Failed to prefetch last modified timestamps: {}. This will result in suboptimal state behavior',
    'Git branch detection skipped: {}',
  ])('is no less active for: %s', (base) => {
    const answer = said('debug', 'Received execute response for node {}, request_id: {}', ['a', 'r']);
    const observations = observe([enabled, answer, said('warn', base, ['x'])]);
    expect(status([], { observations })).toMatchObject({ kind: 'active', troubles: [] });
    expect(observations.messages.list).toMatchObject([{ name: 'StateWarning' }]);
  });
});

describe('what to do', () => {
  test.each(Object.entries(STATE_FIXES))('%s: one line, as a sentence', (_, fix) => {
    expect(fix).toMatch(/^[A-Z][^\n]+[.]$/);
    // Names and commands are between backticks, in pairs.
    expect((fix.match(/`/g) ?? []).length % 2).toBe(0);
  });

  test('the words of a message may tell more than its problem', () => {
    expect(stateFix('service-unreachable')).toContain('RUN_CACHE_API_URL');
    expect(stateFix('service-unreachable', 'SSLError(CERTIFICATE_VERIFY_FAILED)')).toContain(
      'RUN_CACHE_CA_BUNDLE',
    );
    expect(stateFix('no-credentials', 'certificate')).toBe(STATE_FIXES['no-credentials']);
  });
});
