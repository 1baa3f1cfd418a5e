import { describe, expect, test } from 'vitest';
import { checkStateSettings, doubtInWords } from '../../../../sdk/plan/state/check.ts';
import type { StateSettingsInput } from '../../../../sdk/plan/state/input.ts';
import { readStateSettings } from '../../../../sdk/plan/state/read.ts';

const CORE = { kind: 'core', dbtVersion: '1.11.2', stateVersion: '2.62.3', adapterType: 'postgres' } as const;
const FUSION = { kind: 'fusion', dbtVersion: '2.0.0rc196', adapterType: 'snowflake' } as const;

function read(more: Partial<StateSettingsInput>) {
  return readStateSettings({ engine: CORE, command: 'build', args: ['build'], env: {}, ...more });
}

const setting = (found: ReturnType<typeof read>, field: string) =>
  found.settings.find((one) => one.field === field);

test('nothing set: nothing told, nothing wanted', () => {
  expect(read({})).toEqual({ settings: [], problems: [], doubts: [], isWanted: false });
  expect(read({ engine: FUSION })).toEqual({ settings: [], problems: [], doubts: [], isWanted: false });
});

test('the source, and what it overrides, strongest first', () => {
  const found = read({
    env: { DBT_RUN_CACHE_ALLOW_CLONES: 'false', RUN_CACHE_ALLOW_CLONES: 'true' },
    target: { run_cache_allow_clones: true },
    projectFlags: { allow_clones: false },
  });
  expect(setting(found, 'ALLOW_CLONES')).toEqual({
    field: 'ALLOW_CLONES',
    value: 'true',
    source: { kind: 'environment', name: 'RUN_CACHE_ALLOW_CLONES' },
    overrides: [
      { value: 'false', source: { kind: 'environment', name: 'DBT_RUN_CACHE_ALLOW_CLONES' } },
      { value: 'true', source: { kind: 'profile', name: 'profiles.yml: run_cache_allow_clones' } },
      { value: 'false', source: { kind: 'project', name: 'dbt_project.yml: flags.allow_clones' } },
    ],
  });
  expect(found.isWanted).toBe(true);
});

test('no secret and no password is ever shown', () => {
  const found = read({
    env: {
      RUN_CACHE_OAUTH_CLIENT_SECRET: 'hush-1',
      DBT_ENV_SECRET_STATE_ORG_ID: 'hush-2',
      DBT_ENV_SECRET_STATE_FRESHNESS_TOLERANCE: 'hush-3',
      DBT_CLOUD_TOKEN: 'hush-4',
      RUN_CACHE_TOKEN_URL: 'https://me:hush-5@auth.example/token',
      RUN_CACHE_API_URL: 'me:hush-6@api.example:443',
      RUN_CACHE_OAUTH_CLIENT_ID: 'my-client',
      RUN_CACHE_OAUTH_CLIENT_SECRETS: 'hush-7',
    },
    target: { oauth_client_secret: 'hush-8' },
  });
  expect(JSON.stringify(found)).not.toContain('hush');
  expect(setting(found, 'OAUTH_CLIENT_ID')?.value).toBe('my-client');
  expect(setting(found, 'OAUTH_CLIENT_SECRET')?.value).toBe('set');
  expect(setting(found, 'TOKEN_URL')?.value).toBe('https://***@auth.example/token');
  expect(found.problems).toMatchObject([{ value: 'set' }]);
});

test.each([
  ['https://u:p@hush@host/x', 'https://***@host/x'],
  ['grpcs://user:hush/hush@host', 'grpcs://***@host'],
  ['u:p@hush@host:443', '***@host:443'],
  ['hush@host:443', '***@host:443'],
  ['https://u:p?hush#hush@host/x', 'https://***@host/x'],
  [
    'https://host/x?access_token=hush&a=hush=hush;b=hush#c=hush',
    'https://host/x?access_token=***&a=***;b=***#c=***',
  ],
  ['https://host/x?hush', 'https://host/x?***'],
  ['host:443?key=hush', 'host:443?key=***'],
  ['https://host:443/x', 'https://host:443/x'],
])('what an address may hold of secrets is not shown: %s', (given, shown) => {
  expect(setting(read({ env: { RUN_CACHE_TOKEN_URL: given } }), 'TOKEN_URL')?.value).toBe(shown);
});

test('an address in any other setting is masked too, and what is none is left as it is', () => {
  const shown = (value: string) => setting(read({ env: { RUN_CACHE_DEFER_TO: value } }), 'DEFER_TO')?.value;
  expect(shown('see //u:p@hush@host')).toBe('see //***@host');
  expect(shown('grpc://host?key=hush')).toBe('grpc://host?key=***');
  expect(shown('team@prod?x=1')).toBe('team@prod?x=1');
});

test('of a name nobody knows only that it is set, in problems as well', () => {
  const env = {
    RUN_CACHE_PASSWD: 'hush-1',
    RUN_CACHE_CREDENTIAL: 'hush-2',
    DBT_ENGINE_STATE_ANYTHING: 'hush-3',
    RUN_CACHE_NOTHING: '',
  };
  const shown = Object.fromEntries(read({ env }).settings.map(({ field, value }) => [field, value]));
  expect(shown).toEqual({ PASSWD: 'set', CREDENTIAL: 'set', ANYTHING: 'set', NOTHING: '' });
  const found = read({ engine: FUSION, env: { ...env, DBT_ENGINE_STATE_FRESHNESS_TOLERANCE: '45m' } });
  expect(JSON.stringify(found)).not.toContain('hush');
  expect(found.problems.map(({ value }) => value).toSorted()).toEqual(['45m', 'set']);
});

test('names that dbt State does not know are told, the four that only look like its own are not', () => {
  const found = read({
    env: {
      RUN_CACHE_FRESHNESS_TOLERENCE: '45m',
      DBT_STATE: 'x',
      DBT_ENGINE_ENABLE_STATE: 'true',
      DBT_STATE_MODE: 'x',
      DBT_RUN_CACHE_GIT_BRANCH: 'main',
    },
  });
  expect(found.settings).toHaveLength(1);
  expect(found.settings[0]?.ignored).toContain('Did you mean RUN_CACHE_FRESHNESS_TOLERANCE?');
});

describe('the plugin of dbt Core', () => {
  test('an empty variable hides the ones behind it', () => {
    const found = read({
      env: { DBT_ENGINE_STATE_ORG_ID: '', RUN_CACHE_ORG_ID: 'org' },
      projectFlags: { org_id: 'file' },
    });
    expect(found.settings.map(({ source, ignored }) => [source.name, ignored])).toEqual([
      ['dbt_project.yml: flags.org_id', undefined],
      ['DBT_ENGINE_STATE_ORG_ID', 'It is empty, which counts as not set.'],
      ['RUN_CACHE_ORG_ID', 'DBT_ENGINE_STATE_ORG_ID is there, though empty, and hides it.'],
    ]);
  });

  test('a value it would fail on is refused in words', () => {
    const found = read({ env: { RUN_CACHE_FRESHNESS_TOLERANCE: 'banana' } });
    expect(() => checkStateSettings(found)).toThrow(
      'RUN_CACHE_FRESHNESS_TOLERANCE is "banana"; valid: seconds (2700) or a duration such as 45m',
    );
  });

  test('a value in YAML fails even where a variable overrides it', () => {
    const found = read({ env: { RUN_CACHE_CACHE_MODE: 'WRITE_ONLY' }, target: { cache_mode: 'both' } });
    expect(found.problems).toEqual([
      {
        source: { kind: 'profile', name: 'profiles.yml: cache_mode' },
        value: 'both',
        validForms: 'READ_WRITE or WRITE_ONLY',
      },
    ]);
  });

  test.each([
    ['no plugin', { engine: { ...CORE, stateVersion: null } }, 'The State plugin is not installed.'],
    [
      'switched off',
      { env: { RUN_CACHE_DISABLED: 'yes' } },
      'dbt State is switched off by RUN_CACHE_DISABLED.',
    ],
    ['another adapter', { engine: { ...CORE, adapterType: 'duckdb' } }, 'dbt State does not support duckdb.'],
    ['another command', { command: 'parse' }, 'dbt parse does not use dbt State.'],
    ['this run', { disabledBy: 'run-cache: disabled' }, 'dbt State is switched off by run-cache: disabled.'],
  ] as const)('where nothing is read nothing is refused: %s', (_, more, ignored) => {
    const found = read({
      ...more,
      env: { ...('env' in more ? more.env : {}), RUN_CACHE_LOG_FILE_LIMIT: 'many' },
    });
    expect(found.problems).toEqual([]);
    expect(setting(found, 'LOG_FILE_LIMIT')?.ignored).toBe(ignored);
  });

  test('where the plugin or the adapter is not known, or it may read nothing, dbt has the word', () => {
    const env = { RUN_CACHE_LOG_FILE_LIMIT: 'many' };
    for (const command of ['list', 'retry']) {
      expect(read({ env, command })).toMatchObject({ problems: [], settings: [{ value: 'many' }] });
    }
    expect(read({ env, engine: { ...CORE, stateVersion: undefined } }).problems).toEqual([]);
    expect(read({ env, engine: { ...CORE, adapterType: undefined } }).problems).toEqual([]);
  });

  test('a word that is no boolean counts as false, which is worth a warning', () => {
    const found = read({ env: { RUN_CACHE_ALLOW_CLONES: 'maybe' } });
    expect(found.problems).toEqual([]);
    expect(found.doubts.map(doubtInWords)).toEqual([
      'RUN_CACHE_ALLOW_CLONES is "maybe"; valid: true or false. dbt takes it for false.',
    ]);
  });

  test('the switch: the one variable alone, then the old names', () => {
    const by = (env: Record<string, string>) => read({ env }).switchedOffBy;
    expect(by({ DBT_ENGINE_MANAGE_STATE: '' })).toBe('DBT_ENGINE_MANAGE_STATE');
    expect(by({ DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_DISABLED: 'true' })).toBeUndefined();
    expect(by({ RUN_CACHE_DISABLED: '', DBT_RUN_CACHE_DISABLED: 'T' })).toBe('DBT_RUN_CACHE_DISABLED');
    expect(by({ RUN_CACHE_DISABLED: 'no', DBT_RUN_CACHE_DISABLED: 'T' })).toBeUndefined();
    expect(read({ env: { DBT_ENGINE_MANAGE_STATE: 'true' } }).settings[0]?.note).toContain('D036');
  });

  test('what a release does not know is told', () => {
    const engine = { ...CORE, stateVersion: '2.22.8' };
    const found = read({
      engine,
      env: { RUN_CACHE_ALLOW_CLONES: 'true', RUN_CACHE_ENABLE_LENIENT_DEPENDENCIES: 'true' },
    });
    expect(setting(found, 'ALLOW_CLONES')?.ignored).toBe(
      'Version 2.22.8 of the State plugin does not know it.',
    );
    expect(setting(found, 'ENABLE_LENIENT_DEPENDENCIES')?.ignored).toBeUndefined();
    const first = read({
      engine: { ...CORE, stateVersion: '1.0.0' },
      env: { DBT_ENGINE_STATE_ORG_ID: 'x', DBT_ENGINE_MANAGE_STATE: 'no' },
    });
    expect(setting(first, 'ORG_ID')?.ignored).toBe('run-cache 1.0.0 reads RUN_CACHE_ORG_ID only.');
    expect(first.switchedOffBy).toBeUndefined();
  });

  test.each(['1.0.0', '2.17.1', '2.18.0', '2.22.8'])(
    '%s reads keys in YAML with the prefix alone',
    (stateVersion) => {
      const engine = { ...CORE, stateVersion };
      const bare = { freshness_tolerance: 'banana', log_file_limit: 'many' };
      for (const place of [{ target: bare }, { projectFlags: bare }]) {
        const found = read({ engine, ...place });
        expect(found.problems).toEqual([]);
        expect(found.isWanted).toBe(false);
        expect(setting(found, 'FRESHNESS_TOLERANCE')).toMatchObject({
          value: 'banana',
          ignored: `Version ${stateVersion} of the State plugin reads run_cache_freshness_tolerance only.`,
        });
      }
      const both = { run_cache_freshness_tolerance: '45m', freshness_tolerance: 'banana' };
      const found = read({ engine, target: both });
      expect(setting(found, 'FRESHNESS_TOLERANCE')).toMatchObject({ value: '45m', overrides: [] });
      const prefixed = { run_cache_freshness_tolerance: 'banana' };
      expect(read({ engine, target: prefixed }).problems).toHaveLength(1);
      expect(read({ engine, projectFlags: prefixed }).problems).toHaveLength(1);
    },
  );

  test('of releases in between nobody knows, so a key without the prefix is shown and not refused', () => {
    const target = { freshness_tolerance: 'banana' };
    const between = read({ engine: { ...CORE, stateVersion: '2.40.0' }, target });
    expect(between.problems).toEqual([]);
    expect(setting(between, 'FRESHNESS_TOLERANCE')?.value).toBe('banana');
    expect(setting(between, 'FRESHNESS_TOLERANCE')?.ignored).toBeUndefined();
    const prefixed = { run_cache_freshness_tolerance: 'banana' };
    expect(read({ engine: { ...CORE, stateVersion: '2.40.0' }, target: prefixed }).problems).toHaveLength(1);
    expect(read({ target }).problems).toHaveLength(1);
  });

  test('a cached login comes before everything, the secret before the platform', () => {
    const env = { RUN_CACHE_OAUTH_CLIENT_SECRET: 's', DBT_CLOUD_TOKEN: 't', DBT_CLOUD_ACCOUNT_HOST: 'h' };
    expect(read({ env, hasCachedLogin: true }).credential?.kind).toBe('cached-login');
    expect(read({ env }).credential).toEqual({
      kind: 'client-credentials',
      source: { kind: 'environment', name: 'RUN_CACHE_OAUTH_CLIENT_SECRET' },
    });
    expect(setting(read({ env }), 'DBT_CLOUD_TOKEN')).toMatchObject({
      value: 'set',
      ignored: expect.any(String),
    });
    expect(read({ env: { DBT_CLOUD_TOKEN: 't' } }).credential).toBeUndefined();
  });
});

describe('dbt v2', () => {
  const on = { DBT_ENGINE_MANAGE_STATE: 'true' };
  const fusion = (more: Partial<StateSettingsInput>) => read({ engine: FUSION, ...more });

  test('reads RUN_CACHE_ names and a few of its own', () => {
    const found = fusion({
      env: {
        ...on,
        RUN_CACHE_FRESHNESS_TOLERANCE: '45m',
        DBT_RUN_CACHE_FRESHNESS_TOLERANCE: '5m',
        RUN_CACHE_CACHE_MODE: 'x',
      },
    });
    expect(found.settings.map(({ source, ignored }) => [source.name, ignored])).toEqual([
      ['DBT_ENGINE_MANAGE_STATE', undefined],
      ['RUN_CACHE_FRESHNESS_TOLERANCE', undefined],
      ['DBT_RUN_CACHE_FRESHNESS_TOLERANCE', 'dbt v2 reads RUN_CACHE_FRESHNESS_TOLERANCE.'],
      ['RUN_CACHE_CACHE_MODE', 'dbt v2 has no such setting.'],
    ]);
  });

  test('is off unless something switches it on, and says so where settings are there', () => {
    const found = fusion({ env: { RUN_CACHE_ORG_ID: 'x' } });
    expect(found.switchedOffBy).toBeUndefined();
    expect(found.isWanted).toBe(true);
    expect(setting(found, 'ORG_ID')?.ignored).toContain('dbt v2 wants --manage-state');
  });

  test('refuses a switch that is no boolean, whatever the command', () => {
    for (const value of ['maybe', '', ' true']) {
      const env = { DBT_ENGINE_MANAGE_STATE: value };
      expect(() => checkStateSettings(fusion({ env, command: 'deps', args: ['deps'] }))).toThrow(
        'valid: true or false',
      );
    }
    expect(fusion({ env: on }).problems).toEqual([]);
    expect(
      fusion({ env: { DBT_ENGINE_MANAGE_STATE: 'maybe' }, command: '', args: ['--version'] }).problems,
    ).toEqual([]);
  });

  test('refuses reserved names it does not know', () => {
    const env = { DBT_ENGINE_STATE_FRESHNESS_TOLERANCE: '45m', DBT_ENGINE_STATE_API_URL: 'x:1' };
    expect(() => checkStateSettings(fusion({ env }))).toThrow('the name RUN_CACHE_FRESHNESS_TOLERANCE');
    expect(fusion({ env }).problems).toHaveLength(1);
    expect(fusion({ env, command: 'deps', args: ['deps'] }).problems).toEqual([]);
    expect(fusion({ env, engine: { ...FUSION, dbtVersion: '2.0.0rc300' } }).problems).toEqual([]);
  });

  test('a value it cannot read costs dbt State, not the run', () => {
    const found = fusion({ env: { ...on, RUN_CACHE_CLONE_INCREMENTAL_IN_DEV: 'if_missing' } });
    expect(found.problems).toEqual([]);
    expect(found.doubts).toMatchObject([{ takenAs: 'an error, and goes on without dbt State' }]);
  });

  test('flags, variable, project, user settings', () => {
    const by = (more: Partial<StateSettingsInput>) => {
      const { switchedOffBy, isWanted } = fusion(more);
      return switchedOffBy ?? isWanted;
    };
    expect(by({ args: ['build', '--manage-state', '--no-manage-state'], env: on })).toBe('--no-manage-state');
    expect(by({ args: ['build', '--manage-state'], env: { DBT_ENGINE_MANAGE_STATE: '0' } })).toBe(true);
    expect(by({ env: { DBT_ENGINE_MANAGE_STATE: '0' }, projectFlags: { manage_state: true } })).toBe(
      'DBT_ENGINE_MANAGE_STATE',
    );
    expect(by({ env: on, projectFlags: { manage_state: false } })).toBe(true);
    const newer = { ...FUSION, dbtVersion: '2.0.0-preview.205' };
    expect(by({ engine: newer, env: on, projectFlags: { manage_state: false } })).toBe(
      'dbt_project.yml: flags.manage_state',
    );
    expect(by({ projectFlags: { manage_state: false }, userFlags: { manage_state: true } })).toBe(
      'dbt_project.yml: flags.manage_state',
    );
    expect(by({ userFlags: { manage_state: true } })).toBe(true);
    expect(by({ env: { ...on, RUN_CACHE_ENABLED: 'false' } })).toBe('RUN_CACHE_ENABLED');
  });

  test('modes given as flags', () => {
    const args = ['build', '--manage-state', '--run-cache-mode', 'noop', '--force-node-selection'];
    const found = fusion({ args });
    expect(setting(found, 'RUN_CACHE_MODE')).toMatchObject({ value: 'noop', source: { kind: 'flag' } });
    expect(setting(found, 'FORCE_NODE_SELECTION')).toMatchObject({ value: 'true' });
  });
});
