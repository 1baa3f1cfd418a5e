import { describe, expect, test } from 'vitest';
import { parseDecisionLog } from '../../../sdk/decisions/decision-log.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { decideRecorded, event, eventsOf, fixture, observe, recorded, said } from './recorded.ts';

// The log of a run in which State decided, beside runs in which it did not.
const foreign = parseDecisionLog(fixture('dbt-core-1.11/runs/execute.decision-log.jsonl'));
const silent = observe(
  eventsOf(fixture('dbt-core-1.11/runs/execute.events.jsonl')).filter(
    ({ data }) => data['name'] !== 'State' && data['name'] !== 'RunCache',
  ),
);
const none = observe([]);
const announcing = (...events: DbtEvent[]) =>
  observe([
    event('MainReportVersion', { version: '=1.11.16' }),
    said('info', 'dbt-state v{} is {}', ['2.62.3', 'enabled']),
    event('AdapterRegistered', { adapter_name: 'postgres' }),
    ...events,
  ]);

describe('a decision log proves nothing of a run', () => {
  test.each([
    ['without the plugin', { observations: silent, pluginInstalled: null }, 'absent'],
    [
      'with State switched off',
      { observations: silent, stateSwitchedOffBy: 'RUN_CACHE_DISABLED' },
      'disabled',
    ],
    [
      'in which State said it is off',
      { observations: observe([said('info', 'dbt State is disabled')]) },
      'disabled',
    ],
    ['of dbt v2 that did not ask for State', { observations: silent, engine: 'fusion' }, 'absent'],
    [
      'on an adapter State does not support',
      {
        observations: announcing(
          said('warn', "dbt State disabled: target type '{}' is not supported", ['x']),
        ),
      },
      'inactive',
    ],
    [
      'without events and without the plugin',
      { observations: none, eventsAvailable: false, pluginInstalled: null },
      'absent',
    ],
    [
      'without events and with State switched off',
      { observations: none, eventsAvailable: false, stateSwitchedOffBy: 'RUN_CACHE_DISABLED' },
      'disabled',
    ],
  ] as const)('%s', (_, changes, kind) => {
    const decided = decideRecorded('execute', { ...changes, decisionLog: foreign });
    expect(decided.state.kind).toBe(kind);
    expect(decided.ownsDecisionLog).toBe(false);
    expect(decided.decisions.length).toBeGreaterThan(0);
    expect(JSON.stringify(decided.decisions)).not.toContain('decision-log');
  });
});

test('where State was on, it does', () => {
  const decided = decideRecorded('execute', { observations: announcing(), decisionLog: foreign });
  expect(decided.state).toMatchObject({ kind: 'active', proof: expect.stringContaining('decision log') });
  expect(decided.ownsDecisionLog).toBe(true);
});

describe.each([true, false])('events: %s', (eventsAvailable) => {
  const observations = eventsAvailable ? announcing() : none;
  const withLog = (change: (line: string) => string) =>
    decideRecorded('execute', {
      observations,
      eventsAvailable,
      decisionLog: parseDecisionLog(change(fixture('dbt-core-1.11/runs/execute.decision-log.jsonl'))),
    });

  test('a log that tells of a node this run does not have is another run’s', () => {
    expect(withLog((log) => log).ownsDecisionLog).toBe(true);
    expect(
      withLog((log) => log.replaceAll('"node_name": "orders"', '"node_name": "gone"')).ownsDecisionLog,
    ).toBe(false);
  });

  test('so is one of the same nodes in another schema', () => {
    const log = withLog((text) =>
      text
        .split('\n')
        .filter((line) => !line.includes('"fqn": ""'))
        .join('\n')
        .replaceAll('\\"dev\\"', '\\"other\\"'),
    );
    expect(log.ownsDecisionLog).toBe(false);
    expect(log.state.kind).not.toBe('active');
  });
});

test('a log without nodes is told from another’s by the events alone', () => {
  const [first = ''] = fixture('dbt-core-1.11/runs/execute.decision-log.jsonl').split('\n');
  const decisionLog = parseDecisionLog(`${first}\n`);
  expect(decideRecorded('execute', { decisionLog }).ownsDecisionLog).toBe(true);
  expect(
    decideRecorded('execute', { decisionLog, observations: none, eventsAvailable: false }).ownsDecisionLog,
  ).toBe(false);
  expect(recorded('execute').decisionLog?.entries.length).toBeGreaterThan(0);
});
