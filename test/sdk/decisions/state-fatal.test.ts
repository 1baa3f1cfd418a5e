import { describe, expect, test } from 'vitest';
import { type StateStatusInput, stateStatus } from '../../../sdk/decisions/state-status.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { event, eventsOf, finished, fixture, observe, said, started } from './recorded.ts';

const ended = [event('CommandCompleted', { success: false })];

function status(events: readonly DbtEvent[], outputTail: string, more: Partial<StateStatusInput> = {}) {
  return stateStatus({
    command: 'run',
    observations: observe(events),
    eventsAvailable: true,
    eligibleRan: false,
    dbtFailed: true,
    outputTail,
    ...more,
  });
}

const legacy = fixture('dbt-core-1.11/failure-legacy-package.txt');
const FAILURES: readonly (readonly [string, string])[] = [
  ['legacy-package', legacy],
  [
    'client-version-refused',
    "01:28:30  Encountered an error:\n('Client version %s is not supported', '2.62.3')\n",
  ],
  [
    'bad-credentials',
    'Encountered an error:\nRuntime Error\n  Error logging in with client credentials. Please make sure\n',
  ],
  ['login-failed', '[error] [AuthFailed (dbt1308)]: dbt State client validation failed: aborted\n'],
];

describe.each(FAILURES)('%s, as dbt prints it', (problem, printed) => {
  test('ended the run', () => {
    expect(status(ended, printed)).toMatchObject({ kind: 'inactive', trouble: { problem, endedRun: true } });
  });

  test.each<[string, readonly DbtEvent[], Partial<StateStatusInput>]>([
    ['dbt succeeded', [], { dbtFailed: false }],
    ['dbt said that it succeeded', [event('CommandCompleted', { success: true })], { dbtFailed: undefined }],
    ['a node has finished', [started('model.a.m'), finished('model.a.m', { status: 'error' })], {}],
    ['a node has run', [], { eligibleRan: true }],
    [
      'the service has answered',
      [said('debug', 'Received execute response for node {}, request_id: {}', ['m', 'r'])],
      {},
    ],
    [
      'dbt named another error',
      [event('MainEncounteredError', { exc: 'Runtime Error\n  no such thing' })],
      {},
    ],
  ])('not where %s', (_, events, more) => {
    expect(status(events, printed, more)).not.toHaveProperty('trouble.endedRun');
  });

  test('not where anything else printed those words', () => {
    const [said = ''] = printed.trimEnd().split('\n').slice(-1);
    const words = said.replace(/^\[error\] /, '').trim();
    for (const line of [words, `01:02:03  ${words}`, `01:02:03  a hook says: ${words}`]) {
      expect(status(ended, `${line}\n`)).not.toHaveProperty('trouble.endedRun');
    }
    const quoted = `Encountered an error:\nCompilation Error\n  ${words}\n`;
    expect(status(ended, quoted)).not.toHaveProperty('trouble.endedRun');
  });
});

test('dbt’s own error counts, whatever was printed', () => {
  const events = eventsOf(fixture('dbt-core-1.11/runs/bad-credentials.events.jsonl'));
  expect(status(events, legacy)).toMatchObject({ trouble: { problem: 'bad-credentials', endedRun: true } });
});
