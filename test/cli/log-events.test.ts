import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { toLogEvent } from '../../sdk/cli/log-event.ts';
import type { DedupReport } from '../../sdk/dedup/dedup-report.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { earlierRun, executedDedup, replayedReport, skippedReport } from '../support/report-builder.ts';
import { makeCliRig } from './command-line.ts';

interface Variant {
  properties: { event: { const: string } };
  additionalProperties?: boolean;
}
const schema = JSON.parse(
  readFileSync(new URL('../../sdk/cli/log-event.schema.json', import.meta.url), 'utf8'),
) as { oneOf: Variant[] };
// Readers ignore what they do not know; what we print today is described whole.
const strict = {
  ...schema,
  oneOf: schema.oneOf.map((variant) => ({ ...variant, additionalProperties: false })),
};
const isDateTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text);
const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': isDateTime } });
const validate = ajv.compile(strict);

/** Every line of stderr, each checked against the schema. */
function events(stderr: string): Record<string, unknown>[] {
  expect(stderr.endsWith('\n')).toBe(true);
  return stderr
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      const variant = strict.oneOf.find(({ properties }) => properties.event.const === event['event']);
      expect(variant, line).toBeDefined();
      expect(validate(event), `${line}\n${ajv.errorsText(validate.errors)}`).toBe(true);
      return event;
    });
}

const JSON_RUN = [
  'run',
  '--log-format',
  'json',
  '--label',
  'tenant=acme',
  '--redact-env',
  'KEY',
  '--',
  'build',
];

describe('--log-format json', () => {
  test('a run with failures, warnings and stderr: nothing but valid lines, in order, labelled, redacted', async () => {
    const rig = await makeCliRig([
      { print_error: 'Traceback of tell-nobody\n\npart' },
      { event: { name: 'JinjaLogWarning', level: 'warn', msg: 'old tell-nobody', data: {} } },
      ...runOf(
        [
          { name: 'orders', status: 'success', message: 'SELECT 3' },
          { name: 'ids', type: 'test', status: 'fail', failures: 2, message: 'Got 2 results' },
        ],
        1,
      ),
    ]);
    const end = await rig.run(JSON_RUN, { KEY: 'tell-nobody' });
    expect(end).toMatchObject({ exitCode: 1, stdout: '1 of 2 success orders\n2 of 2 fail ids\n' });
    expect(end.stderr).not.toContain('tell-nobody');
    const all = events(end.stderr);
    expect(all.every((event) => event['version'] === 1)).toBe(true);
    expect(all.map(({ labels }) => labels)).toEqual(all.map(() => ({ tenant: 'acme' })));

    const told = all.filter(({ event }) => event !== 'dbt_stderr');
    expect(told.map(({ event }) => event)).toEqual([
      ...['job_started', 'dbt_started', 'dbt_message', 'nodes_selected'],
      ...['node_started', 'node_finished', 'node_started', 'node_finished'],
      ...['node_decided', 'node_decided', 'job_finished'],
    ]);
    expect(told[3]).toMatchObject({ count: 2 });
    expect(told[5]).toMatchObject({
      unique_id: 'model.shop.orders',
      status: 'success',
      execution_ms: 250,
      action: 'built',
      failed: false,
    });
    expect(told[7]).toMatchObject({ unique_id: 'test.shop.ids', action: 'tested', failed: true });
    expect(told.filter(({ event }) => event === 'node_decided')).toContainEqual(
      expect.objectContaining({ unique_id: 'test.shop.ids', failed: true, failures: 2 }),
    );
    expect(told.at(-1)).toMatchObject({
      outcome: 'failed',
      code: 'nodes-failed',
      exit_code: 1,
      failed_nodes: 1,
    });
    const said = all.filter(({ event }) => event === 'dbt_stderr').map(({ text }) => text);
    expect(said).toEqual(['Traceback of ***', 'part']);
  });

  test('a run that is stopped', async () => {
    const rig = await makeCliRig([
      { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
      // As far as the selection and the beginning of the first node.
      ...runOf([{ name: 'orders', status: 'success' }], 0).slice(0, 3),
      { mark: 'running' },
      { hang: true },
    ]);
    const running = rig.start(JSON_RUN);
    await rig.dbt.reached('running');
    running.child.kill('SIGTERM');
    const end = await running.ended;
    expect(end.exitCode).toBe(143);
    const all = events(end.stderr);
    expect(all).toContainEqual(
      expect.objectContaining({ event: 'stopping', cause: 'signal', signal: 'SIGINT' }),
    );
    expect(all.at(-2)).toMatchObject({ event: 'node_decided', action: 'interrupted' });
    expect(all.at(-1)).toMatchObject({
      event: 'job_finished',
      code: 'cancelled',
      counts: { interrupted: 1 },
    });
  });

  test('a run that cannot be done', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['run', '--log-format=json', '--dbt', 'no-such-dbt', '--', 'build']);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(events(end.stderr).at(-1)).toMatchObject({ event: 'job_error', code: 'dbt-not-found' });
  });

  test('a command line that is wrong is told as JSON too', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['run', '--log-format', 'json', '--timeout', '5', '--', 'build']);
    expect(end.exitCode).toBe(2);
    expect(events(end.stderr)).toEqual([
      expect.objectContaining({ event: 'job_error', code: 'invalid-options' }),
    ]);
  });

  test('a summary that cannot be written is a problem, not a failure', async () => {
    const rig = await makeCliRig(runOf([{ name: 'orders', status: 'success' }], 0));
    const end = await rig.run(['run', '--log-format=json', '--summary', '/nowhere/x.md', '--', 'build']);
    expect(end.exitCode).toBe(0);
    expect(events(end.stderr).at(-1)).toMatchObject({ event: 'problem', code: 'report-unwritable' });
  });

  test('one endless line on stderr comes in pieces', async () => {
    const rig = await makeCliRig([{ print_error: 'ä'.repeat(150_000) }, ...runOf([], 0)]);
    const said = events((await rig.run(['run', '--log-format=json', '--', 'build'])).stderr)
      .filter(({ event }) => event === 'dbt_stderr')
      .map(({ text }) => String(text));
    expect(said.length).toBeGreaterThan(2);
    expect(said.join('')).toBe('ä'.repeat(150_000));
  });
});

test('what dbt writes to stderr is shown without the secrets of the environment', async () => {
  const rig = await makeCliRig([{ print_error: 'boom hush-hush-hush\n' }, { exit: 2 }]);
  const end = await rig.run(['run', '--log-format', 'json', '--', 'build'], {
    DBT_ENV_SECRET_X: 'hush-hush-hush',
  });
  expect(end.stderr).toContain('boom ***');
  expect(end.stderr + end.stdout).not.toContain('hush');
});

test('a reader of stderr that goes away holds up nothing', async () => {
  const rig = await makeCliRig([
    ...Array.from({ length: 3000 }, (_, i) => ({ print_error: `line ${i} ${'x'.repeat(200)}\n` })),
    { exit: 2 },
  ]);
  const { child, ended } = rig.start(['run', '--log-format', 'json', '--', 'build']);
  child.stderr?.once('data', () => child.stderr?.destroy());
  expect(await ended).toMatchObject({ exitCode: 2, signal: null });
});

test('the schema is part of the package', () => {
  const shipped = new URL('../../dist/sdk/schemas/log-event.json', import.meta.url);
  expect(JSON.parse(readFileSync(shipped, 'utf8'))).toEqual(schema);
});

test('what the ledger did is described whole', () => {
  const run = earlierRun();
  const differences = [{ part: 'code', item: 'a.sql', how: 'added' }] as const;
  const { dedup: replay } = replayedReport(
    {},
    { waitedMs: 3, omitted: [{ path: 'catalog.json', bytes: 9 }] },
  );
  const { dedup: skip } = skippedReport(run);
  const results = [
    replay,
    skip,
    executedDedup({ kind: 'no-record', nearest: { run, differences, count: 1 } }),
    { ...executedDedup({ kind: 'other-inputs', run, differences }), adopted: true },
    executedDedup({ kind: 'no-key', unknown: [{ part: 'data', why: 'x' }] }, 'none'),
    executedDedup({ kind: 'unavailable', why: 'x' }, 'unknown'),
  ] as DedupReport[];
  for (const result of results) {
    const event = toLogEvent({ kind: 'dedup', at: '2026-11-21T01:25:41.077Z', labels: {}, result });
    events(`${JSON.stringify(event)}\n`);
  }
  const finished = { kind: 'job-finished', at: '2026-11-21T01:25:41.077Z', labels: {}, wallMs: 1 } as const;
  for (const outcome of ['executed', 'replayed', 'skipped-in-flight', 'failed'] as const) {
    events(`${JSON.stringify(toLogEvent({ ...finished, outcome, counts: {}, failedNodes: 0 }))}\n`);
  }
});
