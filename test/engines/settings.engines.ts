import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunOptions, RunResult } from '../../sdk/index.ts';
import { explain, renderSummary, renderText } from '../../sdk/index.ts';
import { CORE_1_11, CORE_1_12, FUSION } from '../support/engine.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type Library, library, postgresEnv } from './library.ts';

const DISABLED = { kind: 'disabled', by: 'run-cache: disabled' };
const DEPRECATED = 'EnvironmentVariableNamespaceDeprecation';

describe.each([CORE_1_11, CORE_1_12])('$requirements', (engine) => {
  let postgres: Postgres;
  let shop: Library;
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.createDatabase('settings');
    shop = await library(engine, { CI: 'true', ...postgresEnv(postgres, 'settings') });
    await shop.bareWith(['seed', '--target', 'postgres'], { RUN_CACHE_DISABLED: 'true' });
  });
  afterAll(async () => {
    await shop?.remove();
    await postgres?.stop();
  });

  const args = ['run', '--target', 'postgres'];
  const run = (
    env: Readonly<Record<string, string>>,
    options: RunOptions = {},
    words = args,
  ): Promise<RunResult> => shop.run(words, { env: { ...shop.env, ...env }, ...options });

  test.each([
    ['FRESHNESS_TOLERANCE', 'banana', 'seconds (2700) or a duration such as 45m'],
    ['CLONE_INCREMENTAL_IN_DEV', 'sometimes', 'NEVER, IF_TABLE_MISSING or ALWAYS'],
    ['CACHE_MODE', 'READ', 'READ_WRITE or WRITE_ONLY'],
    ['LOG_FILE_LIMIT', '1.5', 'a whole number such as 20'],
  ])('%s is refused before dbt starts, as dbt would refuse it', async (field, value, forms) => {
    const name = `RUN_CACHE_${field}`;
    const result = await run({ [name]: value });
    expect(result.failure).toMatchObject({
      code: 'state-setting-invalid',
      message: `${name} is "${value}"; valid: ${forms}`,
    });
    expect(result.exitCode).toBeUndefined();
    const bare = await shop.bareWith(args, { [name]: value });
    expect(bare.code).toBe(2);
    expect(bare.stdout + bare.stderr).toContain('Cannot convert value');
  });

  test('what dbt only takes for something else is passed on, and told', async () => {
    const result = await run({ RUN_CACHE_ALLOW_CLONES: 'maybe' });
    expect(result.outcome).toBe('executed');
    expect(result.notices).toContainEqual(
      expect.objectContaining({ kind: 'warning', name: 'state-setting-invalid' }),
    );
  });

  test('disabled: the plugin says so itself, whatever the user set, and dbt warns of no name', async () => {
    const user = { DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_FRESHNESS_TOLERANCE: 'banana' };
    const result = await run(user, { runCache: 'disabled' });
    expect(result).toMatchObject({ outcome: 'executed', runCache: 'disabled', state: DISABLED });
    expect(result.decisions.find(({ resourceType }) => resourceType === 'model')?.because).toBe(
      'state-disabled',
    );
    expect(result.notices.map(({ name }) => name)).not.toContain(DEPRECATED);
    expect(await shop.read('logs/dbt.log')).toMatch(/dbt-state v[\d.]+ is disabled/);
    const summary = renderSummary(explain(result));
    expect(summary).toContain('dbt State settings');
    expect(summary).toContain('Has no effect: run-cache: disabled outranks it.');
  });

  test('disabled: a .env file does not switch it on again', async () => {
    await shop.write('.env', 'DBT_ENGINE_MANAGE_STATE=true\n');
    try {
      expect(await run({}, { runCache: 'disabled' })).toMatchObject({ outcome: 'executed', state: DISABLED });
    } finally {
      await shop.write('.env', '');
    }
  });

  test('required and not active: dbt’s success is a failure, with cause and fix', async () => {
    const result = await run({}, { requireRunCache: true });
    expect(result).toMatchObject({
      outcome: 'failed',
      requireRunCache: true,
      exitCode: 0,
      failure: {
        code: 'run-cache-required',
        message: 'dbt State was required and was not active: no credentials',
        hint: expect.stringContaining('DBT_CLOUD_TOKEN'),
      },
    });
    expect(renderText(explain(result))).toContain('DBT_CLOUD_TOKEN');
  });

  test('required: switched off is not active, a command that asks nothing passes', async () => {
    const off = await run({ RUN_CACHE_DISABLED: 'true' }, { requireRunCache: true });
    expect(off.failure?.message).toContain('it is switched off by RUN_CACHE_DISABLED');
    expect(
      (await run({}, { requireRunCache: true }, ['parse', '--target', 'postgres'])).failure,
    ).toBeUndefined();
    expect((await run({}, { requireRunCache: true }, ['deps'])).failure).toBeUndefined();
  });

  test('required: a failure of dbt’s own stays', async () => {
    await shop.write('models/broken.sql', 'select no_such_column from (select 1 as a) as t');
    try {
      const result = await run({}, { requireRunCache: true });
      expect(result.failure?.code).toBe('nodes-failed');
    } finally {
      await shop.write('models/broken.sql', '{{ config(enabled=false) }} select 1 as a');
    }
  });
});

describe('dbt v2', () => {
  let shop: Library;
  beforeAll(async () => {
    shop = await library(FUSION);
    await shop.bare(['seed']);
  });
  afterAll(() => shop?.remove());
  const run = (
    env: Readonly<Record<string, string>>,
    options: RunOptions = {},
    words = ['run'],
  ): Promise<RunResult> => shop.run(words, { env: { ...shop.env, ...env }, ...options });
  /** What dbt v2 says at each node on DuckDB while State is switched on, and only then. */
  const ON = 'New changes detected';

  test.each(['maybe', '', ' true'])(
    'DBT_ENGINE_MANAGE_STATE of "%s" is refused as dbt does',
    async (value) => {
      const env = { DBT_ENGINE_MANAGE_STATE: value };
      expect((await run(env)).failure?.code).toBe('state-setting-invalid');
      expect((await shop.bareWith(['run'], env)).code).toBe(2);
    },
  );

  test('a reserved name is refused as dbt does; those it knows are not', async () => {
    const unknown = { DBT_ENGINE_STATE_FRESHNESS_TOLERANCE: '45m' };
    expect((await run(unknown)).failure?.message).toContain('the name RUN_CACHE_FRESHNESS_TOLERANCE');
    expect((await shop.bareWith(['run'], unknown)).code).toBe(1);
    const known = {
      DBT_ENGINE_STATE_API_URL: 'localhost:1',
      DBT_ENGINE_STATE_AUTH_URL: 'http://localhost:1',
      DBT_ENGINE_STATE_TOKEN_URL: 'http://localhost:1',
      DBT_ENGINE_STATE_EMIT_REUSED_STATUS: 'true',
      DBT_ENGINE_STATE_OAUTH_CLIENT_ID: 'x',
    };
    expect((await run(known)).outcome).toBe('executed');
  });

  test('what switches State on and off is read as dbt reads it', async () => {
    const project = await shop.read('dbt_project.yml');
    const cases = [
      { env: {}, args: [], flags: '' },
      { env: { DBT_ENGINE_MANAGE_STATE: 'on' }, args: [], flags: '' },
      { env: { DBT_ENGINE_MANAGE_STATE: 'true' }, args: ['--no-manage-state'], flags: '' },
      { env: { DBT_ENGINE_MANAGE_STATE: 'false' }, args: ['--manage-state'], flags: '' },
      { env: {}, args: ['--no-manage-state', '--manage-state'], flags: '' },
      { env: { DBT_ENGINE_MANAGE_STATE: 'false' }, args: [], flags: 'manage_state: true' },
      { env: { DBT_ENGINE_MANAGE_STATE: 'true' }, args: [], flags: 'manage_state: false' },
      { env: {}, args: [], flags: 'manage_state: true' },
      {
        env: { RUN_CACHE_DISABLED: 'true', DBT_RUN_CACHE_DISABLED: 'true' },
        args: ['--manage-state'],
        flags: '',
      },
    ];
    for (const { env, args, flags } of cases) {
      await shop.write('dbt_project.yml', flags === '' ? project : `${project}\nflags:\n  ${flags}\n`);
      const words = ['run', ...args];
      const isOn = (await shop.bareWith(words, env)).stdout.includes(ON);
      const { stateSettings = [] } = await run(env, {}, words);
      const deciding = stateSettings.find(({ field }) => field === 'MANAGE_STATE');
      const ours = deciding !== undefined && ['true', 'on'].includes(deciding.value);
      expect({ env, args, flags, isOn: ours }).toEqual({ env, args, flags, isOn });
    }
    await shop.write('dbt_project.yml', project);
  });

  test('disabled: neither the variable nor YAML switches it on', async () => {
    const project = await shop.read('dbt_project.yml');
    await shop.write('dbt_project.yml', `${project}\nflags:\n  manage_state: true\n`);
    try {
      const env = { DBT_ENGINE_MANAGE_STATE: 'true' };
      expect((await shop.bareWith(['run'], env)).stdout).toContain(ON);
      const result = await run(env, { runCache: 'disabled' });
      expect(result).toMatchObject({ outcome: 'executed', state: DISABLED });
      expect(JSON.stringify(result.decisions)).not.toContain(ON);
    } finally {
      await shop.write('dbt_project.yml', project);
    }
  });

  test('disabled: a flag that says the opposite is refused', async () => {
    const result = await run({}, { runCache: 'disabled' }, ['run', '--manage-state']);
    expect(result.failure).toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('exclude each other'),
    });
  });

  test('required and off: the way to switch it on', async () => {
    const result = await run({}, { requireRunCache: true });
    expect(result.failure).toMatchObject({
      code: 'run-cache-required',
      hint: expect.stringContaining('--manage-state'),
    });
  });
});
