import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkDiagnosis, checkOf, SCHEMA_FILE } from '../support/diagnosis-schema.ts';
import { makeCliRig } from './command-line.ts';

describe('dbt-runcache diagnose', () => {
  test('a failed check: 1, a line for each check, and what mends it', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['diagnose', '--no-probe']);
    expect(end).toMatchObject({ exitCode: 1, stderr: '' });
    expect(end.stdout).toMatch(/^✔ dbt-found +dbt Core 1\.11\.16/m);
    expect(end.stdout).toMatch(/^✘ plugin-installed +.*\n +→ .*pip install dbt-state/m);
    expect(end.stdout).toMatch(/^\? fallback/m);
    expect(end.stdout).toContain('Something has to be mended: 1 failed');
  });

  test('JSON follows the published schema', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['diagnose', '--no-probe', '--format', 'json']);
    const diagnosis = checkDiagnosis(JSON.parse(end.stdout));
    expect(diagnosis.status).toBe('fail');
    expect(end).toMatchObject({ exitCode: 1, stderr: '' });
    expect(diagnosis.engine?.dbtVersion).toBe('1.11.16');
  });

  test("dbt's options after -- count, and --dbt chooses which", async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['diagnose', '--no-probe', '--format=json', '--', '--target', 'prod']);
    const diagnosis = checkDiagnosis(JSON.parse(end.stdout));
    expect(checkOf(diagnosis, 'profile-found')).toMatchObject({ status: 'fail' });
    const other = await rig.run(['diagnose', '--dbt', 'no-such-dbt', '--format', 'json']);
    expect(checkOf(JSON.parse(other.stdout), 'dbt-found')).toMatchObject({ status: 'fail' });
  });

  test('probes start dbt; its failure is a check, and dbt’s own output stays out of ours', async () => {
    const rig = await makeCliRig([{ print: 'hello\n' }, { print_error: 'no warehouse\n' }, { exit: 2 }]);
    const end = await rig.run(['diagnose']);
    expect(end).toMatchObject({ exitCode: 1, stderr: '' });
    expect(end.stdout).toMatch(/^✘ fallback/m);
    expect(rig.dbt.seen().args[0]).toBe('show');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: dbt is stopped, nothing on stdout, exit code %i', async (signal, exitCode) => {
    const rig = await makeCliRig([
      { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
      { mark: 'running' },
      { hang: true },
    ]);
    const running = rig.start(['diagnose']);
    const pid = await rig.dbt.reached('running');
    running.child.kill(signal);
    const end = await running.ended;
    expect(end).toMatchObject({ exitCode, signal: null, stdout: '' });
    expect(end.stderr).toBe('dbt-runcache: The diagnosis was cancelled\n');
    expect(() => process.kill(pid, 0)).toThrow();
  });

  test('a secret that is named is not shown', async () => {
    const rig = await makeCliRig([{ print_error: 'refused: hunter-two-2\n' }, { exit: 2 }]);
    const end = await rig.run(['diagnose', '--redact-env', 'MY_WORD'], { MY_WORD: 'hunter-two-2' });
    expect(end.stdout).toContain('refused: ***');
    expect(end.stdout).not.toContain('hunter-two-2');
  });

  test('the configuration file counts as for a run, and --no-config leaves it out', async () => {
    const rig = await makeCliRig([], { 'dbt-runcache.yml': 'run-cache: disabled\n' });
    const off = await rig.run(['diagnose', '--no-probe']);
    expect(off.stdout).toMatch(/^! run-cache-enabled +.*run-cache: disabled/m);
    const on = await rig.run(['diagnose', '--no-probe', '--no-config']);
    expect(on.stdout).toMatch(/^✔ run-cache-enabled/m);
  });

  test('a file that asks for a state and a parse cache, and names no store, is no matter here', async () => {
    const rig = await makeCliRig([], { 'dbt-runcache.yml': 'slim: true\nparse-cache: true\n' });
    const end = await rig.run(['diagnose', '--no-probe']);
    expect(end.stderr).toBe('');
    expect(end.stdout).toMatch(/^✔ run-cache-enabled/m);
    expect((await rig.run(['run', '--', 'build'])).stderr).toContain('--state-store');
  });

  test.each([
    [['--target', 'prod'], '-- --target prod'],
    [['build'], 'build'],
    [['--format', 'yaml'], 'text, json'],
    [['--timeout', 'soon'], 'soon'],
    [['--', 'build'], 'without a command'],
    [['--config', 'nowhere.yml'], 'nowhere.yml'],
  ])('%j is wrong usage: 2, nothing on stdout', async (args, says) => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['diagnose', ...args]);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toContain(says);
  });

  test('help', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['diagnose', '--help']);
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expect(end.stdout).toContain('dbt-runcache/schemas/diagnosis.json');
    expect(end.stdout).toContain('DuckDB makes a database file');
    expect(end.stdout).toMatch(/^ {2}130 .*SIGINT/m);
    expect((await rig.run(['--help'])).stdout).toContain('diagnose');
  });
});

test('the schema is part of the package', () => {
  const shipped = new URL('../../dist/sdk/schemas/diagnosis.json', import.meta.url);
  expect(JSON.parse(readFileSync(shipped, 'utf8'))).toEqual(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')));
});
