import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { makeCliRig } from './command-line.ts';

const GOOD = runOf([{ name: 'orders', status: 'success' }], 0);
const POLICY = 'labels: {team: platform}\nredact-env: [KEY]\ntimeout: 10m\n';

const reportIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'target/dbt_runcache_report.json'), 'utf8')) as Record<
    string,
    unknown
  >;

test('the nearest file is obeyed, the command line wins, and the report says what came from where', async () => {
  const rig = await makeCliRig([{ print: 'the key is tell-nobody\n' }, ...GOOD], {
    'dbt-runcache.yml': POLICY,
  });
  const file = join(rig.folder, 'dbt-runcache.yml');
  const env = { KEY: 'tell-nobody', DBT_RUNCACHE_ON_TARGET_BUSY: 'wait' };
  const end = await rig.run(['run', '--timeout', '5m', '--label', 'job=ci', '--', 'build'], env);
  expect(end).toMatchObject({ exitCode: 0, stdout: 'the key is ***\n1 of 1 success orders\n' });
  expect(reportIn(rig.folder)).toMatchObject({
    labels: { team: 'platform', job: 'ci' },
    config: {
      path: file,
      from: {
        'labels.team': `${file}:1`,
        'redact-env': `${file}:2`,
        'on-target-busy': 'DBT_RUNCACHE_ON_TARGET_BUSY',
      },
    },
  });
  expect((await rig.run(['explain', '--format', 'markdown'])).stdout).toContain(
    `on-target-busy (DBT_RUNCACHE_ON_TARGET_BUSY), labels.team (${file}:1), redact-env (${file}:2)`,
  );
  expect(Object.keys(rig.dbt.seen().env).filter((name) => name.startsWith('DBT_RUNCACHE_ON'))).toEqual([]);
});

test('dbt is the one the file names, relative to the file, from any folder', async () => {
  const rig = await makeCliRig(GOOD, {
    'dbt-runcache.yml': 'dbt: ../venv\n',
    'models/orders.sql': 'select 1',
  });
  const end = await rig.run(
    ['run', '--', 'build'],
    { PATH: '/usr/bin:/bin', DBT_PROFILES_DIR: rig.folder },
    join(rig.folder, 'models'),
  );
  expect(end.exitCode).toBe(0);
  expect(rig.dbt.seen().args).toEqual(['build']);
});

test('a file that is wrong: 2, nothing started, the line named; --no-config runs', async () => {
  const rig = await makeCliRig(GOOD, { 'dbt-runcache.yml': 'labels: {a: b}\ntimeuot: 5m\n' });
  const end = await rig.run(['run', '--', 'build']);
  expect(end).toMatchObject({ exitCode: 2, stdout: '' });
  expect(end.stderr).toContain('dbt-runcache.yml:2: there is no key "timeuot": did you mean timeout?');
  expect(() => rig.dbt.seen()).toThrow('ENOENT');
  const json = await rig.run(['run', '--log-format', 'json', '--', 'build']);
  expect(JSON.parse(json.stderr)).toMatchObject({ event: 'job_error', code: 'config-invalid' });
  expect((await rig.run(['run', '--config', 'gone.yml', '--', 'build'])).stderr).toContain('no such file');
  expect((await rig.run(['run', '--no-config', '--', 'build'])).exitCode).toBe(0);
  expect((await rig.run(['run', '--help'])).exitCode).toBe(0);
});

test('report: false in the file, taken back by --report', async () => {
  const rig = await makeCliRig(GOOD, { 'dbt-runcache.yml': 'report: false' });
  await rig.run(['run', '--', 'build']);
  expect(() => reportIn(rig.folder)).toThrow('ENOENT');
  await rig.run(['run', '--report', '--', 'build']);
  expect(reportIn(rig.folder)).toMatchObject({ outcome: 'executed' });
});
