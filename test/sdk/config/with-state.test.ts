import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../sdk/config/load-config.ts';
import { stateCall } from '../../../sdk/config/state-call.ts';
import { type CallOptions, withConfig } from '../../../sdk/config/with-config.ts';
import type { DbtRunCacheError } from '../../../sdk/errors.ts';
import { resolveOptions } from '../../../sdk/options.ts';
import { makeFolder } from './folder.ts';

const config = (content: string, env: Record<string, string> = {}) =>
  loadConfig({ cwd: makeFolder({ 'dbt-runcache.yml': content }), env });

const settled = async (content: string, options: CallOptions = {}, env: Record<string, string> = {}) =>
  withConfig(await config(content, env), options);

async function refusal(...given: Parameters<typeof settled>): Promise<DbtRunCacheError> {
  const error = await settled(...given).then(
    () => new Error('accepted'),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'invalid-options' });
  return error as DbtRunCacheError;
}

const LEDGER = 'dedup-store: "memory:"\n';

test('key by key: of the call, of a variable, of the file, with the place of each', async () => {
  const given = await config(
    'slim: strict\nstate-store: file:.states\nmax-state-age: 7d\nstate-retention: 365d\nfresher-sources: true\n',
    { DBT_RUNCACHE_MAX_STATE_AGE: '3d', DBT_RUNCACHE_ON_MISSING_STATE: 'fail' },
  );
  const options = withConfig(given, { state: { environment: 'staging', retention: 1 } });
  expect(options.state).toEqual({
    store: `file:${join(given.path ?? '', '../.states')}`,
    slim: 'strict',
    environment: 'staging',
    onMissing: 'fail',
    maxAge: 259_200_000,
    retention: 1,
    fresherSources: true,
  });
  expect(options.config?.from).toEqual({
    slim: `${given.path}:1`,
    'state-store': `${given.path}:2`,
    'max-state-age': 'DBT_RUNCACHE_MAX_STATE_AGE',
    'on-missing-state': 'DBT_RUNCACHE_ON_MISSING_STATE',
    'fresher-sources': `${given.path}:5`,
  });
  expect(resolveOptions(['build'], options).options.state).toMatchObject({
    slim: 'strict',
    onMissing: 'fail',
  });
});

describe('who asks for it', () => {
  test.each([
    ['state: managed', { managed: true }],
    ['slim: true', { slim: true }],
    ['slim: strict', { slim: 'strict' }],
    ['publish-state: auto', { publish: 'auto' }],
    ['publish-state: always\nslim: false', { publish: 'always', slim: false }],
  ])('%j does', async (content, state) => {
    expect((await settled(LEDGER + content)).state).toEqual({ store: 'memory:', ...state });
  });

  test.each([
    '',
    'slim: false',
    'publish-state: never',
    'state: off',
    'slim: false\npublish-state: never',
    'state-store: "memory:"\nstate-environment: staging\non-missing-state: fail\nmax-state-age: 1d\nstate-retention: 1d\nfresher-sources: true',
  ])('%j does not', async (content) => {
    expect((await settled(LEDGER + content)).state).toBeUndefined();
    // Where it is kept is no matter then.
    expect((await settled(content)).state).toBeUndefined();
  });

  test('a variable does, and so does the call', async () => {
    expect((await settled(LEDGER, {}, { DBT_RUNCACHE_SLIM: 'True' })).state).toMatchObject({ slim: true });
    expect((await settled(LEDGER, { state: { publish: 'always' } })).state).toMatchObject({
      publish: 'always',
    });
  });
});

describe('off', () => {
  const asked = `${LEDGER}state: managed\nslim: strict\npublish-state: always\n`;

  test('by the call: whatever is said elsewhere', async () => {
    const options = await settled(asked, { state: 'off' }, { DBT_RUNCACHE_SLIM: 'true' });
    expect(options.state).toBeUndefined();
    expect(Object.keys(options.config?.from ?? {})).toEqual(['dedup-store']);
  });

  test('by a variable: what the call says of slim included, until it says managed', async () => {
    const env = { DBT_RUNCACHE_STATE: 'off' };
    const options = await settled(asked, { state: { slim: true, publish: 'always' } }, env);
    expect(options.state).toBeUndefined();
    expect(options.config?.from['state']).toBe('DBT_RUNCACHE_STATE');
    const back = await settled(asked, { state: { managed: true } }, env);
    expect(back.state).toEqual({ store: 'memory:', managed: true, slim: 'strict', publish: 'always' });
    expect(back.config?.from['state']).toBeUndefined();
  });

  test('by the file: a variable takes it back', async () => {
    const off = `${LEDGER}state: off\nslim: true`;
    expect((await settled(off)).state).toBeUndefined();
    const back = await settled(off, {}, { DBT_RUNCACHE_STATE: 'managed' });
    expect(back.state).toMatchObject({ managed: true, slim: true });
  });
});

describe('a policy that nobody needs', () => {
  test.each([
    [{ maxAge: 1 }, {}, 'max-state-age is given (this call)'],
    [{ store: 'memory:' }, {}, 'state-store is given (this call)'],
    [{ fresherSources: true }, {}, 'fresher-sources is given (this call)'],
    [undefined, { DBT_RUNCACHE_STATE_ENVIRONMENT: 'x' }, 'state-environment is given (DBT_RUNCACHE_STATE_E'],
    [undefined, { DBT_RUNCACHE_ON_MISSING_STATE: 'fail' }, 'on-missing-state is given (DBT_RUNCACHE_ON_M'],
    [undefined, { DBT_RUNCACHE_STATE_RETENTION: '1d' }, 'state-retention is given (DBT_RUNCACHE_STATE_R'],
  ])('%j and %j count on a state', async (state, env, message) => {
    const error = await refusal(`${LEDGER}state-environment: staging`, { state }, env);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/, and nothing asks for the production state$/);
    expect(error.hint).toContain('slim: false');
  });

  test.each([
    ['slim: false', { maxAge: 1 }],
    ['', { slim: false, maxAge: 1, fresherSources: true }],
    ['publish-state: never', { store: 'memory:' }],
    ['', { fresherSources: false }],
    ['parse-cache: true', { store: 'memory:' }],
  ] as const)('%j with %j says that it is not wanted, or why it is given', async (content, state) => {
    expect((await settled(LEDGER + content, { state })).state).toBeUndefined();
  });

  test('production asks how new its sources are as well: a slim build compares itself with that', async () => {
    const yaml = `${LEDGER}fresher-sources: true\npublish-state: always\n`;
    const main = await settled(yaml, { state: { slim: false } });
    expect(main.state?.fresherSources).toBe(true);
    expect(resolveOptions(['build'], main).options.state).toMatchObject({
      fresherSources: true,
      isCompared: false,
    });
  });
});

describe('where it is kept', () => {
  const storeOf = async (...given: Parameters<typeof settled>) => (await settled(...given)).state?.store;
  const slim = { state: { slim: true } };

  test('in its own store, else with the ledger, a ledger that is switched off included', async () => {
    const own = 'state-store: redis:STATES\ndedup-store: redis:LEDGER\n';
    expect(await storeOf(own, { state: { slim: true, store: 'memory:' } })).toBe('memory:');
    expect(await storeOf(own, slim)).toBe('redis:STATES');
    expect(await storeOf(own, slim, { DBT_RUNCACHE_STATE_STORE: 's3://x' })).toBe('s3://x');
    const ledger = 'dedup-store: redis:LEDGER\n';
    expect(await storeOf(ledger, { ...slim, dedup: { store: 'gs://x' } })).toBe('gs://x');
    const off = await settled(ledger, { ...slim, dedup: { store: 'none' } });
    expect(off).toMatchObject({ state: { store: 'redis:LEDGER' }, dedup: undefined });
    expect(off.config?.from['dedup-store']).toMatch(/yml:1$/);
  });

  test('a store that the caller knows goes before that of the configured ledger', async () => {
    const given = await config('dedup-store: redis:LEDGER');
    expect(withConfig(given, slim, { stateStore: 'actions-cache:' }).state?.store).toBe('actions-cache:');
    const own = await config('state-store: redis:STATES');
    expect(withConfig(own, slim, { stateStore: 'actions-cache:' }).state?.store).toBe('redis:STATES');
    expect(withConfig(own, {}, { stateStore: 'actions-cache:' }).state).toBeUndefined();
  });

  test.each([
    ['slim: true', {}, {}, /^slim is given \(\S+yml:1\), and nobody says where it is kept$/],
    ['dedup-store: none', slim, {}, /^slim is given \(this call\)/],
    ['', { state: { publish: 'always' } }, {}, /^publish-state is given \(this call\)/],
    ['', {}, { DBT_RUNCACHE_STATE: 'managed' }, /^state is given \(DBT_RUNCACHE_STATE\)/],
  ] as const)('%j, %j, %j: nowhere', async (content, options, env, message) => {
    const error = await refusal(content, options, env);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain('--state-store file:.states');
    expect(error.hint).toContain('--state off');
  });
});

describe('the parse cache', () => {
  const cacheOf = async (...given: Parameters<typeof settled>) => (await settled(...given)).parseCache;

  test('is kept with the states, which need not be kept', async () => {
    expect(await cacheOf('parse-cache: true\nstate-store: redis:STATES')).toEqual({ store: 'redis:STATES' });
    expect(await cacheOf(`${LEDGER}parse-cache: true`)).toEqual({ store: 'memory:' });
    expect(await cacheOf('parse-cache: true', { dedup: { store: 'gs://x' } })).toEqual({ store: 'gs://x' });
    expect(await cacheOf(`${LEDGER}parse-cache: true`, { state: 'off' })).toEqual({ store: 'memory:' });
    expect(await cacheOf(LEDGER, { parseCache: { store: 's3://x' } })).toEqual({ store: 's3://x' });
    expect(await cacheOf(LEDGER, { parseCache: {} })).toEqual({ store: 'memory:' });
    expect(
      withConfig(await config(''), { parseCache: true }, { stateStore: 'actions-cache:' }).parseCache,
    ).toEqual({ store: 'actions-cache:' });
  });

  test('a store that a variable names is enough', async () => {
    const options = await settled('parse-cache: true', {}, { DBT_RUNCACHE_STATE_STORE: 'memory:' });
    expect(options).toMatchObject({ parseCache: { store: 'memory:' }, state: undefined });
  });

  test('off, unless it is asked for', async () => {
    expect(await cacheOf(LEDGER)).toBeUndefined();
    expect(await cacheOf(`${LEDGER}parse-cache: true`, { parseCache: false })).toBeUndefined();
    expect(await cacheOf('parse-cache: true', { parseCache: false })).toBeUndefined();
  });

  test('needs a store', async () => {
    const error = await refusal('parse-cache: true');
    expect(error.message).toMatch(/^parse-cache is given \(\S+yml:1\), and nobody says where it is kept$/);
    expect(error.hint).toContain('--no-parse-cache');
  });
});

test('deps: told of, unless the call gives it', async () => {
  const given = await config('deps: auto\nparse-cache: true\ndedup-store: "memory:"');
  expect(withConfig(given)).toMatchObject({
    deps: 'auto',
    config: { from: { deps: `${given.path}:1`, 'parse-cache': `${given.path}:2` } },
  });
  const never = withConfig(given, { deps: 'never', parseCache: false });
  expect(never.deps).toBe('never');
  expect(Object.keys(never.config?.from ?? {})).toEqual(['dedup-store']);
});

test('what a call says, as texts', () => {
  expect(stateCall({})).toBeUndefined();
  expect(stateCall({ 'parse-cache': true, deps: 'auto' })).toBeUndefined();
  expect(stateCall({ state: 'off', slim: true })).toBe('off');
  expect(
    stateCall({ state: 'managed', slim: false, 'max-state-age': '1d', 'state-retention': '3650d' }),
  ).toEqual({
    ...{ managed: true, slim: false, maxAge: 86_400_000, retention: 315_360_000_000 },
  });
});
