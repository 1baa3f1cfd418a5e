import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import { hasRunHooks } from '../../../../sdk/plan/fingerprint/run-hooks.ts';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

let project: ProjectFolder;
beforeEach(async () => {
  project = await projectFolder();
});
afterEach(() => rm(project.root, { recursive: true, force: true }));

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uncertain?: readonly string[];
}

const hasHooks = ({ args = ['test'], env = {}, uncertain = [] }: Given = {}): Promise<boolean> =>
  hasRunHooks({
    args,
    commandLine: parseCommandLine(args),
    cwd: project.dir,
    dotEnv: { env, uncertain: new Set(uncertain) },
    project: {
      dir: project.dir,
      path: join(project.dir, 'dbt_project.yml'),
      name: 'shop',
      isProfileNameUnknown: false,
      targetPath: join(project.dir, 'target'),
      isTargetPathCertain: true,
      logPath: join(project.dir, 'logs'),
      writesJson: true,
      flags: {},
      dbtCloud: {},
    },
    versions: { dbt: '1.11.0', adapters: {} },
  });

test.each([
  'name: shop\n',
  'name: shop\n# on-run-start: x\n',
  'name: shop\non-run-start: []\non-run-end:\n',
  'name: shop\nvars: {on-run-start: "not a hook"}\n',
])('there are none in %j', async (text) => {
  await project.write('dbt_project.yml', text);
  await project.write('dbt_packages/p/dbt_project.yml', 'name: p\n');
  expect(await hasHooks()).toBe(false);
});

test.each([
  'name: shop\non-run-start: grant\n',
  'name: shop\non-run-end: [grant]\n',
  '{name: shop, on-run-end: [grant]}\n',
  '{"name": "shop", "on-run-start": "grant"}\n',
  'name: shop\n? on-run-end\n: grant\n',
  'x: &x {on-run-end: grant}\n<<: *x\nname: shop\n',
  'name: shop\nmodel-paths: ["{{ target.name }}"]\n',
  'name: [\n',
])('there may be some in %j', async (text) => {
  await project.write('dbt_project.yml', text);
  expect(await hasHooks()).toBe(true);
});

const HOOK = 'name: p\non-run-end: grant\n';

test.each<[string, Given, string]>([
  ['dbt_packages', {}, 'name: shop\n'],
  ['dbt_modules', {}, 'name: shop\n'],
  ['vendor', {}, 'name: shop\npackages-install-path: vendor\n'],
  ['vendor', { env: { DBT_PACKAGES_INSTALL_PATH: 'vendor' } }, 'name: shop\n'],
  ['vendor', { args: ['test', '--packages-install-path=vendor'] }, 'name: shop\n'],
])('those of packages in %s count (%j)', async (folder, given, text) => {
  await project.write('dbt_project.yml', text);
  expect(await hasHooks(given)).toBe(false);
  await project.write(`${folder}/p/dbt_project.yml`, HOOK);
  expect(await hasHooks(given)).toBe(true);
});

test('those of local packages count, and of the packages of those', async () => {
  await project.write('packages.yml', 'packages: [{local: ../one}]\n');
  await project.write('../one/dbt_project.yml', 'name: one\n');
  await project.write('../one/packages.yml', 'packages: [{local: ../two}]\n');
  expect(await hasHooks()).toBe(false);
  await project.write('../two/dbt_project.yml', HOOK);
  expect(await hasHooks()).toBe(true);
});

test('a package whose settings only dbt can read may have some', async () => {
  await project.write('dbt_packages/p/dbt_project.yml', 'name: p\nvars:\n  a: [\n    b\n]\n');
  expect(await hasHooks()).toBe(true);
});

test('where packages lie in a place that only dbt can tell, there may be some', async () => {
  expect(await hasHooks({ uncertain: ['DBT_PACKAGES_INSTALL_PATH'] })).toBe(true);
});
