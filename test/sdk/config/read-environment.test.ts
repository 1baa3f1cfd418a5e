import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../../sdk/config/read-environment.ts';
import { CONFIG_KEYS } from '../../../sdk/config/schema.ts';

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
  });
});

test('what is not ours, empty or not a setting is left alone', () => {
  const env = {
    ...{ DBT_RUN_CACHE_DISABLED: 'x', RUN_CACHE_X: 'x', DBT_RUNCACHE: 'x', INPUT_DBT_RUNCACHE_X: 'x' },
    ...{ DBT_RUNCACHE_TIMEOUT: '', DBT_RUNCACHE_REPORT: ' ', DBT_RUNCACHE_NONSENSE: '' },
    ...{ DBT_RUNCACHE_CONFIG: 'x.yml', DBT_RUNCACHE_EVENTS_FILE: '/tmp/events' },
  };
  expect(read({ ...env, DBT_RUNCACHE_DBT: undefined })).toEqual({ labels: {}, 'redact-env': [] });
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
])('%s as %j', (name, value, start) => {
  const { message, hint } = refusal({ [name]: value });
  expect(message.slice(0, start.length)).toBe(start);
  expect(message + hint).not.toContain('sk-secret');
});

test('every bad variable is named at once', () => {
  const { message } = refusal({ DBT_RUNCACHE_TIMEOUT: '1', DBT_RUNCACHE_X: '1', DBT_RUNCACHE_REPORT: '1' });
  expect(message.split('\n')).toHaveLength(3);
});
