import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../sdk/config/read-environment.ts';
import { CONFIG_KEYS } from '../../../sdk/config/schema.ts';
import { OUTER_KEY_VARIABLE } from '../../../sdk/dedup-settings.ts';

const read = (env: Record<string, string | undefined>) => readEnvironment(env, '/base');

function refusal(env: Record<string, string>): { message: string; hint: string } {
  try {
    read(env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config-invalid' });
    return error as { message: string; hint: string };
  }
  throw new Error('accepted');
}

test('the variable’s name is the place', () => {
  expect(read({ DBT_RUNCACHE_FAIL_ON: ' never ', DBT_RUNCACHE_LABELS: 'a=b\nc=d=e' })).toEqual({
    'fail-on': { value: 'never', source: 'environment', where: 'DBT_RUNCACHE_FAIL_ON' },
    labels: {
      a: { value: 'b', source: 'environment', where: 'DBT_RUNCACHE_LABELS' },
      c: { value: 'd=e', source: 'environment', where: 'DBT_RUNCACHE_LABELS' },
    },
    'redact-env': [],
    'key-env': [],
    'key-ignore': [],
  });
});

test('what is not ours, empty or not a setting is left alone', () => {
  const env = {
    ...{ DBT_RUN_CACHE_DISABLED: 'x', RUN_CACHE_X: 'x', DBT_RUNCACHE: 'x', INPUT_DBT_RUNCACHE_X: 'x' },
    ...{ DBT_RUNCACHE_TIMEOUT: '', DBT_RUNCACHE_REPORT: ' ', DBT_RUNCACHE_NONSENSE: '' },
    ...{ DBT_RUNCACHE_CONFIG: 'x.yml', DBT_RUNCACHE_EVENTS_FILE: '/tmp/events' },
    [OUTER_KEY_VARIABLE]: 'abc',
  };
  expect(read({ ...env, DBT_RUNCACHE_DBT: undefined })).toEqual({
    labels: {},
    'redact-env': [],
    'key-env': [],
    'key-ignore': [],
  });
});

describe('unknown names', () => {
  test.each([
    [
      'DBT_RUNCACHE_TIMEUOT',
      /^there is no setting DBT_RUNCACHE_TIMEUOT: did you mean DBT_RUNCACHE_TIMEOUT\?$/,
    ],
    ['DBT_RUNCACHE_REQUIRE_RUNCACHE', /did you mean DBT_RUNCACHE_REQUIRE_RUN_CACHE\?$/],
    ['DBT_RUNCACHE_timeout', /did you mean DBT_RUNCACHE_TIMEOUT\?$/],
    ['DBT_RUNCACHE_VERSION', /^there is no setting DBT_RUNCACHE_VERSION$/],
    ['DBT_RUNCACHE_TARGET', /: give it to the call/],
  ])('%s', (name, message) => {
    expect(refusal({ [name]: 'sk-secret' }).message).toMatch(message);
  });

  test('the hint names them all, and tells dbt State’s apart', () => {
    const { message, hint } = refusal({ DBT_RUNCACHE_DISABLED: 'true' });
    expect(message).toBe('there is no setting DBT_RUNCACHE_DISABLED');
    for (const key of CONFIG_KEYS)
      expect(hint).toContain(`DBT_RUNCACHE_${key.toUpperCase().replaceAll('-', '_')}`);
    expect(hint).toContain('DBT_RUNCACHE_CONFIG');
    expect(hint).toContain('DBT_RUN_CACHE_');
  });
});

test.each([
  ['DBT_RUNCACHE_TIMEOUT', '45', 'DBT_RUNCACHE_TIMEOUT is "45": give whole numbers with units'],
  ['DBT_RUNCACHE_REPORT', 'yes', 'DBT_RUNCACHE_REPORT is "yes": give true or false'],
  ['DBT_RUNCACHE_RUN_CACHE', 'off', 'DBT_RUNCACHE_RUN_CACHE is "off": give one of inherit, disabled'],
  ['DBT_RUNCACHE_LABELS', 'sk-secret', 'DBT_RUNCACHE_LABELS is not valid: give one name=value a line'],
  [
    'DBT_RUNCACHE_REDACT_ENV',
    'sk-secret=',
    'DBT_RUNCACHE_REDACT_ENV is not valid: give names of environment',
  ],
  ['DBT_RUNCACHE_KEY_ENV', 'sk-secret=', 'DBT_RUNCACHE_KEY_ENV is not valid: give names of environment'],
  ['DBT_RUNCACHE_KEY_IGNORE', 'docs/*', 'DBT_RUNCACHE_KEY_IGNORE is "docs/*": give paths of files'],
  ['DBT_RUNCACHE_RETENTION', '3651d', 'DBT_RUNCACHE_RETENTION is "3651d": give whole numbers'],
  ['DBT_RUNCACHE_LEASE', '25d', 'DBT_RUNCACHE_LEASE is "25d": give whole numbers'],
  ['DBT_RUNCACHE_SLIM', 'yes', 'DBT_RUNCACHE_SLIM is "yes": give one of true, false, strict'],
  ['DBT_RUNCACHE_STATE', 'true', 'DBT_RUNCACHE_STATE is "true": give one of managed, off'],
  ['DBT_RUNCACHE_STATE_RETENTION', '3651d', 'DBT_RUNCACHE_STATE_RETENTION is "3651d": give whole'],
  ['DBT_RUNCACHE_DATA', 'x', 'DBT_RUNCACHE_DATA is "x": give one of sources, ignore'],
  [
    'DBT_RUNCACHE_IDEMPOTENCY_KEY',
    `sk-secret${'x'.repeat(512)}`,
    'DBT_RUNCACHE_IDEMPOTENCY_KEY is not valid: give a text of 1 to 512',
  ],
])('%s as %j', (name, value, start) => {
  const { message, hint } = refusal({ [name]: value });
  expect(message.slice(0, start.length)).toBe(start);
  expect(message + hint).not.toContain('sk-secret');
});

test('every bad variable is named at once', () => {
  const { message } = refusal({ DBT_RUNCACHE_TIMEOUT: '1', DBT_RUNCACHE_X: '1', DBT_RUNCACHE_REPORT: '1' });
  expect(message.split('\n')).toHaveLength(3);
});

test('what the data is, is said once', () => {
  const { message } = refusal({ DBT_RUNCACHE_DATA: 'ignore', DBT_RUNCACHE_DATA_VERSION: 'sk-secret' });
  expect(message).toBe('DBT_RUNCACHE_DATA and DBT_RUNCACHE_DATA_VERSION exclude each other: unset one');
});

test('slim has three words, and the states may have a folder', () => {
  const slim = (text: string) => read({ DBT_RUNCACHE_SLIM: text }).slim?.value;
  expect([slim('TRUE'), slim('false'), slim(' strict ')]).toEqual([true, false, 'strict']);
  expect(read({ DBT_RUNCACHE_STATE_STORE: 'file:x' })['state-store']?.value).toBe('file:/base/x');
});

test('a ledger in a folder is relative to the base, names of variables stand one a line', () => {
  const settings = read({
    DBT_RUNCACHE_DEDUP_STORE: ' file:led ger/x ',
    DBT_RUNCACHE_KEY_ENV: 'REGION\nTEAM_*',
    DBT_RUNCACHE_KEY_IGNORE: 'docs\n the log.txt ',
    DBT_RUNCACHE_RETENTION: '365d',
  });
  expect(settings).toMatchObject({
    'dedup-store': { value: 'file:/base/led ger/x', where: 'DBT_RUNCACHE_DEDUP_STORE' },
    'key-env': [{ value: 'REGION' }, { value: 'TEAM_*' }],
    'key-ignore': [{ value: 'docs' }, { value: 'the log.txt' }],
    retention: { value: 365 * 86_400_000 },
  });
  for (const address of ['file:/abs', 'file:///abs', 'file:~/x', 'none', 'memory:', 's3://bucket/a?region=x'])
    expect(read({ DBT_RUNCACHE_DEDUP_STORE: address })['dedup-store']?.value).toBe(address);
});
