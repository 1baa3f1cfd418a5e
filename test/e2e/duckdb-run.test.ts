import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbtRunCacheError, type RunEvent, runDbt } from '../../sdk/index.ts';
import { type Workspace, workspace } from './workspace.ts';

const run = promisify(execFile);

let shop: Workspace;
beforeAll(async () => {
  shop = await workspace({ DBT_ENGINE_MANAGE_STATE: 'false' });
});
afterAll(() => shop.remove());

const dbt = (args: string[], more = {}) =>
  runDbt(args, { cwd: shop.dir, env: shop.env, dbt: shop.dbt, output: 'silent', ...more });

/** What changes from run to run: the time of day, durations, and how wide a filled line gets by them. */
function settled(text: string): string[] {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: dbt colours its output.
      .replace(/\x1b\[\d+m/g, '')
      .replace(/\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
      .replace(/\d+\.\d\ds/g, 'SECONDS')
      .replace(/\d+\.\d\d seconds/g, 'SECONDS')
      .replace(/ \.+ \[/g, ' [')
      .replace(/^TIME +\d+ of \d+ /gm, 'TIME ')
      .split('\n')
      .sort()
  );
}

describe('a build', () => {
  test('gives a decision for every node, from artifacts and events that agree', async () => {
    const events: RunEvent[] = [];
    const running = dbt(['build'], { labels: { tenant: 'acme' } });
    for await (const event of running) events.push(event);
    const result = await running;

    const { stdout } = await run(shop.dbt, ['--quiet', 'list', '--output', 'json'], {
      cwd: shop.dir,
      env: shop.env,
    });
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { unique_id: string; resource_type: string });
    expect(listed.length).toBeGreaterThan(30);
    expect(result.decisions.map((node) => node.uniqueId).sort()).toEqual(
      listed.map((node) => node.unique_id).sort(),
    );
    for (const node of result.decisions) {
      const expected =
        { test: 'tested', unit_test: 'tested', exposure: 'no-op' }[node.resourceType] ?? 'built';
      expect(node, node.uniqueId).toMatchObject({ action: expected, failed: false });
      expect(node.evidence.some((evidence) => evidence.conflicts === true)).toBe(false);
    }
    expect(result).toMatchObject({
      outcome: 'executed',
      exitCode: 0,
      labels: { tenant: 'acme' },
      state: { kind: 'disabled', by: 'DBT_ENGINE_MANAGE_STATE' },
      selectedCount: result.decisions.length,
      engine: {
        dbtVersion: '1.11.16',
        adapterType: 'duckdb',
        adapterVersion: '1.11.1',
        stateVersion: '2.62.3',
      },
      project: { name: 'bike_hire', profileName: 'bike_hire', targetName: 'duckdb' },
      notices: [],
    });
    expect(result.artifacts.manifest?.metadata.invocation_id).toBe(result.invocationId);
    expect(result.artifacts.runResults?.metadata.invocation_id).toBe(result.invocationId);

    expect(events[0]).toMatchObject({
      kind: 'job-started',
      labels: { tenant: 'acme' },
      dbtVersion: '1.11.16',
    });
    expect(events.at(-1)).toMatchObject({ kind: 'job-finished', outcome: 'executed', failedNodes: 0 });
    const finished = events.filter((event) => event.kind === 'node-finished').map((event) => event.uniqueId);
    expect(new Set(finished)).toEqual(new Set(result.decisions.map((node) => node.uniqueId)));
  });

  test('shows what dbt shows and leaves dbt’s log as it is', async () => {
    const bare = await run(shop.dbt, ['build'], { cwd: shop.dir, env: shop.env });
    const bareLog = await shop.read('logs/dbt.log');
    await shop.write('logs/dbt.log', '');
    const script = `
      const { runDbt } = await import(${JSON.stringify(new URL('../../sdk/index.ts', import.meta.url).href)});
      await runDbt(['build'], { dbt: ${JSON.stringify(shop.dbt)} });`;
    const ours = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: shop.dir,
      env: shop.env,
    });
    expect(settled(ours.stdout)).toEqual(settled(bare.stdout));
    expect(ours.stderr).toBe(bare.stderr);

    const log = await shop.read('logs/dbt.log');
    const kinds = (text: string): string[] =>
      [...text.matchAll(/^\S+ \[(\w+) *\] \[\w+ *\]/gm)].map((match) => match[1] ?? '');
    expect(kinds(log).length).toBeGreaterThan(50);
    expect(new Set(kinds(log))).toEqual(new Set(kinds(bareLog.slice(bareLog.lastIndexOf('=====')))));
    expect(log).not.toContain('RuncacheSelection');
    expect(log).not.toContain('"info":');
  });
});

const WHEELS = `models:
  - name: wheels
    columns:
      - name: bike_kind
        data_tests:
          - not_null
          - accepted_values:
              name: wheels_of_one_kind
              arguments:
                values: [unicycle]
`;

describe('failures', () => {
  let broken: Workspace;
  beforeAll(async () => {
    broken = await workspace({ DBT_ENGINE_MANAGE_STATE: 'false' });
    await broken.write(
      'models/marts/bad.sql',
      "-- depends_on: {{ ref('stg_bikes') }}\nselect 1 as id\nfrom no_such_table\n",
    );
    await broken.write('models/marts/wheels.sql', "select bike_kind from {{ ref('stg_bikes') }}\n");
    await broken.write('models/marts/wheels.yml', WHEELS);
    await broken.write('models/marts/after_bad.sql', "select * from {{ ref('bad') }}\n");
    await broken.write('tests/always_three.sql', 'select 1 as x union all select 2 union all select 3\n');
  });
  afterAll(() => broken.remove());

  test('reject with the failed run: which node, where, what was held back', async () => {
    const failed = await runDbt(['build', '--select', '+stg_bikes+', 'always_three'], {
      cwd: broken.dir,
      env: broken.env,
      dbt: broken.dbt,
      output: 'silent',
    }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(DbtRunCacheError);
    const { code, result, message } = failed as DbtRunCacheError;
    expect(code).toBe('nodes-failed');
    expect(message).toContain('bad');
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1 });
    const byName = new Map(result?.decisions.map((node) => [node.name, node]));
    expect(byName.get('bad')).toMatchObject({
      action: 'failed',
      failed: true,
      message: expect.stringContaining('no_such_table'),
      location: { path: 'models/marts/bad.sql' },
    });
    expect(byName.get('after_bad')).toMatchObject({
      action: 'skipped',
      because: 'upstream-failed',
      detail: 'model.bike_hire.bad',
      basis: 'reported',
      failed: false,
    });
    expect(byName.get('wheels_of_one_kind')).toMatchObject({
      action: 'tested',
      status: 'fail',
      failed: true,
      location: { path: 'models/marts/wheels.yml', line: 7 },
    });
    expect(byName.get('always_three')).toMatchObject({
      action: 'tested',
      status: 'fail',
      failures: 3,
      failed: true,
      location: { path: 'tests/always_three.sql' },
    });
  });

  test('a broken project is dbt’s own error, with exit code 2 and no earlier run’s results', async () => {
    await broken.write('models/marts/unparsable.sql', "select * from {{ ref('nothing_there') }}\n");
    const result = await runDbt(['build'], {
      cwd: broken.dir,
      env: broken.env,
      dbt: broken.dbt,
      output: 'silent',
      reject: false,
    });
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: 2,
      failure: { code: 'dbt-failed', message: expect.stringContaining('nothing_there') },
      decisions: [],
    });
    expect(result.artifacts.runResults).toBeUndefined();
  });
});

test('every command goes through', async () => {
  const commands: [string[], string[]][] = [
    [['deps'], []],
    [['parse'], ['manifest']],
    [['list', '--select', 'staging'], ['manifest']],
    [
      ['compile', '--select', 'rides'],
      ['manifest', 'runResults'],
    ],
    [
      ['docs', 'generate'],
      ['catalog', 'manifest', 'runResults'],
    ],
    [
      ['test', '--select', 'stg_bikes'],
      ['manifest', 'runResults'],
    ],
    [['debug'], []],
    [['--version'], []],
    [['clean'], []],
  ];
  for (const [args, artifacts] of commands) {
    const result = await dbt(args);
    expect(result.exitCode, args.join(' ')).toBe(0);
    expect(Object.keys(result.artifacts).sort(), args.join(' ')).toEqual(artifacts);
    expect(
      result.notices.filter((notice) => notice.kind === 'problem'),
      args.join(' '),
    ).toEqual([]);
  }
});

test('without artifacts the events tell', async () => {
  const result = await dbt(['--no-write-json', 'run', '--select', 'rides']);
  expect(result.artifacts).toEqual({});
  expect(result.decisions).toMatchObject([
    {
      uniqueId: 'model.bike_hire.rides',
      action: 'built',
      status: 'success',
      evidence: [{ source: 'event' }, { source: 'adapter-response' }],
    },
  ]);
});

test('project code sees none of the runner’s secrets, and nothing of the tap', async () => {
  await shop.write(
    'models/marts/spy.py',
    'import os, json\ndef model(dbt, session):\n    dbt.config(materialized="table")\n    names = sorted(os.environ) + [os.environ["PYTHONPATH"]]\n    return session.sql("select \'" + json.dumps(names) + "\' as names")\n',
  );
  try {
    await dbt(['run', '--select', 'spy'], {
      env: {
        ...shop.env,
        ACTIONS_RUNTIME_TOKEN: 'runtime-token',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'oidc-token',
        'INPUT_GITHUB-TOKEN': 'input-token',
        GITHUB_OUTPUT: '/nowhere',
        GITHUB_TOKEN: 'mine-on-purpose',
        PYTHONPATH: '/kept:',
      },
    });
    const shown = await run(
      shop.dbt,
      ['--quiet', 'show', '--inline', 'select names from {{ ref("spy") }}', '--output', 'json'],
      { cwd: shop.dir, env: shop.env },
    );
    const names = JSON.parse(
      (JSON.parse(shown.stdout) as { show: { names: string }[] }).show[0]?.names ?? '',
    ) as string[];
    expect(names).toContain('GITHUB_TOKEN');
    expect(names.at(-1)).toBe('/kept:');
    expect(names.filter((name) => /^(ACTIONS_|INPUT_|GITHUB_OUTPUT|DBT_RUNCACHE_)/.test(name))).toEqual([]);
  } finally {
    await run('rm', [join(shop.dir, 'models/marts/spy.py')]);
  }
});

test('a second run on the same target folder is refused, on another it runs', async () => {
  const first = dbt(['build'], { reject: false });
  for await (const event of first) if (event.kind === 'dbt-started') break;
  await expect(dbt(['list'])).rejects.toMatchObject({ code: 'target-path-busy' });
  const beside = await dbt(['--quiet', 'list', '--target-path', 'target-two']);
  expect(beside.outcome).toBe('executed');
  expect((await first).outcome).toBe('executed');
});

test('nothing of a run is left in the temporary folder', async () => {
  // A folder of this test's own: other tests run dbt meanwhile.
  const before = process.env['TMPDIR'];
  const folder = await mkdtemp(join(tmpdir(), 'alone-'));
  process.env['TMPDIR'] = folder;
  try {
    await dbt(['list']);
    // The folder of the locks stays, empty.
    const left = await readdir(folder, { recursive: true });
    expect(left.filter((name) => !/^dbt-runcache-\d+$/.test(name))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true });
  }
});
