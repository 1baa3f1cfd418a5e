import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DbtRunCacheError, type RunEvent, type RunOptions, readReport, runDbt } from '../../sdk/index.ts';
import { type FakeDbt, makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'run-dbt-'));
  makeFakeProject(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const ONE = runOf([{ name: 'orders', status: 'success' }], 0);

async function fake(steps: readonly Step[] = ONE): Promise<FakeDbt> {
  return makeFakeDbt(join(root, 'venv'), steps);
}

function options(dbt: FakeDbt | undefined, more: RunOptions = {}) {
  return {
    cwd: root,
    env: { PATH: process.env['PATH'] },
    dbt: dbt?.venv,
    output: 'silent',
    ...more,
    reject: false,
  } as const;
}

describe('what cannot be started is a failed run with a code and a way out', () => {
  test.each([
    ['no dbt', 'dbt-not-found', { env: { PATH: '/nowhere' }, dbt: undefined }],
    ['no project', 'project-not-found', { cwd: tmpdir() }],
  ])('%s', async (_, code, more) => {
    const result = await runDbt(['build'], options(await fake(), more));
    expect(result).toMatchObject({
      outcome: 'failed',
      failure: { code, hint: expect.any(String) },
      decisions: [],
    });
    expect(result.exitCode).toBeUndefined();
  });

  test('a broken profile, without its content', async () => {
    await writeFile(join(root, 'profiles.yml'), 'shop:\n  password: hunter22: x\n');
    const result = await runDbt(['build'], options(await fake()));
    expect(result.failure).toMatchObject({
      code: 'profile-invalid',
      message: expect.stringContaining('profiles.yml:2'),
    });
    expect(JSON.stringify(result)).not.toContain('hunter22');
  });

  test('a target that is not there names those that are', async () => {
    const result = await runDbt(['build', '--target', 'prod'], options(await fake()));
    expect(result.failure?.code).toBe('target-not-found');
    expect(`${result.failure?.message} ${result.failure?.hint}`).toContain('dev');
  });

  test('with reject it is an error that carries the result', async () => {
    const error = await runDbt(['build'], { ...options(await fake()), cwd: tmpdir(), reject: true }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DbtRunCacheError);
    expect(error).toMatchObject({ code: 'project-not-found', result: { outcome: 'failed' } });
  });

  test('process.env itself can be given as env', async () => {
    const result = await runDbt(['build'], { ...options(undefined), env: process.env, cwd: '/' });
    expect(result.failure?.code).not.toBe('invalid-options');
  });

  test('invalid options reject whatever reject says, and name what is wrong', async () => {
    const bad = { ...options(undefined), timeout: -1, retries: 3 } as RunOptions & { reject: false };
    await expect(runDbt(['build'], bad)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(/timeout.*retries|retries.*timeout/s),
    });
    await expect(runDbt([], options(undefined))).rejects.toMatchObject({ code: 'invalid-options' });
    await expect(runDbt(['bu\0ild'], options(undefined))).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('the report file', () => {
  test('a run that could not be done replaces the report of the one before', async () => {
    const dbt = await fake();
    await runDbt(['build'], options(dbt));
    expect((await readReport(join(root, 'target'))).outcome).toBe('executed');
    await runDbt(['build', '--target', 'prod'], options(dbt));
    expect(await readReport(join(root, 'target'))).toMatchObject({
      outcome: 'failed',
      failure: { code: 'target-not-found' },
    });
  });

  test('a command without nodes leaves it', async () => {
    const dbt = await fake();
    await runDbt(['build'], options(dbt));
    const result = await runDbt(['deps'], options(dbt));
    expect(result.reportPath).toBeUndefined();
    expect((await readReport(join(root, 'target'))).command).toBe('build');
  });

  test('a refused run leaves the report of the run that has the folder', async () => {
    const dbt = await fake([{ mark: 'running' }, { hang: true }]);
    const controller = new AbortController();
    const first = runDbt(['build'], options(dbt, { cancelSignal: controller.signal }));
    await dbt.reached('running');
    expect((await runDbt(['build'], options(dbt))).failure?.code).toBe('target-path-busy');
    await expect(readReport(join(root, 'target'))).rejects.toMatchObject({ code: 'report-missing' });
    // What does not write to the folder may go on beside it.
    const beside = runDbt(['debug'], options(dbt, { cancelSignal: controller.signal }));
    for await (const event of beside) if (event.kind === 'dbt-started') break;
    controller.abort();
    await Promise.all([first, beside]);
  });
});

describe('a dbt that misbehaves', () => {
  test('that cannot be loaded is no run with failed nodes', async () => {
    const dbt = await fake([{ print_error: 'ModuleNotFoundError: No module named dbt.cli\n' }, { exit: 1 }]);
    const result = await runDbt(['build'], options(dbt));
    expect(result).toMatchObject({
      exitCode: 1,
      failure: { code: 'dbt-failed', outputTail: expect.stringContaining('ModuleNotFoundError') },
    });
  });

  test('its exit code is kept, whatever it is', async () => {
    expect(await runDbt(['build'], options(await fake([{ exit: 42 }])))).toMatchObject({
      exitCode: 42,
      failure: { code: 'dbt-failed' },
    });
  });

  test('that hangs is ended by the timeout', async () => {
    const result = await runDbt(
      ['build'],
      options(await fake([{ hang: true }]), { timeout: 1500, forceKillAfterDelay: 400 }),
    );
    expect(result.failure).toMatchObject({ code: 'timed-out', message: expect.stringContaining('1.5 s') });
  });
});

describe('what stands in the way of the report is said, and no more', () => {
  test('a report that cannot be written', async () => {
    await mkdir(join(root, 'target', 'dbt_runcache_report.json'), { recursive: true });
    const result = await runDbt(['build'], options(await fake()));
    expect(result).toMatchObject({ outcome: 'executed', decisions: [{ name: 'orders', action: 'built' }] });
    expect(result.reportPath).toBeUndefined();
    expect(result.notices).toMatchObject([{ kind: 'problem', name: 'report-unwritable' }]);
  });

  test('no temporary folder', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = join(root, 'absent', 'tmp');
    await writeFile(join(root, 'absent'), '');
    try {
      const result = await runDbt(['build'], options(await fake()));
      expect(result.outcome).toBe('executed');
      expect(result.decisions).toMatchObject([{ name: 'orders', action: 'built' }]);
      expect(result.notices.map((notice) => notice.name)).toEqual(['report-unwritable', 'report-unwritable']);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  test('a torn artifact', async () => {
    const torn = ONE.map((step) =>
      'write' in step && step.write.path.endsWith('run_results.json')
        ? { write: { path: step.write.path, text: '{"metadata": {"dbt_sch' } }
        : step,
    );
    const result = await runDbt(['build'], options(await fake(torn)));
    expect(result.outcome).toBe('executed');
    expect(result.notices).toMatchObject([{ name: 'artifact-truncated' }]);
    expect(result.decisions).toMatchObject([
      { name: 'orders', action: 'built', evidence: [{ source: 'event' }] },
    ]);
  });
});

describe('secrets', () => {
  test('named ones are nowhere; those of the environment are in no text', async () => {
    const nodes = runOf(
      [{ name: 'orders', status: 'error', message: 'login with s3cret-one and s3cret-two failed' }],
      1,
    );
    const result = await runDbt(['build', '--vars', '{key: s3cret-one}'], {
      ...options(await fake([{ print: 's3cret-one s3cret-two\n' }, ...nodes])),
      env: { PATH: process.env['PATH'], DBT_ENV_SECRET_KEY: 's3cret-two' },
      redact: ['s3cret-one'],
      labels: { note: 's3cret-one' },
    });
    const { artifacts: _, ...shown } = result;
    expect(JSON.stringify(shown)).not.toMatch(/s3cret/);
    expect(result.decisions[0]?.message).toBe('login with *** and *** failed');
    expect(JSON.stringify(await readReport(join(root, 'target')))).not.toMatch(/s3cret/);
  });

  test('neither the profile’s password nor secret-looking variables on the command line are shown', async () => {
    await writeFile(
      join(root, 'profiles.yml'),
      'shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, password: "{{ env_var(\'ODD_NAME\') }}"}\n',
    );
    const nodes = runOf([{ name: 'orders', status: 'error', message: 'no login with hunter-22 at db' }], 1);
    const result = await runDbt(['build', '--vars', '{"api_token": "tok-33", "day": 1}'], {
      ...options(await fake(nodes)),
      env: { PATH: process.env['PATH'], ODD_NAME: 'hunter-22' },
    });
    const { artifacts: _, ...shown } = result;
    expect(result.decisions[0]?.message).toBe('no login with *** at db');
    expect(result.args).toEqual(['build', '--vars', '{"api_token": ***, "day": 1}']);
    expect(JSON.stringify(shown)).not.toMatch(/hunter-22|tok-33/);
  });

  test('a secret that stands in a setting of dbt State as well is not shown there', async () => {
    const result = await runDbt(['build'], {
      ...options(await fake()),
      env: {
        PATH: process.env['PATH'],
        DB_PASSWORD: 'hunter-44',
        RUN_CACHE_DEFER_TO: 'at hunter-44',
        DBT_RUN_CACHE_DEFER_TO: 'on hunter-44',
      },
    });
    expect(result.stateSettings).toMatchObject([
      { field: 'DEFER_TO', value: 'at ***', overrides: [{ value: 'on ***' }] },
    ]);
    const { artifacts: _, ...shown } = result;
    expect(JSON.stringify(shown)).not.toContain('hunter-44');
    expect(JSON.stringify(await readReport(join(root, 'target')))).not.toContain('hunter-44');
  });

  test('what dbt 1.12 takes from a .env file is hidden like the rest', async () => {
    const nodes = runOf([{ name: 'orders', status: 'error', message: 'no login with hunter-55 at db' }], 1);
    const dbt = await fake([{ print: 'hunter-55\n' }, ...nodes]);
    const [metadata = ''] = globSync(join(dbt.venv, 'lib/*/site-packages/dbt_core-*/METADATA'));
    await writeFile(metadata, 'Metadata-Version: 2.1\nName: dbt-core\nVersion: 1.12.6\n');
    await rename(dirname(metadata), join(dirname(metadata), '../dbt_core-1.12.6.dist-info'));
    await writeFile(join(root, '.env'), 'DB_PASSWORD=hunter-55\nRUN_CACHE_DEFER_TO=hunter-55\n');
    const result = await runDbt(['build'], options(dbt));
    expect(result.decisions[0]?.message).toBe('no login with *** at db');
    expect(result.stateSettings).toMatchObject([{ field: 'DEFER_TO', value: '***' }]);
    const { artifacts: _, ...shown } = result;
    expect(JSON.stringify(shown)).not.toContain('hunter-55');
    expect(JSON.stringify(await readReport(join(root, 'target')))).not.toContain('hunter-55');
  });
});

describe('a run as promise and iterable', () => {
  async function collect(run: AsyncIterable<RunEvent>): Promise<string[]> {
    const kinds: string[] = [];
    for await (const event of run) kinds.push(event.kind);
    return kinds;
  }

  test('events come in order, with labels, and end with the run', async () => {
    const run = runDbt(['build'], { ...options(await fake()), labels: { job: 'x' } });
    const seen: RunEvent[] = [];
    for await (const event of run) seen.push(event);
    expect(seen.map((event) => event.kind)).toEqual([
      'job-started',
      'dbt-started',
      'nodes-selected',
      'node-started',
      'node-finished',
      'node-decided',
      'job-finished',
    ]);
    expect(seen.every((event) => event.labels['job'] === 'x' && !Number.isNaN(Date.parse(event.at)))).toBe(
      true,
    );
  });

  test('a run that could not be done ends with job-error', async () => {
    const kinds = await collect(runDbt(['build'], options(await fake([{ exit: 2 }]))));
    expect(kinds.at(-1)).toBe('job-error');
  });

  test('iterating a failed run throws the error, and nothing is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    await expect(
      collect(runDbt(['build'], { ...options(undefined), dbt: '/nowhere/dbt', reject: true })),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^dbt-not-/),
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('leaving the iteration early does not disturb the run', async () => {
    const run = runDbt(['build'], options(await fake()));
    for await (const event of run) if (event.kind === 'job-started') break;
    expect((await run).outcome).toBe('executed');
    expect(await collect(run)).toEqual([]);
  });

  test('many runs leave no listeners behind', async () => {
    const dbt = await fake();
    const count = () =>
      process.listenerCount('SIGINT') +
      process.listenerCount('SIGTERM') +
      process.stdout.listenerCount('error');
    const before = count();
    const controller = new AbortController();
    for (let i = 0; i < 3; i += 1) await runDbt(['build'], options(dbt, { cancelSignal: controller.signal }));
    expect(count()).toBe(before);
  });

  test('many runs at once cause no warning of leaked listeners', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const dbt = await fake();
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => runDbt(['build', '--target-path', `t${i}`], options(dbt))),
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  test('output can go into streams of the caller’s', async () => {
    const { PassThrough } = await import('node:stream');
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const dbt = await fake([{ print: 'to out\n' }, { print_error: 'to err\n' }, ...ONE]);
    await runDbt(['build'], options(dbt, { output: { stdout, stderr } }));
    expect(stdout.read().toString()).toContain('to out');
    expect(stderr.read().toString()).toBe('to err\n');
    expect(stdout.writableEnded).toBe(false);
  });
});
