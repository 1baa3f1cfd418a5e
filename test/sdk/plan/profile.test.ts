import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DbtRunCacheError } from '../../../sdk/errors.ts';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { resolveProfile } from '../../../sdk/plan/profile.ts';
import { findProject } from '../../../sdk/plan/project.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'profile-'));
  await put('shop/dbt_project.yml', 'name: shop\nprofile: shop\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

interface More {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly dbtVersion?: string;
  readonly uncertain?: ReadonlySet<string>;
}

async function resolve(line = 'build', more: More = {}) {
  const input = {
    cwd: join(root, more.cwd ?? 'shop'),
    env: { HOME: join(root, 'home'), ...more.env },
    commandLine: parseCommandLine(line.split(' ')),
    dbtVersion: more.dbtVersion,
    ...(more.uncertain === undefined ? {} : { uncertain: more.uncertain }),
  };
  return resolveProfile({ ...input, project: await findProject(input) });
}

const profile = (target: string, more = ''): string =>
  `shop:\n  target: ${target}\n  outputs:\n    dev: {type: postgres, host: db.example.com, threads: 4}\n    prod: {type: snowflake, account: a}\n${more}`;

describe('which profiles.yml', () => {
  test('flag, new variable, old variable, working folder, home', async () => {
    await put('home/.dbt/profiles.yml', profile('dev'));
    const pathOf = async (...args: Parameters<typeof resolve>) => (await resolve(...args))?.path;
    expect(await pathOf()).toBe(join(root, 'home/.dbt/profiles.yml'));
    for (const place of ['shop', 'old', 'new', 'flag']) await put(`${place}/profiles.yml`, profile('dev'));
    expect(await pathOf()).toBe(join(root, 'shop/profiles.yml'));
    const env = { DBT_PROFILES_DIR: '../old', DBT_ENGINE_PROFILES_DIR: join(root, 'new') };
    expect(await pathOf('build', { env: { DBT_PROFILES_DIR: '../old' } })).toBe(
      join(root, 'old/profiles.yml'),
    );
    expect(await pathOf('build', { env })).toBe(join(root, 'new/profiles.yml'));
    expect(await pathOf('build --profiles-dir ../flag', { env })).toBe(join(root, 'flag/profiles.yml'));
  });

  test('the folder of the project is not searched from elsewhere, as dbt does not', async () => {
    await put('shop/profiles.yml', profile('dev'));
    await mkdir(join(root, 'shop/models'));
    await expect(resolve('build', { cwd: 'shop/models' })).rejects.toMatchObject({
      code: 'profile-not-found',
      message: `Profile "shop" cannot be found: there is no profiles.yml in ${join(root, 'shop/models')} or ${join(root, 'home/.dbt')}`,
      hint: expect.stringContaining('--profiles-dir'),
    });
  });

  test('none where it was said to be', async () => {
    await put('shop/profiles.yml', profile('dev'));
    await expect(resolve('build --profiles-dir ../none')).rejects.toMatchObject({
      code: 'profile-not-found',
      message: `Profile "shop" cannot be found: --profiles-dir names ${join(root, 'none')}, which has no profiles.yml`,
    });
    await expect(resolve('build', { env: { DBT_PROFILES_DIR: '~/.dbt' } })).rejects.toMatchObject({
      hint: 'Write the folder out: no shell expands ~ here.',
    });
  });
});

describe('which profile and target', () => {
  test('everything that may be told, and nothing else', async () => {
    await put('shop/profiles.yml', profile('dev'));
    expect(await resolve()).toEqual({
      profileName: 'shop',
      targetName: 'dev',
      adapterType: 'postgres',
      threads: 4,
      profilesDir: join(root, 'shop'),
      path: join(root, 'shop/profiles.yml'),
      isLocalWarehouse: false,
      secrets: [],
      stateKeys: { type: 'postgres' },
      fields: { host: '"db.example.com"', threads: '4', type: '"postgres"' },
      unknownFields: [],
      secretFields: [],
      settings: { profile: '{}' },
    });
  });

  test('of the target, what dbt State reads is kept as it is written', async () => {
    const fields = `run_cache_allow_clones: "{{ env_var('ANY') }}", org_id: 7, password: hunter2, run_cache_log_prefix: [x]`;
    await put(
      'shop/profiles.yml',
      `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, ${fields}}\n`,
    );
    expect((await resolve('build', { env: { ANY: 'false' } }))?.stateKeys).toEqual({
      type: 'postgres',
      run_cache_allow_clones: "{{ env_var('ANY') }}",
      org_id: 7,
    });
  });

  test('passwords and keys, for hiding, however the profile spells them', async () => {
    const fields = `password: "{{ env_var('ANY') }}-x", private_key: literal-key, token: dev, user: somebody, private_key_path: /a/long/path`;
    await put(
      'shop/profiles.yml',
      `shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: h, ${fields}}\n`,
    );
    expect((await resolve('build', { env: { ANY: 'hunter' } }))?.secrets).toEqual([
      'hunter-x',
      'literal-key',
    ]);
  });

  test('the target: flag, new variable, old variable, file, default', async () => {
    const text = profile('dev', '    engine: {type: a}\n    flag: {type: b}\n');
    await put('shop/profiles.yml', text);
    const targetOf = async (...args: Parameters<typeof resolve>) => (await resolve(...args))?.targetName;
    const env = { DBT_ENGINE_TARGET: 'engine', DBT_TARGET: 'prod' };
    expect(await targetOf('build', { env: { DBT_TARGET: 'prod' } })).toBe('prod');
    expect(await targetOf('build', { env })).toBe('engine');
    expect(await targetOf('build -t flag', { env })).toBe('flag');
    expect(await targetOf('build', { env, dbtVersion: '1.10.1' })).toBe('prod');
    expect(await targetOf('build', { env, dbtVersion: '1.7.1' })).toBe('dev');
    await put('shop/profiles.yml', 'shop:\n  outputs:\n    default: {type: duckdb}\n');
    expect(await targetOf()).toBe('default');
  });

  test('the profile: flag, variable, project', async () => {
    await put('shop/profiles.yml', `${profile('dev')}other:\n  target: x\n  outputs: {x: {type: duckdb}}\n`);
    expect((await resolve('build --profile other'))?.adapterType).toBe('duckdb');
    expect((await resolve('build', { env: { DBT_PROFILE: 'other' } }))?.profileName).toBe('other');
    expect(
      (await resolve('build', { env: { DBT_PROFILE: 'other' }, dbtVersion: '1.7.4' }))?.profileName,
    ).toBe('shop');
  });

  test('threads: flag before file', async () => {
    await put('shop/profiles.yml', profile('dev'));
    expect((await resolve('build --threads 9'))?.threads).toBe(9);
    expect((await resolve('build --threads many'))?.threads).toBe(4);
    expect((await resolve('build -t prod'))?.threads).toBeUndefined();
  });

  test('Jinja in target, type and threads', async () => {
    await put(
      'shop/profiles.yml',
      `shop:\n  target: "{{ env_var('T', 'dev') }}"\n  outputs:\n    dev: {type: "{{ env_var('KIND') | lower }}", threads: "{{ env_var('N', '3') | int }}"}\n    ci: {type: x}\n`,
    );
    expect(await resolve('build', { env: { KIND: 'DuckDB' } })).toMatchObject({
      targetName: 'dev',
      adapterType: 'duckdb',
      threads: 3,
    });
    expect((await resolve('build', { env: { T: 'ci' } }))?.targetName).toBe('ci');
  });

  test('anchors and merged keys', async () => {
    await put(
      'shop/profiles.yml',
      'shop:\n  target: ci\n  outputs:\n    dev: &d {type: postgres, host: localhost}\n    ci:\n      <<: *d\n      threads: 2\n',
    );
    expect(await resolve()).toMatchObject({ adapterType: 'postgres', threads: 2, isLocalWarehouse: true });
  });

  test('what only dbt can tell is left out', async () => {
    await put('shop/profiles.yml', profile('"{{ x }}"'));
    const resolved = await resolve();
    expect(resolved).toMatchObject({ profileName: 'shop' });
    expect(resolved?.targetName).toBeUndefined();
    expect(resolved?.adapterType).toBeUndefined();
    await put('shop/profiles.yml', profile('dev').replace('postgres', '"{{ x }}"'));
    expect(await resolve()).toMatchObject({ targetName: 'dev', threads: 4 });
    expect((await resolve())?.adapterType).toBeUndefined();
    await put('shop/dbt_project.yml', 'name: shop\nprofile: "{{ x }}"\n');
    expect(await resolve()).toBeUndefined();
  });

  test('what a .env file sets in an unknown way is not guessed past', async () => {
    await put('shop/profiles.yml', profile(`"{{ env_var('T', 'dev') }}"`));
    expect((await resolve('build', { uncertain: new Set(['T']) }))?.targetName).toBeUndefined();
    expect((await resolve('build', { uncertain: new Set(['DBT_TARGET']) }))?.targetName).toBeUndefined();
    expect((await resolve('build -t dev', { uncertain: new Set(['DBT_TARGET']) }))?.targetName).toBe('dev');
    expect(await resolve('build', { uncertain: new Set(['DBT_PROFILE']) })).toBeUndefined();
  });
});

describe('errors', () => {
  test.each<[string, string, string, string]>([
    ['no such profile', 'other: {}\nconfig: {}\n', 'profile-not-found', 'has no profile "shop"'],
    [
      'no outputs',
      'shop:\n  target: dev\n',
      'profile-invalid',
      'profiles.yml:2: profile "shop" has no "outputs"',
    ],
    ['outputs as a list', 'shop:\n  outputs:\n    - dev\n', 'profile-invalid', '"outputs" is not a map'],
    ['a profile that is text', 'shop: x\n', 'profile-invalid', 'profiles.yml:1: profile "shop" is not a map'],
    ['no such target', profile('nope'), 'target-not-found', 'has no target "nope"'],
    [
      'a target that is text',
      'shop:\n  outputs:\n    default: x\n',
      'profile-invalid',
      'profiles.yml:3: target "default" is not a map',
    ],
    [
      'no type',
      'shop:\n  outputs:\n    default:\n      host: h\n',
      'profile-invalid',
      'profiles.yml:4: target "default" has no "type"',
    ],
    ['empty', '', 'profile-invalid', 'the file is empty'],
  ])('%s', async (_, text, code, message) => {
    await put('shop/profiles.yml', text);
    await expect(resolve()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('the targets and profiles there are', async () => {
    await put('shop/profiles.yml', profile('nope'));
    await expect(resolve()).rejects.toMatchObject({ hint: 'It has: dev, prod.' });
    await put('shop/profiles.yml', 'config: {}\na: {}\nb: {}\n');
    await expect(resolve()).rejects.toMatchObject({ hint: 'It has: a, b.' });
  });

  test.each(['constructor', '__proto__', 'toString'])('a profile and a target named %s', async (name) => {
    await put('shop/profiles.yml', profile('dev'));
    await expect(resolve(`build --profile ${name}`)).rejects.toMatchObject({ code: 'profile-not-found' });
    await expect(resolve(`build --target ${name}`)).rejects.toMatchObject({ code: 'target-not-found' });
  });

  test('a project that names no profile', async () => {
    await put('shop/dbt_project.yml', 'name: shop\n');
    await expect(resolve()).rejects.toMatchObject({
      code: 'profile-not-found',
      hint: expect.stringContaining('--profile'),
    });
  });

  test('a variable that is not set, wherever in the target it is needed', async () => {
    await put(
      'shop/profiles.yml',
      `shop:\n  outputs:\n    default:\n      type: postgres\n      user: "{{ env_var('DB_USER') }}"\n    other:\n      type: "{{ env_var('NEVER') }}"\n`,
    );
    await expect(resolve()).rejects.toMatchObject({
      code: 'profile-invalid',
      message: `${join(root, 'shop/profiles.yml')}:5: "user" needs the environment variable DB_USER, which is not set`,
      hint: 'Set DB_USER, or give env_var() a default.',
    });
    expect((await resolve('build', { env: { DB_USER: 'me' } }))?.adapterType).toBe('postgres');
    expect((await resolve('build', { uncertain: new Set(['DB_USER']) }))?.adapterType).toBe('postgres');
  });

  test('a password that does not render is its own affair', async () => {
    await put(
      'shop/profiles.yml',
      `shop:\n  outputs:\n    default: {type: postgres, password: "{{ env_var('NOPE') }}"}\n`,
    );
    expect((await resolve())?.adapterType).toBe('postgres');
  });

  test('nothing of the file is ever shown', async () => {
    const secret = 'hunter2-s3cret';
    const broken = [
      `shop:\n  outputs:\n    dev:\n      password: ${secret}\n     type: x\n`,
      `shop:\n  outputs: {dev: {password: "${secret}, type: x}}\n`,
      `shop:\n  password: '${secret}' ${secret}\n`,
      `shop:\n\tpassword: ${secret}\n`,
      `shop: *${secret}\n`,
      `shop: !${secret} {a: b: c}\n`,
      `shop: "\\q${secret}"\n`,
      `shop: @${secret}\n`,
      `shop: !x!${secret} y\n`,
      `shop:\n  password: ${secret}: ${secret}: x\n`,
      `${secret}\n`,
      `- ${secret}\n`,
      `shop:\n  target: dev\n  outputs:\n    dev:\n      password: ${secret}\n`,
      `shop:\n  outputs:\n    default:\n      - ${secret}\n`,
      `shop:\n  outputs:\n    default: ${secret}\n`,
      `shop:\n  outputs:\n    default: {type: {x: ${secret}}, user: "{{ env_var('NOPE', ) ~ '${secret}'"}\n`,
    ];
    let refused = 0;
    for (const text of broken) {
      await put('shop/profiles.yml', text);
      const outcome: unknown = await resolve().catch((error: unknown) => error);
      if (outcome instanceof DbtRunCacheError) {
        refused += 1;
        expect(outcome.code).toBe('profile-invalid');
        expect(outcome.cause).toBeUndefined();
        expect(`${outcome.message} ${outcome.hint} ${outcome.stack}`).not.toContain(secret);
      } else {
        expect(JSON.stringify(outcome) ?? '').not.toContain(secret);
      }
    }
    expect(refused).toBeGreaterThanOrEqual(14);
  });

  test('a secret variable is never read, even as a target', async () => {
    await put('shop/profiles.yml', profile(`"{{ env_var('DBT_ENV_SECRET_T') }}"`));
    const resolved = await resolve('build', { env: { DBT_ENV_SECRET_T: 'hunter2' } });
    expect(JSON.stringify(resolved)).not.toContain('hunter2');
    expect(resolved?.targetName).toBeUndefined();
  });
});

describe('whether the warehouse is on this machine', () => {
  test.each<[string, boolean | undefined]>([
    ['type: duckdb, path: x.duckdb', true],
    ['type: duckdb', true],
    ['type: duckdb, path: "md:shop"', false],
    ['type: duckdb, path: "{{ x }}"', undefined],
    ['type: sqlite', true],
    ['type: postgres, host: localhost', true],
    ['type: postgres, host: 127.0.0.1', true],
    ['type: postgres, host: postgres', true],
    ['type: postgres, host: /var/run/postgresql', true],
    ['type: postgres, host: db.example.com', false],
    ['type: postgres, host: 10.0.0.7', false],
    ['type: postgres', undefined],
    [`type: postgres, host: "{{ env_var('PGHOST', 'localhost') }}"`, true],
    ['type: sqlserver, server: localhost', true],
    ['type: snowflake, account: a', false],
    ['type: redshift, host: x.redshift.amazonaws.com', false],
  ])('{%s}: %s', async (fields, expected) => {
    await put('shop/profiles.yml', `shop:\n  outputs:\n    default: {${fields}}\n`);
    expect((await resolve())?.isLocalWarehouse).toBe(expected);
  });
});
