import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { explain, type RunResult, renderSummary, runDbt, type StateProblem } from '../../sdk/index.ts';
import { closedPort } from '../support/closed-port.ts';
import { legacyPackage } from '../support/legacy-package.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';
import { startTokenService, type TokenAnswer } from '../support/token-service.ts';
import { postgresEnv, type Workspace, workspace } from './workspace.ts';

/** Everything that can be wrong with dbt State, each made to happen to the real plugin under the real dbt. */

type Env = Readonly<Record<string, string>>;

let postgres: Postgres;
let shop: Workspace;
let nobody: number;
let stops: (() => Promise<void>)[];

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('shop');
  shop = await workspace();
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

interface Dbt {
  readonly env?: Env;
  readonly args?: readonly string[];
  readonly server?: Postgres;
}

/** One seed on Postgres, unless told otherwise: dbt State decides about it, and it needs nothing before it. */
async function dbt({ env = {}, args = ['seed', '--select', 'raw_bikes'], server = postgres }: Dbt) {
  const [command = '', ...options] = args;
  // Of two targets, dbt takes the last.
  const result = await runDbt([command, '--target', 'postgres', ...options], {
    cwd: shop.dir,
    env: { ...shop.env, ...postgresEnv(server), ...env },
    dbt: shop.dbt,
    output: 'silent',
    reject: false,
  });
  return { result, summary: renderSummary(explain(result)) };
}

/** The plugin's environment for a service that answers as told. */
async function service(script: object): Promise<Env> {
  const started = await startScriptedStateService(script);
  stops.push(started.stop);
  return started.env;
}

/** The plugin logs in only before it speaks to a service over TLS; it never comes to that here. */
const SECURE: Env = { RUN_CACHE_API_SECURE: 'true', RUN_CACHE_API_URL: '127.0.0.1:9' };
const CLIENT: Env = { RUN_CACHE_OAUTH_CLIENT_SECRET: 'not-a-secret-client' };
const PLATFORM: Env = {
  DBT_CLOUD_TOKEN: 'not-a-secret-token',
  DBT_CLOUD_ACCOUNT_HOST: 'bikes.us1.dbt.com',
};

async function login(credential: Env, answer: TokenAnswer): Promise<Env> {
  const tokens = await startTokenService(answer);
  stops.push(tokens.stop);
  return { ...SECURE, ...credential, ...tokens.env };
}

const nobodyToLogInAt = (credential: Env): Env => ({
  ...SECURE,
  ...credential,
  RUN_CACHE_TOKEN_URL: `http://127.0.0.1:${nobody}/token`,
});

interface Told {
  readonly problem: StateProblem;
  /** Why, as the heading puts it. */
  readonly cause: string;
  /** What to do. */
  readonly fix: string;
  /** The plugin's own words. */
  readonly said: string | RegExp;
}

/** The words stand above the counts, or above what dbt printed where there is nothing to count. */
function expectOnTop(summary: string, heading: string, { problem, fix, said }: Omit<Told, 'cause'>): void {
  const top = summary.slice(0, summary.search(/\| What happened|The last lines dbt printed/));
  expect(top).not.toBe('');
  expect(top).toContain(`### ⚠️ ${heading}\n`);
  expect(top).toContain(`**What to do:** ${fix}`);
  expect(top).toContain(`(code \`${problem}\`)`);
  expect(top).toMatch(said);
}

/** The run's own checklist has it under its code. */
function expectChecked({ diagnosis }: RunResult, problem: StateProblem): void {
  const check = diagnosis?.checks.find(({ code }) => code === problem);
  expect(check?.status).toMatch(/^(fail|warn)$/);
  expect(check?.fix).toBeTruthy();
}

/** dbt did its work; State took no part. */
function expectInactive({ result, summary }: Awaited<ReturnType<typeof dbt>>, told: Told): void {
  expect(result).toMatchObject({ outcome: 'executed', exitCode: 0 });
  expect(result.state).toMatchObject({ kind: 'inactive', trouble: { problem: told.problem } });
  expect(result.state).not.toHaveProperty('trouble.endedRun');
  for (const node of result.decisions)
    expect(node).toMatchObject({ action: 'built', because: 'state-inactive' });
  expectOnTop(summary, `dbt State was not active: ${told.cause}`, told);
  expectChecked(result, told.problem);
  expect(summary).toContain(
    'dbt itself was fine: it ran everything that was selected, and nothing was reused.',
  );
}

/** The plugin ended dbt. */
function expectEnded({ result, summary }: Awaited<ReturnType<typeof dbt>>, told: Told): void {
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 2, failure: { code: 'dbt-failed' } });
  expect(result.state).toMatchObject({
    kind: 'inactive',
    trouble: { problem: told.problem, endedRun: true },
  });
  expectOnTop(summary, `dbt State stopped dbt: ${told.cause}`, told);
  expectChecked(result, told.problem);
  expect(summary).toContain('dbt ended with exit code 2 before it came to any node, so nothing was built.');
}

function nodeOf({ decisions }: RunResult, name: string) {
  return decisions.find((node) => node.name === name);
}

describe('not a failure', () => {
  test('on: enabled, and proved by an answer', async () => {
    const { result, summary } = await dbt({ env: await service({}) });
    expect(result.state).toEqual({
      kind: 'active',
      version: '2.62.3',
      proof: '1 answer of the service, first: Received execute response for node raw_bikes',
      troubles: [],
    });
    expect(summary).not.toContain('### ⚠️');
  });

  test('a command that has no use for State only finds it installed', async () => {
    const { result, summary } = await dbt({ args: ['parse'] });
    expect(result).toMatchObject({ exitCode: 0, state: { kind: 'not-applicable', version: '2.62.3' } });
    expect(summary).not.toContain('### ⚠️');
  });

  test.each([
    ['DBT_ENGINE_MANAGE_STATE', 'false'],
    ['DBT_ENGINE_MANAGE_STATE', ''],
    ['DBT_ENGINE_MANAGE_STATE', 'perhaps'],
    ['RUN_CACHE_DISABLED', 'true'],
    ['DBT_RUN_CACHE_DISABLED', 'yes'],
  ])('switched off by %s=%s', async (name, value) => {
    const { result, summary } = await dbt({ env: { [name]: value } });
    expect(result).toMatchObject({
      exitCode: 0,
      state: { kind: 'disabled', by: expect.stringContaining(name) },
    });
    expect(nodeOf(result, 'raw_bikes')).toMatchObject({ because: 'state-disabled' });
    const line = summary.indexOf(`**dbt State:** it was switched off by ${name}`);
    expect(line).toBeGreaterThan(0);
    expect(line).toBeLessThan(summary.indexOf('| What happened'));
    expect(summary.includes('every other value, and none, switches it off')).toBe(
      name === 'DBT_ENGINE_MANAGE_STATE',
    );
  });

  test('DBT_ENGINE_MANAGE_STATE=true outranks RUN_CACHE_DISABLED=true', async () => {
    const { result } = await dbt({ env: { DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_DISABLED: 'true' } });
    expect(result.state).toMatchObject({ kind: 'inactive', trouble: { problem: 'no-credentials' } });
  });
});

describe('dbt goes on without State', () => {
  test('no credentials', async () => {
    expectInactive(await dbt({}), {
      problem: 'no-credentials',
      cause: 'no credentials',
      fix: 'Set `DBT_CLOUD_TOKEN` and `DBT_CLOUD_ACCOUNT_HOST`',
      said: 'No credentials for dbt State detected',
    });
  });

  test('an adapter it does not know', async () => {
    expectInactive(await dbt({ args: ['seed', '--select', 'raw_bikes', '--target', 'duckdb'] }), {
      problem: 'adapter-unsupported',
      cause: 'it does not support this kind of warehouse',
      fix: 'Use a target of a supported type',
      said: "target type 'duckdb' is not supported",
    });
  });

  test.each([
    ['in its own way', { detail: 'Invalid service token' }, 'Invalid service token'],
    ['in the way of OAuth', { refuses: 'invalid_client', description: 'who are you' }, 'who are you'],
  ])('a platform token that is refused %s', async (_, answer, said) => {
    const ran = await dbt({ env: await login(PLATFORM, answer) });
    expectInactive(ran, {
      problem: 'login-failed',
      cause: 'its login was refused',
      fix: 'Put a token that is still valid into `DBT_CLOUD_TOKEN`',
      said,
    });
    expect(JSON.stringify(ran)).not.toContain('not-a-secret-token');
  });

  test('a platform token with nobody to give it to', async () => {
    expectInactive(await dbt({ env: nobodyToLogInAt(PLATFORM) }), {
      problem: 'service-unreachable',
      cause: 'its service could not be reached',
      fix: 'Check that this machine can reach the login service',
      said: 'Connection refused',
    });
  });

  test('an organization that was switched off', async () => {
    const env = await login(CLIENT, { organizations: ['north'], disabled: ['west'] });
    expectInactive(await dbt({ env: { ...env, RUN_CACHE_ORG_ID: 'west' } }), {
      problem: 'organization-refused',
      cause: 'it could not use the organization, or tell which one',
      fix: 'Ask an administrator of that organization',
      said: '(org_id: west) has been disabled',
    });
  });

  test('nobody answers for the service: each node waits for it', async () => {
    const env = { ...(await service({})), RUN_CACHE_API_CLIENT_MAX_ATTEMPTS: '1' };
    const ran = await dbt({ env: { ...env, RUN_CACHE_API_URL: `127.0.0.1:${nobody}` } });
    expectInactive(ran, {
      problem: 'service-unreachable',
      cause: 'its service could not be reached',
      fix: 'Check that this machine can reach the State service',
      said: 'Connection refused',
    });
    expect(ran.summary).toContain('It waited for the service at every node');
  });

  test('a service that does not speak TLS is no question of the network', async () => {
    const { RUN_CACHE_API_URL = '' } = await service({});
    const env = await login(CLIENT, { organizations: ['north'] });
    expectInactive(
      await dbt({ env: { ...env, RUN_CACHE_API_URL, RUN_CACHE_API_CLIENT_MAX_ATTEMPTS: '1' } }),
      {
        problem: 'service-unreachable',
        cause: 'its service could not be reached',
        fix: 'Make this machine trust the certificate of the State service',
        said: 'Tls handshake failed',
      },
    );
  });

  test('errors for all that was asked', async () => {
    const answer = { answer: 'error', code: 'PERMISSION_DENIED', message: 'this account is locked' };
    expectInactive(await dbt({ env: await service({ client_supported: answer, default: answer }) }), {
      problem: 'service-errors',
      cause: 'it answered with errors',
      fix: 'Read what was said about the nodes',
      said: 'this account is locked',
    });
  });

  test('commit timestamps off: what could be asked came to nothing, and all its warnings have this one cause', async () => {
    const server = await startPostgres({ settings: { track_commit_timestamp: 'off' } });
    stops.push(server.stop);
    await server.createDatabase('shop');
    const env = await service({});
    const ran = await dbt({ env, server, args: ['build', '--select', '+station_balance'] });
    expect(ran.result.state).toMatchObject({
      kind: 'inactive',
      trouble: {
        problem: 'commit-timestamps-off',
        nodes: expect.arrayContaining(['seed.bike_hire.raw_stations', 'model.bike_hire.rides']),
      },
    });
    expect(nodeOf(ran.result, 'station_balance')).toMatchObject({
      action: 'built',
      because: 'state-inactive',
    });
    expectOnTop(ran.summary, 'dbt State was not active: Postgres does not record commit timestamps', {
      problem: 'commit-timestamps-off',
      fix: 'Set `track_commit_timestamp = on` in the configuration of Postgres and restart the server.',
      said: 'could not get commit timestamp data',
    });
  });
});

describe('State goes on, with troubles', () => {
  test('errors for one node: it is named, and the others were decided', async () => {
    const env = await service({
      nodes: { raw_bikes: { answer: 'error', code: 'INTERNAL', message: 'disk full' } },
    });
    const { result, summary } = await dbt({ env, args: ['seed', '--select', 'raw_bikes', 'raw_stations'] });
    expect(result.state).toMatchObject({
      kind: 'active',
      troubles: [{ problem: 'service-errors', nodes: ['seed.bike_hire.raw_bikes'] }],
    });
    expect(nodeOf(result, 'raw_bikes')).toMatchObject({ because: 'state-failed' });
    expect(nodeOf(result, 'raw_stations')).toMatchObject({ because: 'state-decided' });
    expectOnTop(summary, 'dbt State was active, with 1 problem', {
      problem: 'service-errors',
      fix: 'Read what was said about the nodes',
      said: 'disk full',
    });
    expect(summary).toContain('Concerns 1 node: seed.bike_hire.raw_bikes.');
    expectChecked(result, 'service-errors');
  });

  test('the check of the version fails', async () => {
    const client_supported = { answer: 'error', code: 'INTERNAL', message: 'no list of versions' };
    const { result, summary } = await dbt({ env: await service({ client_supported }) });
    expect(result.state).toMatchObject({ kind: 'active', troubles: [{ problem: 'version-check-failed' }] });
    expect(nodeOf(result, 'raw_bikes')).toMatchObject({ because: 'state-decided' });
    expectChecked(result, 'version-check-failed');
    expectOnTop(summary, 'dbt State was active, with 1 problem', {
      problem: 'version-check-failed',
      fix: 'Run again; if it stays',
      said: /Failed to validate client version: dbt State: .* no list of versions/,
    });
  });

  test('commit timestamps off, where something was reused all the same', async () => {
    const server = await startPostgres({ settings: { track_commit_timestamp: 'off' } });
    stops.push(server.stop);
    await server.createDatabase('shop');
    const env = await service({ nodes: { raw_bikes: { answer: 'skip' } } });
    const { result } = await dbt({ env, server, args: ['seed', '--select', 'raw_bikes', 'raw_stations'] });
    expect(result.state).toMatchObject({ kind: 'active', troubles: [{ problem: 'commit-timestamps-off' }] });
    expect(nodeOf(result, 'raw_bikes')).toMatchObject({ action: 'reused' });
  });
});

describe('the plugin ends dbt', () => {
  test('client credentials that are refused', async () => {
    const ran = await dbt({ env: await login(CLIENT, { refuses: 'invalid_client' }) });
    expectEnded(ran, {
      problem: 'bad-credentials',
      cause: 'its credentials were refused',
      fix: 'Check `DBT_ENGINE_STATE_OAUTH_CLIENT_ID` and `DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET`',
      said: 'Error logging in with client credentials',
    });
    expect(JSON.stringify(ran)).not.toContain('not-a-secret-client');
  });

  test('client credentials with nobody to give them to: the plugin blames them, the summary does not', async () => {
    expectEnded(await dbt({ env: nobodyToLogInAt(CLIENT) }), {
      problem: 'service-unreachable',
      cause: 'its service could not be reached',
      fix: 'Check that this machine can reach the login service',
      said: 'Client credentials login failed: HTTPConnectionPool',
    });
  });

  test.each([
    [
      'several, and none was chosen',
      { organizations: ['north', 'south'] },
      {},
      'Set `RUN_CACHE_ORG_ID`, or `state-org-id` under `dbt-cloud:` in dbt_project.yml',
      'Token has access to multiple organizations: north, south',
    ],
    [
      'one that is not theirs',
      { organizations: ['north', 'south'] },
      { RUN_CACHE_ORG_ID: 'west' },
      'Set `RUN_CACHE_ORG_ID`, or `state-org-id` under `dbt-cloud:` in dbt_project.yml',
      'User does not have access to the requested organization (org_id: west)',
    ],
    [
      'none at all',
      { organizations: [] },
      {},
      'Ask an administrator to enable dbt State for the account these credentials belong to.',
      'Cannot determine the account ID',
    ],
  ])('credentials for organizations: %s', async (_, answer, chosen: Env, fix, said) => {
    const env = { ...(await login(CLIENT, answer)), ...chosen };
    expectEnded(await dbt({ env }), {
      problem: 'organization-refused',
      cause: 'it could not use the organization, or tell which one',
      fix,
      said,
    });
  });

  test('the package it was called before is installed as well', async () => {
    expectEnded(await dbt({ env: { PYTHONPATH: await legacyPackage() } }), {
      problem: 'legacy-package',
      cause: 'an older package of it is installed as well',
      fix: 'Uninstall the older package: `pip uninstall -y run-cache dbt-run-cache`.',
      said: 'dbt-state cannot run while the legacy package(s) run-cache are installed',
    });
  });

  test('the service refuses this version of the plugin', async () => {
    expectEnded(await dbt({ env: await service({ client_supported: false }) }), {
      problem: 'client-version-refused',
      cause: 'its service refused this version of the plugin',
      fix: 'Install a version of the plugin that the service supports: `pip install --upgrade dbt-state`.',
      said: "('Client version %s is not supported', '2.62.3')",
    });
  });

  test('a certificate file that cannot be read', async () => {
    const env = await login(CLIENT, { organizations: ['north'] });
    expectEnded(await dbt({ env: { ...env, RUN_CACHE_CA_BUNDLE: '/nowhere/authority.pem' } }), {
      problem: 'declined',
      cause: 'it declined to work',
      fix: 'Name a file that can be read in `RUN_CACHE_CA_BUNDLE`, or unset it.',
      said: 'Failed to read CA bundle from /nowhere/authority.pem',
    });
  });
});
