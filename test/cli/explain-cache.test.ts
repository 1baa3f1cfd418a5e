import { describe, expect, test } from 'vitest';
import { decisionLine } from '../../sdk/cli/decision-line.ts';
import type { RunEvent } from '../../sdk/index.ts';
import type { Step } from '../support/fake-dbt/fake-dbt.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { makeCliRig } from './command-line.ts';

type Finished = Extract<RunEvent, { kind: 'node-finished' }>;

const stgOrders: Finished = {
  kind: 'node-finished',
  at: '2026-01-01T00:00:00.000Z',
  labels: {},
  uniqueId: 'model.shop.stg_orders',
  name: 'stg_orders',
  resourceType: 'model',
  status: 'success',
  action: 'reused',
  because: 'no-changes',
  basis: 'reported',
  failed: false,
};

describe('a line', () => {
  test('says what was done, to what, and why', () => {
    expect(decisionLine({ ...stgOrders, detail: 'No upstream has changed' }, undefined)).toBe(
      'dbt-runcache: reused   model stg_orders — dbt State found no new changes, so it kept what was there: No upstream has changed.',
    );
    expect(decisionLine(stgOrders, undefined)).toBe(
      'dbt-runcache: reused   model stg_orders — dbt State found no new changes, so it kept what was there.',
    );
  });

  test('knows the warehouse, and how a test ended', () => {
    const view: Finished = {
      ...stgOrders,
      action: 'built',
      because: 'state-not-asked',
      materialized: 'view',
    };
    expect(decisionLine(view, 'postgres')).toContain('does not decide about views on Postgres');
    expect(decisionLine(view, 'snowflake')).not.toContain('Postgres');
    const stored: Finished = {
      ...stgOrders,
      resourceType: 'test',
      because: 'stored-test-result',
      status: 'fail',
    };
    expect(decisionLine({ ...stored, failed: true, failures: 3 }, undefined)).toContain('failed with 3 rows');
  });

  test('stays one line without escapes, whatever dbt said', () => {
    const line = decisionLine({ ...stgOrders, name: 'a\nb\u001b[31m', detail: 'x\r\ny' }, undefined);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there.
    expect(line).not.toMatch(/[\x00-\x1f]/);
    expect(line).toContain('a b');
  });
});

const said = (base: string, args: readonly string[], level = 'debug'): Step => ({
  event: {
    name: level === 'info' ? 'AdapterEventInfo' : 'AdapterEventDebug',
    level,
    data: { name: 'State', base_msg: base, args },
  },
});

/** A node that State skipped, ended and shown before the run is over. */
function reusedThenWaits(): Step[] {
  const [version, selection, start, ...rest] = runOf(
    [{ name: 'orders', status: 'success', message: 'NO-OP' }],
    0,
  );
  const finished = rest.findIndex((step) => 'event' in step && step.event.name === 'NodeFinished');
  return [
    ...(version === undefined || selection === undefined || start === undefined ? [] : [version, selection]),
    said('dbt-state v{} is {}', ['2.62.3', 'enabled'], 'info'),
    ...(start === undefined ? [] : [start]),
    said("Explained state decision for node '{}': {}", ['orders', 'Same as hush-hush-hush']),
    said('Received skip execution response for node {}', ['orders']),
    ...rest.slice(0, finished + 1),
    { mark: 'node-ended' },
    { wait_for: 'go-on' },
    ...rest.slice(finished + 1),
  ];
}

describe('run --explain-cache', () => {
  test('prints each decision while dbt still runs, redacted, and the report after it', async () => {
    const rig = await makeCliRig(reusedThenWaits());
    const { child, ended } = rig.start(['run', '--explain-cache', '--redact-env', 'KEY', '--', 'build'], {
      KEY: 'hush-hush-hush',
    });
    let seen = '';
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        seen += text;
        if (seen.includes('\n')) resolve();
      });
    });
    rig.dbt.release('go-on');
    const end = await ended;
    expect(seen.split('\n')[0]).toBe(
      'dbt-runcache: reused   model orders — dbt State found no new changes, so it kept what was there: Same as ***.',
    );
    expect(end.exitCode).toBe(0);
    expect(end.stderr.match(/^dbt-runcache: /gm)).toHaveLength(1);
    expect(end.stderr.indexOf('reused')).toBeLessThan(end.stderr.lastIndexOf('reused'));
    expect(end.stderr + end.stdout).not.toContain('hush');
  });

  test('without it no such line', async () => {
    const rig = await makeCliRig(runOf([{ name: 'orders', status: 'success', message: 'SELECT 1' }], 0));
    expect((await rig.run(['run', '--', 'build'])).stderr).not.toMatch(/^dbt-runcache: /m);
    expect((await rig.run(['run', '--explain-cache', '--', 'build'])).stderr).toMatch(
      /^dbt-runcache: built {4}model orders — /m,
    );
  });

  test('a run that cannot be done ends as it would without', async () => {
    const rig = await makeCliRig([{ exit: 2 }]);
    expect(await rig.run(['run', '--explain-cache', '--', 'build'])).toMatchObject({ exitCode: 2 });
    expect((await rig.run(['run', '--explain-cache', '--', 'build', '--target', 'no'])).stderr).toContain(
      'no',
    );
  });

  test('the JSON log has it in any case', async () => {
    const rig = await makeCliRig(runOf([{ name: 'orders', status: 'success', message: 'SELECT 1' }], 0));
    for (const flags of [[], ['--explain-cache']]) {
      const { stderr } = await rig.run(['run', ...flags, '--log-format', 'json', '--', 'build']);
      const events = stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(events.find(({ event }) => event === 'node_finished')).toMatchObject({
        unique_id: 'model.shop.orders',
        action: 'built',
        because: expect.any(String),
        failed: false,
      });
    }
  });
});
