import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { findProject, settleTargetPath } from '../../../sdk/plan/project.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'project-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function input(
  line = 'build',
  more: { env?: Record<string, string>; cwd?: string; dbtVersion?: string } = {},
) {
  return {
    cwd: join(root, more.cwd ?? '.'),
    env: more.env ?? {},
    commandLine: parseCommandLine(line.split(' ')),
    ...(more.dbtVersion === undefined ? {} : { dbtVersion: more.dbtVersion }),
  };
}

const find = (...args: Parameters<typeof input>) => findProject(input(...args));

describe('which project', () => {
  test('the nearest folder upward', async () => {
    await put('dbt_project.yml', 'name: outer\n');
    await put('shop/dbt_project.yml', 'name: shop\nprofile: shop_profile\n');
    await put('shop/models/marts/x.sql', '');
    expect(await find('build', { cwd: 'shop/models/marts' })).toEqual({
      dir: join(root, 'shop'),
      path: join(root, 'shop/dbt_project.yml'),
      name: 'shop',
      profileName: 'shop_profile',
      isProfileNameUnknown: false,
      targetPath: join(root, 'shop/target'),
      isTargetPathCertain: true,
      logPath: join(root, 'shop/logs'),
      writesJson: true,
      flags: {},
      dbtCloud: {},
    });
  });

  test('flags and the link to the platform, with Jinja worked out where it can be', async () => {
    await put(
      'shop/dbt_project.yml',
      `name: shop\nflags: {a: "{{ env_var('A') }}", b: "{{ run_query('x') }}", c: 5}\ndbt-cloud: {project-id: 7}\n`,
    );
    expect(await find('build', { cwd: 'shop', env: { A: '45m' } })).toMatchObject({
      flags: { a: '45m', b: { jinja: "{{ run_query('x') }}" }, c: 5 },
      dbtCloud: { 'project-id': 7 },
    });
  });

  test('flag, then the new variable, then the old one; the folder itself and none above it', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await put(`${name}/dbt_project.yml`, `name: ${name}\n`);
    await put('dbt_project.yml', 'name: outer\n');
    await put('d/models/x.sql', '');
    const env = { DBT_ENGINE_PROJECT_DIR: join(root, 'b'), DBT_PROJECT_DIR: 'c' };
    const nameOf = async (...args: Parameters<typeof input>) => (await find(...args)).name;
    expect(await nameOf('build --project-dir a', { env })).toBe('a');
    expect(await nameOf('build', { env })).toBe('b');
    expect(await nameOf('build', { env: { DBT_ENGINE_PROJECT_DIR: '', DBT_PROJECT_DIR: 'c' } })).toBe('c');
    expect(await nameOf('build', { env, dbtVersion: '1.10.3' })).toBe('c');
    expect(await nameOf('build', { cwd: 'd' })).toBe('d');
    await expect(find('build --project-dir d/models')).rejects.toMatchObject({
      code: 'project-not-found',
      message: `--project-dir names ${join(root, 'd/models')}, which has no dbt_project.yml`,
    });
    await expect(find('build', { env: { DBT_PROJECT_DIR: '~/x' } })).rejects.toMatchObject({
      code: 'project-not-found',
      message: `DBT_PROJECT_DIR names ${join(root, '~/x')}, which is no folder`,
      hint: 'Write the folder out: no shell expands ~ here.',
    });
  });

  test('none anywhere: where was looked', async () => {
    await mkdir(join(root, 'empty'));
    await expect(find('build', { cwd: 'empty' })).rejects.toMatchObject({
      code: 'project-not-found',
      message: `There is no dbt_project.yml in ${join(root, 'empty')} or any folder above it`,
    });
  });
});

describe('where things go', () => {
  test('the target folder: flag, variables, file; relative to the project', async () => {
    await put('shop/dbt_project.yml', 'name: shop\ntarget-path: out\n');
    const pathOf = async (...args: Parameters<typeof input>) => (await find(...args)).targetPath;
    const base = 'build --project-dir shop';
    const env = { DBT_ENGINE_TARGET_PATH: 'engine', DBT_TARGET_PATH: '/abs' };
    expect(await pathOf(base)).toBe(join(root, 'shop/out'));
    expect(await pathOf(base, { env: { DBT_TARGET_PATH: '/abs' } })).toBe('/abs');
    expect(await pathOf(base, { env })).toBe(join(root, 'shop/engine'));
    expect(await pathOf(`${base} --target-path flag`, { env })).toBe(join(root, 'shop/flag'));
    expect(await pathOf(`${base} --target-path=`, { env })).toBe(join(root, 'shop/out'));
  });

  test('the logs: flag and variable relative to the working folder, file and default to the project', async () => {
    await put('shop/dbt_project.yml', 'name: shop\nlog-path: file\n');
    const pathOf = async (...args: Parameters<typeof input>) => (await find(...args)).logPath;
    expect(await pathOf('build --project-dir shop')).toBe(join(root, 'shop/file'));
    expect(await pathOf('build --project-dir shop', { env: { DBT_LOG_PATH: 'v' } })).toBe(join(root, 'v'));
    expect(await pathOf('build --project-dir shop --log-path f')).toBe(join(root, 'f'));
  });

  test('whether JSON is written: flag, variable, project', async () => {
    await put('dbt_project.yml', 'name: shop\nflags:\n  write_json: no\n');
    expect((await find()).writesJson).toBe(false);
    expect((await find('build', { env: { DBT_WRITE_JSON: '1' } })).writesJson).toBe(true);
    expect((await find('build --no-write-json', { env: { DBT_WRITE_JSON: '1' } })).writesJson).toBe(false);
    expect((await find('build --write-json', { env: { DBT_WRITE_JSON: 'false' } })).writesJson).toBe(true);
  });
});

describe('Jinja', () => {
  test('in name, profile and target-path', async () => {
    await put(
      'dbt_project.yml',
      `name: "{{ env_var('N') }}"\nprofile: "{{ env_var('P', 'dflt') }}"\ntarget-path: "target/{{ env_var('N') | upper }}"\n`,
    );
    expect(await find('build', { env: { N: 'shop' } })).toMatchObject({
      name: 'shop',
      profileName: 'dflt',
      targetPath: join(root, 'target/SHOP'),
    });
  });

  test('a variable that is not set, with its line', async () => {
    await put('dbt_project.yml', `name: shop\n\nprofile: "{{ env_var('NOPE') }}"\n`);
    await expect(find()).rejects.toMatchObject({
      code: 'project-invalid',
      message: `${join(root, 'dbt_project.yml')}:3: "profile" needs the environment variable NOPE, which is not set`,
      hint: 'Set NOPE, or give env_var() a default.',
    });
  });

  test('what only dbt can work out is not guessed', async () => {
    await put('dbt_project.yml', `name: shop\nprofile: "{{ x }}"\ntarget-path: "t/{{ target.name }}"\n`);
    const project = await find();
    expect(project).toMatchObject({ isProfileNameUnknown: true, isTargetPathCertain: false });
    expect(project.profileName).toBeUndefined();
    expect(project.targetPath).toBe(join(root, 'target'));
    const target = { profileName: 'p', targetName: 'ci', adapterType: 'duckdb' };
    expect(await settleTargetPath(project, input(), target)).toMatchObject({
      targetPath: join(root, 't/ci'),
      isTargetPathCertain: true,
    });
    expect(await settleTargetPath(project, input(), { profileName: 'p' })).toEqual(project);
  });

  test('the settings of dbt have one value under both names', async () => {
    await put(
      'dbt_project.yml',
      `name: "{{ env_var('DBT_TARGET') }}"\nprofile: "{{ env_var('DBT_ENGINE_PROFILE') }}"\n`,
    );
    const env = { DBT_ENGINE_TARGET: 'new', DBT_TARGET: 'old', DBT_PROFILE: 'p' };
    expect(await find('build', { env })).toMatchObject({ name: 'new', profileName: 'p' });
    await expect(find('build', { env, dbtVersion: '1.10.0' })).rejects.toMatchObject({
      code: 'project-invalid',
    });
  });
});

describe('a broken file', () => {
  test.each([
    ['name: [a\nb: 1\n', /dbt_project\.yml:\d+:\d+: /],
    ['name: a\n\tprofile: b\n', /dbt_project\.yml:2:1: a tab is used as indentation/],
    ['- a\n', /its content is not a map$/],
    ['', /the file is empty$/],
    ['profile: p\n', /it has no name$/],
  ])('%j', async (text, message) => {
    await put('dbt_project.yml', text);
    await expect(find()).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringMatching(message),
    });
  });

  test('not UTF-8', async () => {
    await writeFile(join(root, 'dbt_project.yml'), Buffer.from([0x6e, 0xff, 0xfe]));
    await expect(find()).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringMatching(/not UTF-8/),
    });
  });

  test('a folder of that name is no file', async () => {
    await put('dbt_project.yml', 'name: outer\n');
    await mkdir(join(root, 'sub/dbt_project.yml'), { recursive: true });
    expect((await find('build', { cwd: 'sub' })).name).toBe('outer');
  });

  test('what only the parser here stumbles over is left to dbt', async () => {
    await put('dbt_project.yml', 'name: shop\nmodel-paths: [models,\nmore\n]\n');
    expect(await find()).toMatchObject({
      name: '(unknown)',
      isProfileNameUnknown: true,
      isTargetPathCertain: false,
    });
  });

  test('a repeated key, a byte order mark and names of JavaScript do no harm', async () => {
    await put('dbt_project.yml', '\uFEFFname: first\nname: second\n__proto__: {profile: evil}\n');
    const project = await find();
    expect(project.name).toBe('second');
    expect(project.profileName).toBeUndefined();
    expect(project.isProfileNameUnknown).toBe(false);
  });
});
