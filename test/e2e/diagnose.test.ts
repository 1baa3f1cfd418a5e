import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  explain,
  renderSummary,
  runDbt,
} from '../../sdk/index.ts';
import { closedPort } from '../support/closed-port.ts';
import { checkDiagnosis, checkOf } from '../support/diagnosis-schema.ts';
import { legacyPackage } from '../support/legacy-package.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';
import { startTokenService } from '../support/token-service.ts';
import { dbtWithoutPlugin } from '../support/without-plugin.ts';
import { postgresEnv, type Workspace, workspace } from './workspace.ts';

/** The checklist against the real dbt, the real plugin and a real warehouse: one thing is wrong at a time. */

type Env = Readonly<Record<string, string>>;

/** The plugin logs in only before it speaks to a service over TLS; it never comes to that here. */
const SECURE: Env = { RUN_CACHE_API_SECURE: 'true', RUN_CACHE_API_URL: '127.0.0.1:9' };
const CREDENTIAL = { DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET: 'not-a-secret-client' };

let postgres: Postgres;
let shop: Workspace;
let nobody: number;
let stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('shop');
  shop = await workspace();
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@b.example'];
  for (const args of [
    ['init', '--quiet', '--initial-branch', 'main'],
    ['add', '.'],
    [...who, 'commit', '--quiet', '--message', 'all'],
  ]) {
    execFileSync('git', args, { cwd: shop.dir });
  }
  nobody = await closedPort();
});
afterAll(async () => {
  await shop?.remove();
  await postgres?.stop();
});
beforeEach(() => {
  stops = [];
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

async function diagnosed(
  env: Env = {},
  options: DiagnoseOptions = {},
  server = postgres,
): Promise<Diagnosis> {
  return checkDiagnosis(
    await diagnose({
      cwd: shop.dir,
      env: { ...shop.env, ...postgresEnv(server), ...env },
      dbt: shop.dbt,
      args: ['--target', 'postgres'],
      ...options,
    }),
  );
}

async function seed(env: Env, server = postgres) {
  return runDbt(['seed', '--target', 'postgres', '--select', 'raw_bikes'], {
    ...{ cwd: shop.dir, env: { ...shop.env, ...postgresEnv(server), ...env } },
    ...{ dbt: shop.dbt, output: 'silent', reject: false },
  });
}

async function service(script: object = { default: { answer: 'execute' } }): Promise<Env> {
  const started = await startScriptedStateService(script);
  stops.push(() => started.stop());
  return started.env;
}

const notPassed = ({ checks }: Diagnosis) =>
  checks.filter(({ status }) => status !== 'pass').map(({ code, status }) => `${status} ${code}`);

/** Every file below the folder with the time it was written. */
async function tree(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { recursive: true });
  const files = await Promise.all(
    names
      .filter((name) => !name.startsWith('.git/'))
      .map(async (name) => `${name} ${(await stat(join(dir, name))).mtimeMs}`),
  );
  return files.toSorted();
}

test('where all is well every check passes, and the project’s folders are as before', async () => {
  const env = await service();
  const run = await seed(env);
  expect(run.diagnosis?.status).toBe('pass');
  expect(checkDiagnosis(run.diagnosis).checks.map(({ code }) => code)).toContain('run-cache-active');
  const before = await tree(shop.dir);
  const diagnosis = await diagnosed(env);
  expect(notPassed(diagnosis)).toEqual([]);
  expect(diagnosis.checks).toHaveLength(17);
  expect(checkOf(diagnosis, 'git-branch').seen).toContain('branch is main');
  expect(checkOf(diagnosis, 'logs').seen).toMatch(/logs\/state\/responses_\S+\.jsonl/);
  expect(checkOf(diagnosis, 'run-cache-active').seen).toContain('1 answer of the service');
  expect(await tree(shop.dir)).toEqual(before);
  const said = JSON.stringify(diagnosis);
  expect(said).not.toContain(postgres.password);
  expect(said).not.toContain('not-a-secret-client');
});

test('Postgres without commit timestamps: the line that switches them on, in a diagnosis and in a run', async () => {
  const off = await startPostgres({ settings: { track_commit_timestamp: 'off' } });
  stops.push(() => off.stop());
  await off.createDatabase('shop');
  const env = await service();
  const check = checkOf(await diagnosed(env, {}, off), 'commit-timestamps');
  expect(check).toMatchObject({
    status: 'fail',
    fix: expect.stringContaining('`track_commit_timestamp = on`'),
  });

  const run = await seed(env, off);
  expect(checkOf(checkDiagnosis(run.diagnosis), 'commit-timestamps-off')).toMatchObject({
    status: 'fail',
    fix: check.fix,
  });
  expect(renderSummary(explain(run))).toMatch(
    /Run-cache checklist<\/b> · 1 failed[\s\S]*❌ `commit-timestamps-off`/,
  );
});

describe('what dbt State shows when it is started', () => {
  test('no credentials', async () => {
    const check = checkOf(await diagnosed(), 'no-credentials');
    expect(check).toMatchObject({ status: 'fail', fix: expect.stringContaining('DBT_CLOUD_TOKEN') });
    expect(check.seen).toContain('No credentials for dbt State detected');
  });

  test('bad client credentials', async () => {
    const tokens = await startTokenService({ refuses: 'invalid_client' });
    stops.push(() => tokens.stop());
    const diagnosis = await diagnosed({ ...tokens.env, ...CREDENTIAL });
    expect(notPassed(diagnosis)).toContain('fail bad-credentials');
    expect(checkOf(diagnosis, 'bad-credentials').fix).toContain('OAUTH_CLIENT_SECRET');
    expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
  });

  test('a login service that nobody reaches', async () => {
    const url = `http://127.0.0.1:${nobody}`;
    const env = { RUN_CACHE_AUTH_URL: url, RUN_CACHE_TOKEN_URL: `${url}/token`, ...CREDENTIAL };
    const check = checkOf(await diagnosed(env), 'service-unreachable');
    expect(check).toMatchObject({ status: 'fail', fix: expect.stringContaining('login service') });
  });

  test('a service that is down', async () => {
    const env = {
      ...{ RUN_CACHE_API_URL: `127.0.0.1:${nobody}`, RUN_CACHE_API_SECURE: 'false', ...CREDENTIAL },
      RUN_CACHE_API_CLIENT_MAX_ATTEMPTS: '1',
    };
    const check = checkOf(await diagnosed(env), 'service-unreachable');
    expect(check).toMatchObject({ status: 'fail', fix: expect.stringContaining('RUN_CACHE_API_URL') });
  });

  test('a service that refuses the version of the plugin', async () => {
    const diagnosis = await diagnosed(await service({ client_supported: false }));
    expect(checkOf(diagnosis, 'client-version-refused')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('--upgrade dbt-state'),
    });
  });

  test('a platform token that is refused', async () => {
    const tokens = await startTokenService({ detail: 'Invalid service token' });
    stops.push(() => tokens.stop());
    const platform = { DBT_CLOUD_TOKEN: 'not-a-secret-token', DBT_CLOUD_ACCOUNT_HOST: 'bikes.us1.dbt.com' };
    const diagnosis = await diagnosed({ ...SECURE, ...tokens.env, ...platform });
    expect(checkOf(diagnosis, 'login-failed')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('Invalid service token'),
      fix: expect.stringContaining('DBT_CLOUD_TOKEN'),
    });
    expect(JSON.stringify(diagnosis)).not.toContain('not-a-secret-token');
  });

  test('an organization these credentials may not use', async () => {
    const tokens = await startTokenService({ organizations: ['north'], disabled: ['west'] });
    stops.push(() => tokens.stop());
    const env = { ...SECURE, ...tokens.env, ...CREDENTIAL, RUN_CACHE_ORG_ID: 'west' };
    expect(checkOf(await diagnosed(env), 'organization-refused')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('has been disabled'),
    });
  });

  test('a certificate file that cannot be read', async () => {
    const tokens = await startTokenService({ organizations: ['north'] });
    stops.push(() => tokens.stop());
    const authority = { RUN_CACHE_CA_BUNDLE: '/nowhere/authority.pem' };
    const diagnosis = await diagnosed({ ...SECURE, ...tokens.env, ...CREDENTIAL, ...authority });
    expect(checkOf(diagnosis, 'declined')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('RUN_CACHE_CA_BUNDLE'),
    });
  });

  test('a service that cannot tell which versions it supports', async () => {
    const client_supported = { answer: 'error', code: 'INTERNAL', message: 'no list of versions' };
    const diagnosis = await diagnosed(await service({ client_supported }));
    expect(checkOf(diagnosis, 'version-check-failed')).toMatchObject({
      status: 'warn',
      seen: expect.stringContaining('no list of versions'),
    });
  });

  test('errors about nodes, which only a run meets, are remembered from the last one', async () => {
    const broken = await service({
      default: { answer: 'execute' },
      nodes: { raw_bikes: { answer: 'error', code: 'INTERNAL', message: 'disk full' } },
    });
    await seed(broken);
    expect(checkOf(await diagnosed(await service()), 'service-errors')).toMatchObject({
      status: 'warn',
      seen: expect.stringMatching(/^In the last run .* disk full/),
      fix: expect.stringContaining('Read what was said'),
    });
    await seed(await service());
    expect((await diagnosed(await service())).checks.map(({ code }) => code)).not.toContain('service-errors');
  });

  test('a predecessor on the path', async () => {
    const diagnosis = await diagnosed({ ...(await service()), PYTHONPATH: await legacyPackage() });
    expect(checkOf(diagnosis, 'legacy-package')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('run-cache'),
      fix: expect.stringContaining('pip uninstall'),
    });
    expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
  });

  test('a target it does not work on', async () => {
    const diagnosis = await diagnosed(await service(), { args: ['--target', 'duckdb'] });
    expect(checkOf(diagnosis, 'adapter-unsupported')).toMatchObject({
      status: 'fail',
      seen: expect.stringContaining('duckdb'),
    });
    expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
    expect(diagnosis.checks.map(({ code }) => code)).not.toContain('commit-timestamps');
  });
});

test('a dbt without the plugin still shows that it works without', async () => {
  const root = await mkdtemp(join(tmpdir(), 'no-plugin-'));
  stops.push(() => rm(root, { recursive: true, force: true }));
  const diagnosis = await diagnosed(CREDENTIAL, { dbt: await dbtWithoutPlugin(root) });
  expect(checkOf(diagnosis, 'plugin-installed')).toMatchObject({
    status: 'fail',
    fix: expect.stringContaining('pip install dbt-state'),
  });
  expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
  expect(checkOf(diagnosis, 'service').fix).toBe('Solve `plugin-installed` first.');
});

test('State that is switched off is not started; a run of it has no checklist', async () => {
  const env = { ...(await service()), RUN_CACHE_DISABLED: 'true' };
  const diagnosis = await diagnosed(env);
  expect(notPassed(diagnosis)).toContain('warn run-cache-enabled');
  expect(checkOf(diagnosis, 'service').fix).toBe('Solve `run-cache-enabled` first.');
  expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
  expect(await seed(env)).not.toHaveProperty('diagnosis');
});

test('a project dbt cannot read and a warehouse nobody reaches fail the fallback, with dbt’s words', async () => {
  const unreached = checkOf(await diagnosed({ BIKE_HIRE_PG_PORT: String(nobody) }), 'fallback');
  expect(unreached).toMatchObject({ status: 'fail', seen: expect.stringMatching(/refused|connect/i) });
  await shop.write('models/broken.sql', "select * from {{ ref('no_such_model') }}\n");
  stops.push(() => rm(join(shop.dir, 'models/broken.sql')));
  const broken = checkOf(await diagnosed(), 'fallback');
  expect(broken).toMatchObject({ status: 'fail', seen: expect.stringContaining('no_such_model') });
});
