import { mkdir, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  GIT_ENV,
  itemsOf,
  namesOf,
  type PartsOptions,
  type ProjectFolder,
  projectFolder,
  whyOf,
} from './project-folder.ts';

let project: ProjectFolder;
beforeEach(async () => {
  project = await projectFolder();
});
afterEach(() => rm(project.root, { recursive: true, force: true }));

const at = (name: string): string => join(project.root, name);
const beside = (name: string, text: string): Promise<void> => project.write(join('..', name), text);
const searching = (...folders: readonly string[]): PartsOptions => ({
  env: { ...GIT_ENV, PYTHONPATH: folders.join(delimiter) },
});
const profileOf = (adapterType: string, fields: Readonly<Record<string, unknown>> = {}): PartsOptions => ({
  profile: {
    ...{ profileName: 'shop', profilesDir: project.root, path: at('profiles.yml'), secrets: [], adapterType },
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)])),
  },
});
const code = async (more: PartsOptions) => (await project.parts(more)).code;
const outside = async (more: PartsOptions): Promise<readonly string[]> =>
  namesOf(await code(more)).filter((name) => !['dbt_project.yml', 'models/a.sql'].includes(name));

describe('module_paths', () => {
  test('count with all their files, from where dbt is started or from the project', async () => {
    await beside('lib/m.py', '1');
    await beside('lib/data.json', '1');
    await beside('lib/__pycache__/m.pyc', '1');
    const names = ['../lib/data.json', '../lib/m.py'];
    for (const path of ['../lib', at('lib')])
      expect(await outside(profileOf('duckdb', { module_paths: [path] }))).toEqual(names);
    const elsewhere = { ...profileOf('duckdb', { module_paths: ['lib'] }), cwd: project.root };
    expect(await outside(elsewhere)).toEqual(names);
    const before = itemsOf(await code(elsewhere));
    await beside('lib/m.py', '2');
    expect(itemsOf(await code(elsewhere))).not.toEqual(before);
  });

  test('count where the project hides them', async () => {
    for (const name of ['.venv/lib/m.py', 'target/lib/m.py']) await project.write(name, '1');
    expect(
      await outside(profileOf('duckdb', { module_paths: ['.venv/lib', 'target/lib', 'models'] })),
    ).toEqual(['.venv/lib/m.py', 'target/lib/m.py']);
  });

  test('of key-ignore do not', async () => {
    await beside('lib/m.py', '1');
    const keyIgnore = [{ name: at('lib'), path: at('lib') }];
    expect(await outside({ ...profileOf('duckdb', { module_paths: [at('lib')] }), keyIgnore })).toEqual([]);
    expect(await outside({ ...searching(at('lib')), keyIgnore })).toEqual([]);
  });
});

describe('PYTHONPATH', () => {
  test('counts with what can be imported from it', async () => {
    for (const name of ['m.py', 'pack/deep/n.py', 'data.json', 'not-a-name/x.py', '.venv/x.py'])
      await beside(`lib/${name}`, '1');
    await beside('lib/env/pyvenv.cfg', '');
    await beside('lib/env/x.py', '1');
    await beside('lib/__pycache__/m.py', '1');
    await symlink(at('lib'), at('lib/circle'));
    await beside('more.zip', 'zip');
    const given = searching(at('lib'), at('more.zip'), at('nowhere'), join(project.dir, 'models'));
    expect(await outside(given)).toEqual(['../lib/m.py', '../lib/pack/deep/n.py', '../more.zip']);
    const before = itemsOf(await code(given));
    await beside('lib/pack/deep/n.py', '2');
    expect(itemsOf(await code(given))).not.toEqual(before);
  });

  test('an empty entry is the folder dbt is started in; none at all is nothing', async () => {
    await beside('m.py', '1');
    expect(await outside({ ...searching('', ''), cwd: project.root })).toEqual(['../m.py']);
    expect(await outside({ ...searching(), cwd: project.root })).toEqual([]);
  });

  test('does not count where Python models run elsewhere, nor with dbt v2, nor in the environment', async () => {
    await beside('lib/m.py', '1');
    const given = searching(at('lib'));
    expect(await outside({ ...given, ...profileOf('duckdb') })).toEqual(['../lib/m.py']);
    expect(await outside({ ...given, ...profileOf('snowflake') })).toEqual([]);
    expect(await outside({ ...given, engine: 'fusion' })).toEqual([]);
    expect(await outside({ ...given, sitePackages: at('lib') })).toEqual([]);
  });

  test('what it reads of the environment counts', async () => {
    await beside('lib/m.py', "import os\nos.getenv('X')\n");
    await project.write('models/p.py', 'def model(dbt, session):\n    pass\n');
    expect(itemsOf((await project.parts(searching(at('lib')))).env)).toEqual({ X: '' });
  });

  test('more files than can be looked through make it unknown', async () => {
    await mkdir(at('lib'), { recursive: true });
    for (let i = 0; i <= 5_000; i += 1) await beside(`lib/m${i}.py`, '');
    expect(whyOf(await code(searching(at('lib'))))).toContain('more Python files');
  });
});
