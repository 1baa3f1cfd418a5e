import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { makeCliRig } from './command-line.ts';

const GOOD = runOf([{ name: 'orders', status: 'success' }], 0);
const BAD = runOf([{ name: 'orders', status: 'error', message: 'boom' }], 1);

describe('dbt-runcache run', () => {
  test("stdout is dbt's own, the report goes to stderr", async () => {
    const rig = await makeCliRig([{ print: 'hello\n' }, { print_error: 'a warning\n' }, ...GOOD]);
    const end = await rig.run(['run', '--', 'build', '--select', 'a b']);
    expect(end).toMatchObject({ exitCode: 0, stdout: 'hello\n1 of 1 success orders\n' });
    expect(end.stderr).toMatch(/^a warning\n[\s\S]*passed/);
    expect(rig.dbt.seen().args).toEqual(['build', '--select', 'a b']);
  });

  test('nodes that failed: 1, and the report names them', async () => {
    const rig = await makeCliRig(BAD);
    const end = await rig.run(['run', '--', 'build']);
    expect(end.exitCode).toBe(1);
    expect(end.stderr).toContain('orders');
    expect(end.stderr).toContain('boom');
  });

  test('dbt that cannot do the run: 2', async () => {
    const rig = await makeCliRig([{ print: 'Encountered an error\n' }, { exit: 2 }]);
    expect((await rig.run(['run', '--', 'build'])).exitCode).toBe(2);
  });

  test('no dbt: 2, with the hint', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['run', '--dbt', 'no-such-dbt', '--', 'build']);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toContain('no-such-dbt');
    expect(end.stderr).toContain('--dbt');
  });

  test('a timeout: 2', async () => {
    const rig = await makeCliRig([{ on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } }, { hang: true }]);
    const end = await rig.run(['run', '--timeout', '2s', '--', 'build']);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain('timeout of 2 s');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: dbt is stopped, the report made, exit code %i', async (signal, exitCode) => {
    const rig = await makeCliRig([
      { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
      { mark: 'running' },
      { hang: true },
    ]);
    const running = rig.start(['run', '--', 'build']);
    const pid = await rig.dbt.reached('running');
    running.child.kill(signal);
    const end = await running.ended;
    expect(end).toMatchObject({ exitCode, signal: null });
    expect(end.stderr).toMatch(/stopped/);
    expect(() => process.kill(pid, 0)).toThrow();
  });

  test('--summary replaces a file; one that cannot be written is only said', async () => {
    const rig = await makeCliRig(GOOD, { 'out.md': 'old' });
    expect((await rig.run(['run', '--summary', 'out.md', '--', 'build'])).exitCode).toBe(0);
    const markdown = readFileSync(join(rig.folder, 'out.md'), 'utf8');
    expect(markdown).toContain('orders');
    expect(markdown).not.toContain('old');
    const end = await rig.run(['run', '--summary', '/nowhere/out.md', '--', 'build']);
    expect(end.exitCode).toBe(0);
    expect(end.stderr).toContain('could not be written to /nowhere/out.md');
  });

  test('a command that ran no nodes and did not fail: nothing of ours', async () => {
    const rig = await makeCliRig([{ print: 'usage\n' }, { exit: 0 }]);
    expect(await rig.run(['run', '--', '--help'])).toMatchObject({
      exitCode: 0,
      stdout: 'usage\n',
      stderr: '',
    });
    const empty = await makeCliRig(runOf([], 0));
    expect((await empty.run(['run', '--', 'build'])).stderr).not.toBe('');
  });

  test('--redact-env stars values out', async () => {
    const rig = await makeCliRig([{ print: 'the key is tell-nobody\n' }, ...GOOD]);
    const end = await rig.run(['run', '--redact-env', 'KEY', '--', 'build'], { KEY: 'tell-nobody' });
    expect(end.stdout).toContain('the key is ***\n');
    expect(end.stdout + end.stderr).not.toContain('tell-nobody');
  });
});

describe('dbt-runcache explain', () => {
  test('shows the last run as text, JSON and markdown, from any folder of the project', async () => {
    const rig = await makeCliRig(BAD);
    await rig.run(['run', '--', 'build']);
    const text = await rig.run(['explain']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toContain('boom');
    const json = await rig.run(['explain', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      explanation: { headline: { verdict: 'failed' } },
    });
    expect((await rig.run(['explain', '--format=markdown'])).stdout).toMatch(/^#/);
    const named = await rig.run(['explain', '--report', 'target']);
    expect(named.stdout).toBe(text.stdout);
  });

  test('says which run it shows', async () => {
    const rig = await makeCliRig(GOOD);
    await rig.run(['run', '--', 'build', '--select', 'orders']);
    expect((await rig.run(['explain'])).stdout).toMatch(
      /^Report of the run that began \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: dbt build --select orders\n/,
    );
  });

  test('--project-dir: from another folder', async () => {
    const rig = await makeCliRig(GOOD);
    await rig.run(['run', '--', 'build']);
    const env = { DBT_PROJECT_DIR: '' };
    const report = join(rig.folder, 'target');
    const elsewhere = (args: string[]) => rig.run(['explain', ...args], env, '/');
    expect((await elsewhere([])).stderr).toContain('--project-dir');
    expect(await elsewhere(['--project-dir', report])).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await elsewhere(['--project-dir', '/nowhere'])).stderr).toContain('no such folder');
    expect((await elsewhere(['--project-dir', '/', '--report', report])).stderr).toContain('one of the two');
  });

  test('follows the target-path of the project', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['explain'], { DBT_TARGET_PATH: 'elsewhere' });
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toContain(join(rig.folder, 'elsewhere'));
  });

  test('no report: 2, and what to do', async () => {
    const rig = await makeCliRig(GOOD);
    await rig.run(['run', '--no-report', '--', 'build']);
    const end = await rig.run(['explain']);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toMatch(/no run report[\s\S]*dbt-runcache run -- build/);
    expect(end.stderr).toContain(join(rig.folder, 'target/dbt_runcache_report.json'));
    expect(end.stderr).not.toContain('ENOENT');
  });

  test('no project: 2', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['explain', '--report', 'missing.json']);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toContain('missing.json');
  });
});

describe('the command line itself', () => {
  test('version and help', async () => {
    const rig = await makeCliRig([]);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await rig.run(['--version'])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
    expect((await rig.run(['--help'])).stdout).toContain('dbt-runcache explain');
    expect((await rig.run(['run', '--help'])).stdout).toContain('--on-target-busy');
    expect((await rig.run(['explain', '-h'])).stdout).toContain('--format');
    expect(await rig.run([])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  test('-v is the version, a slip of a command is told', async () => {
    const rig = await makeCliRig([]);
    expect((await rig.run(['-v'])).stdout).toBe((await rig.run(['--version'])).stdout);
    for (const slip of ['expalin', 'explan', 'explaim'])
      expect((await rig.run([slip])).stderr).toContain('Did you mean dbt-runcache explain?');
    expect((await rig.run(['test'])).stderr).not.toContain('Did you mean');
  });

  test('a mistake: 2, stderr only, with a way out', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['build', '--select', 'x']);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toBe(
      'dbt-runcache: There is no command "build"\nTo run dbt, give its arguments after --: dbt-runcache run -- build --select x\n',
    );
  });
});
