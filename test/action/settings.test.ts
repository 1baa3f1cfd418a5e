import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readInputs } from '../../action/inputs.ts';
import { settle } from '../../action/settings.ts';
import { CONFIG_KEYS } from '../../sdk/config/schema.ts';
import { makeFolder } from '../sdk/config/folder.ts';
import { LEDGER_PRECEDENCE, PRECEDENCE, situations } from '../sdk/config/precedence.ts';
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

/** They come from the file and the environment alone. */
const NO_INPUTS = new Set(LEDGER_PRECEDENCE.map(({ key }) => key));
const INPUT_KEYS = CONFIG_KEYS.filter((key) => !NO_INPUTS.has(key));

test('the table has every key, and every key is an input without a default that would hide the file', () => {
  expect([...new Set(PRECEDENCE.map(({ key }) => key))].toSorted()).toEqual(INPUT_KEYS.toSorted());
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

test('the token is hidden with what the file names', async () => {
  const workspace = makeFolder({ 'dbt-runcache.yml': 'redact-env: [KEY]' });
  const { options } = await settled(workspace, { 'github-token': 'ghs_1' }, { KEY: 'hush-hush' });
  expect(options.redact).toEqual(['ghs_1', 'hush-hush']);
});
