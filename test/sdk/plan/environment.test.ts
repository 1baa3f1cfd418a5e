import { describe, expect, test } from 'vitest';
import { childEnvironment, envSecrets } from '../../../sdk/plan/environment.ts';

describe('what dbt is given', () => {
  test("not the runner's tokens and files, not the inputs, not our own settings", () => {
    const dropped = {
      ACTIONS_RUNTIME_TOKEN: 't',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'u',
      INPUT_ARGS: 'a',
      'INPUT_GITHUB-TOKEN': 'g',
      GITHUB_OUTPUT: '/o',
      GITHUB_ENV: '/e',
      GITHUB_PATH: '/p',
      GITHUB_STATE: '/s',
      GITHUB_STEP_SUMMARY: '/m',
      DBT_RUNCACHE_LABELS: 'l',
    };
    const kept = {
      PATH: '/bin',
      GITHUB_TOKEN: 'gh',
      GITHUB_SHA: 'abc',
      DBT_TARGET: 'prod',
      RUN_CACHE_API_URL: 'x',
      DBT_RUN_CACHE_DISABLED: '1',
      DBT_ENV_SECRET_X: 's',
      actions_lower: 'kept',
      EMPTY: '',
    };
    expect(childEnvironment({ ...dropped, ...kept, NOTHING: undefined }, 'linux')).toEqual(kept);
  });

  test('on Windows names differ in case only for the eye', () => {
    const env = { Actions_Runtime_Token: 't', Input_x: 'i', github_output: '/o', Path: 'p' };
    expect(childEnvironment(env, 'win32')).toEqual({ Path: 'p' });
    expect(childEnvironment(env, 'linux')).toEqual(env);
  });
});

describe('what is hidden in texts of ours', () => {
  const hidden = (env: Record<string, string>): boolean => envSecrets(env).length > 0;

  test.each([
    'DB_PASSWORD',
    'PGPASSWORD',
    'DB_PASS',
    'PGPASS',
    'DBPASS',
    'DB_PW',
    'DB_PWD',
    'GITHUB_TOKEN',
    'SNOWFLAKE_PRIVATE_KEY',
    'snowflake_private_key_passphrase',
    'API_KEY',
    'APIKEY',
    'AWS_SECRET_ACCESS_KEY',
    'RUN_CACHE_OAUTH_CLIENT_SECRET',
    'DBT_CLOUD_TOKEN',
    'GH_PAT',
    'ACTIONS_RUNTIME_TOKEN',
    'DBT_ENV_SECRET_ANYTHING',
  ])('%s', (name) => {
    expect(envSecrets({ [name]: 'k3/Wz+9q==' })).toEqual(['k3/Wz+9q==']);
  });

  test.each([
    'PWD',
    'OLDPWD',
    'PATH',
    'COMPASS',
    'BYPASS_CACHE',
    'TOKENIZER',
    'IDEMPOTENCY_KEY',
    'MONKEY',
    'PATTERN',
  ])('%s is no secret', (name) => {
    expect(hidden({ [name]: '/some/long/value' })).toBe(false);
  });

  test.each(['PRIVATE_KEY_PATH', 'TOKEN_URL', 'SECRET_NAME', 'DB_PASSWORD_FILE', 'AWS_ACCESS_KEY_ID'])(
    '%s is about one',
    (name) => {
      expect(hidden({ [name]: '/some/long/value' })).toBe(false);
    },
  );

  test('short and trivial values', () => {
    expect(hidden({ DB_PASSWORD: 'short' })).toBe(false);
    expect(hidden({ DB_PASSWORD: 'longer' })).toBe(true);
    expect(hidden({ DB_PASSWORD: 'Postgres' })).toBe(false);
    expect(hidden({ DB_PASSWORD: 'xxxxxxxx' })).toBe(false);
    expect(hidden({ USE_TOKEN: 'true' })).toBe(false);
  });

  test('what dbt hides is hidden from four characters on, whatever it is', () => {
    expect(hidden({ DBT_ENV_SECRET_PW: 'abcd' })).toBe(true);
    expect(hidden({ DBT_ENV_SECRET_PW: 'postgres' })).toBe(true);
    expect(hidden({ DBT_ENV_SECRET_PW: 'abc' })).toBe(false);
  });

  test('a file of credentials is named, credentials themselves are not', () => {
    expect(hidden({ GOOGLE_APPLICATION_CREDENTIALS: '/run/key.json' })).toBe(false);
    expect(hidden({ GOOGLE_CREDENTIALS: '{"private_key": "x"}' })).toBe(true);
  });

  test('the password in an address', () => {
    expect(envSecrets({ DATABASE_URL: 'postgres://me:hunter22@db.example.com/x' })).toEqual(['hunter22']);
    expect(envSecrets({ DATABASE_URL: 'postgres://me@db.example.com:5432/x' })).toEqual([]);
    expect(envSecrets({ A_URL: 'https://u:first@second@host/x' })).toEqual(['first@second']);
    expect(envSecrets({ A_URL: 'grpcs://user:pass/word@host' })).toEqual(['pass/word']);
    expect(envSecrets({ A_URL: 'https://u:hunter22@host/x@y' })).toContain('hunter22');
    expect(envSecrets({ A_URL: 'https://u:first@second@host/x@y' })).toContain('first@second');
    expect(envSecrets({ A_URL: 'https://host:8080/packages/@scope/name' })).toEqual([]);
  });

  test('each once', () => {
    expect(envSecrets({ A_TOKEN: 'same-value', B_TOKEN: 'same-value' })).toEqual(['same-value']);
  });
});
