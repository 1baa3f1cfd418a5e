import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DiagnoseOptions, type Diagnosis, diagnose, runDbt } from '../../../sdk/index.ts';
import { checkDiagnosis, checkOf } from '../../support/diagnosis-schema.ts';
import { type FakeDbt, makeFakeDbt, type Step } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../support/fake-dbt/fake-project.ts';
import { hostileText } from '../../support/hostile-text.ts';
import { seededRandom } from '../../support/random.ts';

interface Rig {
  readonly home: string;
  readonly folder: string;
  readonly dbt: FakeDbt;
  readonly env: Record<string, string>;
  diagnose(options?: DiagnoseOptions): Promise<Diagnosis>;
}

/** A project and a steered dbt with the State plugin beside it. */
async function rig(files: Record<string, string> = {}, steps: readonly Step[] = []): Promise<Rig> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'diagnose-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const folder = join(home, 'project');
  makeFakeProject(folder, files);
  const dbt = await makeFakeDbt(join(home, 'venv'), steps);
  install(dbt, 'dbt_state', '2.62.3');
  const env = { PATH: process.env['PATH'] ?? '', HOME: home };
  const base = { cwd: folder, env, dbt: dbt.executable, probe: false };
  return {
    ...{ home, folder, dbt, env },
    diagnose: async (options) => checkDiagnosis(await diagnose({ ...base, ...options })),
  };
}

function install({ venv }: FakeDbt, name: string, version: string): void {
  const [lib = ''] = execFileSync('sh', ['-c', `ls -d ${venv}/lib/*/site-packages`], {
    encoding: 'utf8',
  }).split('\n');
  const info = join(lib, `${name}-${version}.dist-info`);
  mkdirSync(info);
  writeFileSync(join(info, 'METADATA'), `Name: ${name}\nVersion: ${version}\n`);
}

describe('without starting dbt', () => {
  test('what is there passes; what only dbt can show is left open', async () => {
    const { diagnose, folder } = await rig();
    const diagnosis = await diagnose();
    expect(checkOf(diagnosis, 'dbt-found')).toMatchObject({
      status: 'pass',
      seen: expect.stringContaining('1.11.16'),
    });
    expect(checkOf(diagnosis, 'project-found').seen).toBe(`Project shop in ${folder}.`);
    expect(checkOf(diagnosis, 'profile-found').seen).toContain('target dev of type postgres');
    expect(checkOf(diagnosis, 'plugin-version').seen).toBe('dbt-state 2.62.3.');
    expect(checkOf(diagnosis, 'legacy-package').status).toBe('pass');
    expect(checkOf(diagnosis, 'fallback').status).toBe('unknown');
    expect(checkOf(diagnosis, 'service').status).toBe('unknown');
    expect(checkOf(diagnosis, 'run-cache-active').status).toBe('unknown');
    expect(diagnosis.project).toMatchObject({ name: 'shop', targetName: 'dev' });
  });

  test('no dbt: it is named, the project is looked at all the same, and the rest waits', async () => {
    const { diagnose } = await rig();
    const diagnosis = await diagnose({ dbt: 'no-such-dbt', probe: true });
    expect(diagnosis.status).toBe('fail');
    expect(checkOf(diagnosis, 'dbt-found')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('no-such-dbt'),
    });
    expect(checkOf(diagnosis, 'project-found').status).toBe('pass');
    expect(checkOf(diagnosis, 'settings-valid').status).toBe('unknown');
    expect(checkOf(diagnosis, 'service').fix).toBe('Solve `dbt-found` first.');
  });

  test.each([
    ['no project', { args: ['--project-dir', 'nowhere'] }, 'project-found', 'nowhere'],
    ['no such target', { args: ['--target', 'prod'] }, 'profile-found', 'prod'],
    ['no such profile', { args: ['--profile', 'other'] }, 'profile-found', 'other'],
    ['no profiles.yml', { args: ['--profiles-dir', 'nowhere'] }, 'profile-found', 'nowhere'],
  ] as const)('%s: one check says so, those behind it wait', async (_, options, code, named) => {
    const { diagnose } = await rig();
    const diagnosis = await diagnose({ ...options, probe: true });
    expect(checkOf(diagnosis, code)).toMatchObject({ status: 'fail', seen: expect.stringContaining(named) });
    expect(checkOf(diagnosis, 'fallback')).toMatchObject({
      status: 'unknown',
      fix: `Solve \`${code}\` first.`,
    });
  });

  test('a broken dbt_project.yml is a check that failed, with the place', async () => {
    const { diagnose } = await rig({ 'dbt_project.yml': 'name: [\n' });
    expect(checkOf(await diagnose(), 'project-found')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('dbt_project.yml'),
    });
  });

  test('a predecessor beside the plugin is found', async () => {
    const { diagnose, dbt } = await rig();
    install(dbt, 'run_cache', '2.17.1');
    expect(checkOf(await diagnose(), 'legacy-package')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('run-cache'),
    });
  });

  test.each([
    ['DBT_ENGINE_MANAGE_STATE', ''],
    ['RUN_CACHE_DISABLED', 'true'],
    ['DBT_RUN_CACHE_DISABLED', '1'],
  ])('%s=%s switches State off, and is named', async (name, value) => {
    const { diagnose, env } = await rig();
    const check = checkOf(await diagnose({ env: { ...env, [name]: value } }), 'run-cache-enabled');
    expect(check).toMatchObject({ status: 'warn', seen: expect.stringContaining(name) });
  });

  test('run-cache: disabled of the caller is named as what it is', async () => {
    const { diagnose } = await rig();
    const check = checkOf(await diagnose({ runCache: 'disabled' }), 'run-cache-enabled');
    expect(check.seen).toContain('run-cache: disabled');
  });

  test('a value dbt would refuse fails, and keeps dbt with State from being started', async () => {
    const { diagnose, env } = await rig({}, [{ exit: 0 }]);
    const diagnosis = await diagnose({
      env: { ...env, RUN_CACHE_FRESHNESS_TOLERANCE: 'banana' },
      probe: true,
    });
    expect(checkOf(diagnosis, 'settings-valid')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('RUN_CACHE_FRESHNESS_TOLERANCE'),
    });
    expect(checkOf(diagnosis, 'service').fix).toBe('Solve `settings-valid` first.');
  });

  test('names that are taken for settings of dbt State', async () => {
    const { diagnose, env, folder } = await rig();
    const confused = async (more: Record<string, string>) =>
      (await diagnose({ env: { ...env, ...more } })).checks.filter(
        ({ code }) => code === 'dbt-state-variable',
      );
    expect(await confused({})).toMatchObject([{ status: 'pass' }]);
    expect(await confused({ DBT_STATE: 'true' })).toMatchObject([
      {
        status: 'warn',
        seen: expect.stringContaining('--state'),
        fix: expect.stringContaining('DBT_ENGINE_MANAGE_STATE'),
      },
    ]);
    mkdirSync(join(folder, 'old'));
    expect(await confused({ DBT_STATE: 'old' })).toMatchObject([{ status: 'pass' }]);
    expect(await confused({ DBT_STATE_ORG_ID: '7', DBT_ENGINE_ENABLE_STATE: '1' })).toMatchObject([
      { status: 'warn', fix: expect.stringContaining('DBT_ENGINE_MANAGE_STATE') },
      { status: 'warn', fix: expect.stringContaining('`RUN_CACHE_ORG_ID`') },
    ]);
  });

  test('each kind of credential is told by its kind and place, never by its value', async () => {
    const { diagnose, env } = await rig();
    const seen = async (more: Record<string, string>) =>
      checkOf(await diagnose({ env: { ...env, ...more } }), 'credential-present');
    expect((await seen({})).status).toBe('fail');
    const token = await seen({ DBT_CLOUD_TOKEN: 'dbtc_31415926535', DBT_CLOUD_ACCOUNT_HOST: 'a.example' });
    expect(token).toMatchObject({ status: 'pass', seen: expect.stringContaining('from DBT_CLOUD_TOKEN') });
    const secret = await seen({ DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET: 'very-secret' });
    expect(secret.seen).toContain('Client credentials, from DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET');
    expect(token.seen + secret.seen).not.toMatch(/31415926535|very-secret/);
  });

  test('the last run is read from its report, its decision log when it is there', async () => {
    const steps = runOf([{ name: 'orders', status: 'success' }], 0);
    const { diagnose, folder, env, dbt } = await rig({}, steps);
    await runDbt(['build'], { cwd: folder, env, dbt: dbt.executable, output: 'silent' });
    const check = checkOf(await diagnose(), 'run-cache-active');
    expect(check.seen).toMatch(/^(The|Of the) last run/);
    expect(check.seen).not.toContain('no report');
  });

  test('a log folder that is a file cannot be written to', async () => {
    const { diagnose, folder } = await rig({ logs: 'a file' });
    expect(checkOf(await diagnose(), 'logs')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining(join(folder, 'logs')),
    });
  });
});

describe('starting dbt', () => {
  test('arguments go through; both folders are its own and gone afterwards; State is off', async () => {
    const { diagnose, dbt, env } = await rig({}, [{ exit: 0 }]);
    const credential = { DBT_CLOUD_TOKEN: 'dbtc_31415926535', DBT_CLOUD_ACCOUNT_HOST: 'a.example' };
    const args = ['--target', 'dev', '--target-path', 'mine', '--log-path=mine', '--threads', '2'];
    const diagnosis = await diagnose({ probe: true, args, env: { ...env, ...credential } });
    // It ended well and answered nothing, which proves nothing.
    expect(checkOf(diagnosis, 'fallback').status).toBe('unknown');
    expect(checkOf(diagnosis, 'service').fix).toBe('Solve `fallback` first.');
    const { args: given, env: childEnv } = dbt.seen();
    expect(given.slice(0, 4)).toEqual(['show', '--target=dev', '--threads=2', '--inline']);
    expect(given).not.toContain('mine');
    expect(given.filter((arg) => arg === '--target-path')).toHaveLength(1);
    expect(childEnv['RUN_CACHE_DISABLED']).toBe('true');
    const folder = given[given.indexOf('--target-path') + 1] ?? '';
    expect(folder).toContain(tmpdir());
    expect(() => execFileSync('ls', [folder], { stdio: 'ignore' })).toThrow();
  });

  test('of the options only those that say where dbt works are passed on, however they are written', async () => {
    const { diagnose, dbt, folder } = await rig({}, [{ exit: 0 }]);
    const args = [
      ...['--select', 'a', 'b', '--resource-type', 'model', '--full-refresh', '--log-format=text', '-x'],
      ...['--log-level', 'none', '--quiet', '--upload-to-artifacts-ingest-api', '--state', 'old', '--defer'],
      ...['-tdev', '--vars={a: 1}', '--profile', 'shop', `--profiles-dir=${folder}`, '--project-dir', folder],
      ...['--threads', '3', '--no-manage-state'],
    ];
    await diagnose({ probe: true, args });
    const given = dbt.seen().args;
    expect(given.slice(0, given.indexOf('--inline'))).toEqual([
      ...['show', `--project-dir=${folder}`, `--profiles-dir=${folder}`, '--profile=shop', '--target=dev'],
      ...['--vars={a: 1}', '--threads=3', '--no-manage-state'],
    ]);
    expect(given[given.indexOf('--log-format') + 1]).toBe('json');
  });

  test('nothing is sent, whatever is asked for', async () => {
    const { diagnose, dbt, env } = await rig({}, [{ exit: 0 }]);
    await diagnose({ probe: true });
    expect(dbt.seen().env).toMatchObject({
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      DBT_UPLOAD_TO_ARTIFACTS_INGEST_API: 'false',
    });
    expect(dbt.seen().env).not.toHaveProperty('DBT_ENGINE_UPLOAD_TO_ARTIFACTS_INGEST_API');
    const names = ['SEND_ANONYMOUS_USAGE_STATS', 'UPLOAD_TO_ARTIFACTS_INGEST_API'];
    const all = names.flatMap((name) => [`DBT_${name}`, `DBT_ENGINE_${name}`]);
    await diagnose({
      probe: true,
      env: { ...env, ...Object.fromEntries(all.map((name) => [name, 'true'])) },
    });
    expect(dbt.seen().env).toMatchObject(Object.fromEntries(all.map((name) => [name, 'false'])));
  });

  test('the decision log of State goes into its own folder, under every name it is set by', async () => {
    const row = { info: { name: 'ShowNode' }, data: { preview: '[{"answer": 1}]' } };
    const { diagnose, dbt, env } = await rig({}, [{ print: `${JSON.stringify(row)}\n` }, { exit: 0 }]);
    const credential = { DBT_CLOUD_TOKEN: 'dbtc_31415926535', DBT_CLOUD_ACCOUNT_HOST: 'a.example' };
    const logs = async (more: Record<string, string>, name: string) => {
      await diagnose({ probe: true, env: { ...env, ...credential, ...more } });
      const { args, env: seen } = dbt.seen();
      expect(args[0]).toBe('compile');
      expect(seen[name]).toBe(args[args.indexOf('--log-path') + 1]);
    };
    await logs({}, 'RUN_CACHE_LOG_DIR_OVERRIDE');
    const strongest = 'DBT_ENGINE_STATE_LOG_DIR_OVERRIDE';
    await logs({ [strongest]: 'mine' }, strongest);
  });

  test('a query that failed: what dbt says of it, and not that it failed', async () => {
    const message = 'Catalog Error: no such database';
    const { diagnose } = await rig({}, runOf([{ name: 'inline', status: 'error', message }], 1));
    expect(checkOf(await diagnose({ probe: true }), 'fallback')).toMatchObject({
      status: 'fail',
      seen: `${message}.`,
    });
  });

  test('the profile’s passwords are in nothing that is said', async () => {
    const profile =
      'shop: {target: dev, outputs: {dev: {type: postgres, host: localhost, user: u, password: kept-in-profile-7, port: 5432, dbname: d, schema: s}}}\n';
    const { diagnose } = await rig({ 'profiles.yml': profile }, [
      { print_error: 'refused: kept-in-profile-7 of u\n' },
      { exit: 2 },
    ]);
    const diagnosis = await diagnose({ probe: true, args: ['--target-path', 'in-kept-in-profile-7'] });
    expect(checkOf(diagnosis, 'fallback').seen).toContain('refused: *** of u');
    expect(checkOf(diagnosis, 'logs').seen).toContain('in-***');
    expect(JSON.stringify(diagnosis)).not.toContain('kept-in-profile-7');
  });

  test('a dbt that fails without State: its words, and the service is not asked', async () => {
    const { diagnose } = await rig({}, [{ print_error: 'Database Error\n  no such host\n' }, { exit: 2 }]);
    const diagnosis = await diagnose({ probe: true });
    expect(checkOf(diagnosis, 'fallback')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('no such host'),
    });
    expect(checkOf(diagnosis, 'service').fix).toBe('Solve `fallback` first.');
    expect(checkOf(diagnosis, 'commit-timestamps').fix).toBe('Solve `fallback` first.');
  });

  test('a dbt that does not end is stopped, and said not to have ended', async () => {
    const { diagnose } = await rig({}, [
      { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
      { hang: true },
    ]);
    const diagnosis = await diagnose({ probe: true, timeout: 2000 });
    expect(checkOf(diagnosis, 'fallback').seen).toContain('did not end within 2 s');
  });

  test('cancelled, it rejects', async () => {
    const { diagnose } = await rig({}, [
      { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
      { hang: true },
    ]);
    const cancelled = diagnose({ probe: true, cancelSignal: AbortSignal.timeout(1000) });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test.each([
  [{ probe: 'yes' }, 'probe'],
  [{ labels: {} }, 'labels'],
  [{ args: 'build' }, 'list'],
  [{ args: ['build', '--target', 'prod'] }, 'without a command'],
  [{ timeout: -1 }, 'timeout'],
])('invalid options %o are refused', async (options, named) => {
  const error = await diagnose(options as DiagnoseOptions).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid-options' });
  expect(`${(error as Error).message} ${(error as { hint?: string }).hint}`).toContain(named);
});

test('what the caller names is starred out of every part, and nothing colours or moves the cursor', async () => {
  const { diagnose, env } = await rig({ 'dbt_project.yml': 'name: hidden_shop\nprofile: shop\n' });
  const diagnosis = await diagnose({
    redact: ['hidden_shop', 'bananas'],
    args: ['--target', '\u001b[31mred'],
    env: { ...env, DBT_STATE_BANANAS: 'x', DBT_ENV_SECRET_KEY: 'prod-key-7', DBT_STATE: 'prod-key-7' },
  });
  expect(diagnosis.project?.name ?? '***').toBe('***');
  expect(checkOf(diagnosis, 'project-found').seen).toMatch(/^Project \*\*\*/);
  expect(JSON.stringify(diagnosis)).not.toMatch(/hidden_shop|prod-key-7|\\u001b/);
});

test('secrets are in nothing that is said, whatever they look like', async () => {
  const random = seededRandom('secrets of a diagnosis');
  for (let round = 0; round < 8; round += 1) {
    // A variable holds neither NUL nor half a character.
    const rest = hostileText(random).replaceAll('\0', '').toWellFormed();
    const secret = `s3cr3t-${random.int(1e6, 9e6)}${rest}`;
    const printed = `Database Error: password "${secret}" was refused\n`;
    const { diagnose, env } = await rig({}, [{ print_error: printed }, { exit: 2 }]);
    const diagnosis = await diagnose({
      probe: true,
      redact: [secret],
      env: {
        ...env,
        DBT_CLOUD_TOKEN: secret,
        DBT_CLOUD_ACCOUNT_HOST: 'a.example',
        RUN_CACHE_OAUTH_CLIENT_SECRET: secret,
      },
    });
    expect(checkOf(diagnosis, 'fallback').status).toBe('fail');
    expect(JSON.stringify(diagnosis)).not.toContain(secret.slice(0, 14));
  }
});
