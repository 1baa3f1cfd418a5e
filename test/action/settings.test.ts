import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readInputs } from '../../action/inputs.ts';
import { settle } from '../../action/settings.ts';
import { CONFIG_KEYS } from '../../sdk/config/schema.ts';
import { makeFolder } from '../sdk/config/folder.ts';
import {
  asksForState,
  LEDGER_PRECEDENCE,
  PARSE_CACHE_PRECEDENCE,
  PRECEDENCE,
  STATE_PRECEDENCE,
  situations,
} from '../sdk/config/precedence.ts';
import { REPOSITORY } from '../support/repository.ts';

async function settled(workspace: string, given: Record<string, string>, env: Record<string, string> = {}) {
  return settle(await readInputs((name) => given[name] ?? '', workspace, env), workspace, env);
}

const OWN = { 'fail-on': 'failOn', annotations: 'annotations', 'job-summary': 'jobSummary' } as const;

test.each(PRECEDENCE)('$key: the input before the environment before the file (call $call)', async (row) => {
  for (const { value, files, env, call } of situations(row)) {
    const settings = await settled(makeFolder(files), call === undefined ? {} : { [row.key]: call }, env);
    const found =
      row.option === undefined ? settings[OWN[row.key as keyof typeof OWN]] : settings.options[row.option];
    expect(found).toEqual(value);
  }
});

test.each([...STATE_PRECEDENCE, ...PARSE_CACHE_PRECEDENCE])(
  '$key: the input before the environment before the file (call $call)',
  async (row) => {
    for (const { value, files, env, call } of situations(row)) {
      const folder = makeFolder({
        'dbt-runcache.yml': asksForState(row.key) + (files['dbt-runcache.yml'] ?? ''),
      });
      const { options } = await settled(folder, call === undefined ? {} : { [row.key]: call }, env);
      expect(row.option === undefined ? options.parseCache : options.state?.[row.option]).toEqual(value);
    }
  },
);

/** They come from the file and the environment alone. */
const NO_INPUTS = new Set(LEDGER_PRECEDENCE.map(({ key }) => key));
const OF_STATE = new Set([...STATE_PRECEDENCE, ...PARSE_CACHE_PRECEDENCE].map(({ key }) => key));
const INPUT_KEYS = CONFIG_KEYS.filter((key) => !NO_INPUTS.has(key));

test('the table has every key, and every key is an input without a default that would hide the file', () => {
  expect([...new Set(PRECEDENCE.map(({ key }) => key))].toSorted()).toEqual(
    INPUT_KEYS.filter((key) => !OF_STATE.has(key)).toSorted(),
  );
  const { inputs } = parse(readFileSync(join(REPOSITORY, 'action.yml'), 'utf8')) as {
    inputs: Record<string, { default?: string; description: string }>;
  };
  for (const key of INPUT_KEYS) {
    expect(inputs[key]?.default, key).toBe('');
    if (!['labels', 'redact-env'].includes(key)) expect(inputs[key]?.description, key).toContain('Default: ');
  }
});

test('the file is searched from project-dir; paths of the environment start from the workspace', async () => {
  const workspace = makeFolder({
    'dbt-runcache.yml': 'timeout: 1h',
    'shop/dbt-runcache.yml': 'dbt: .venv\nredact-env: [KEY]\n',
    'shop/.venv/x': '',
    'tools/venv/x': '',
    'ci/policy.yml': 'timeout: 2h',
  });
  const shop = { 'project-dir': 'shop' };
  expect((await settled(workspace, shop, { KEY: 'hush-hush' })).options).toMatchObject({
    dbt: join(workspace, 'shop/.venv'),
    timeout: undefined,
    redact: ['hush-hush'],
  });
  const env = { DBT_RUNCACHE_DBT: 'tools/venv', DBT_RUNCACHE_CONFIG: 'ci/policy.yml' };
  expect((await settled(workspace, shop, env)).options).toMatchObject({
    dbt: join(workspace, 'tools/venv'),
    timeout: 7_200_000,
  });
  const none = await settled(workspace, { ...shop, config: 'none' }, env);
  expect(none.options.timeout).toBeUndefined();
  expect((await settled(workspace, { ...shop, config: 'dbt-runcache.yml' }, env)).options.timeout).toBe(
    3_600_000,
  );
});

describe('where the state is kept', () => {
  const stores = async (given: Record<string, string>, yaml = '') => {
    const { options } = await settled(makeFolder({ 'dbt-runcache.yml': yaml }), given);
    return [options.state?.store, options.parseCache?.store, options.dedup?.store];
  };
  const both = { slim: 'true', 'parse-cache': 'true' };

  test('in the Actions cache, where nobody says so', async () => {
    expect(await stores(both)).toEqual(['actions-cache:', 'actions-cache:', undefined]);
    expect(await stores({}, 'publish-state: auto')).toEqual(['actions-cache:', undefined, undefined]);
    expect(await stores(both, 'dedup-store: none')).toEqual(['actions-cache:', 'actions-cache:', undefined]);
    expect(await stores({})).toEqual([undefined, undefined, undefined]);
  });

  test('with the ledger, also where that is switched off', async () => {
    const yaml = 'dedup-store: redis:LEDGER';
    const ledger = ['redis:LEDGER', 'redis:LEDGER', 'redis:LEDGER'];
    expect(await stores(both, yaml)).toEqual(ledger);
    expect(await stores({ ...both, dedup: 'auto' }, yaml)).toEqual(ledger);
    expect(await stores({ ...both, dedup: 'off' }, yaml)).toEqual([...ledger.slice(1), undefined]);
    const input = { ...both, 'dedup-store': 'git-ref:' };
    const refs = ['git-ref:', 'git-ref:', 'git-ref:'];
    expect(await stores({ ...input, dedup: 'auto' }, yaml)).toEqual(refs);
    expect(await stores({ ...input, dedup: 'off' }, yaml)).toEqual([...refs.slice(1), undefined]);
  });

  test('in a store of its own', async () => {
    expect(await stores({ ...both, 'state-store': 's3://states' }, 'dedup-store: redis:LEDGER')).toEqual([
      ...['s3://states', 's3://states', 'redis:LEDGER'],
    ]);
  });
});

test('the state gets the token, and state: off switches off what the file says', async () => {
  const workspace = makeFolder({ 'dbt-runcache.yml': 'slim: strict\nfresher-sources: true' });
  const token = { 'github-token': 'ghs_1' };
  const { options } = await settled(workspace, token);
  expect(options).toMatchObject({ state: { slim: 'strict', githubToken: 'ghs_1' }, dedup: undefined });
  expect((await settled(workspace, { ...token, state: 'off' })).options.state).toBeUndefined();
  expect((await settled(workspace, { ...token, slim: 'false' })).options.state).toBeUndefined();
  await expect(settled(makeFolder(), { 'max-state-age': '7d' })).rejects.toMatchObject({
    code: 'invalid-options',
    hint: expect.stringContaining('slim'),
  });
});

test('the token is hidden with what the file names', async () => {
  const workspace = makeFolder({ 'dbt-runcache.yml': 'redact-env: [KEY]' });
  const { options } = await settled(workspace, { 'github-token': 'ghs_1' }, { KEY: 'hush-hush' });
  expect(options.redact).toEqual(['ghs_1', 'hush-hush']);
});
