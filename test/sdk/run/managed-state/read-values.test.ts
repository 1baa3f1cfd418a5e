import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changedValues } from '../../../../sdk/managed-state/known-values.ts';
import { resolveOptions } from '../../../../sdk/options.ts';
import { makePlan } from '../../../../sdk/run/make-plan.ts';
import { readKnownValues } from '../../../../sdk/run/managed-state/read-values.ts';
import { beginRun } from '../../../../sdk/run/run-context.ts';
import { makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject } from '../../../support/fake-dbt/fake-project.ts';

let root: string;
let dir: string;
let venv: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'read-values-'));
  dir = join(root, 'project');
  makeFakeProject(dir);
  ({ venv } = await makeFakeDbt(join(root, 'venv'), []));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, file)), { recursive: true });
  await writeFile(join(dir, file), text);
}

async function values(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const given = { cwd: dir, dbt: venv, env: { PATH: process.env['PATH'], HOME: root, ...env } };
  const resolved = resolveOptions(['build', ...args], given);
  const run = beginRun(resolved.args, resolved.options, () => undefined);
  run.stops.dispose();
  return readKnownValues(run, await makePlan(run));
}

test('variables of the project, of packages and of --vars, as digests', async () => {
  const project = (rate: number) =>
    write(
      'dbt_project.yml',
      `name: shop\nprofile: shop\nvars:\n  rate: ${rate}\n  shop: {kind: "{{ env_var('KIND', 'x') }}"}\n`,
    );
  await project(1);
  await write('dbt_packages/helpers/dbt_project.yml', 'name: helpers\nvars: {depth: 1}\n');
  const before = await values(['--vars', '{color: red}']);
  expect(Object.keys(before.variables)).toEqual(['color', 'depth', 'kind', 'rate', 'shop']);
  for (const digest of Object.values(before.variables)) expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect(changedValues(before, await values(['--vars', 'color: red']))).toEqual({
    variables: [],
    environment: [],
  });

  await project(2);
  await write('dbt_packages/helpers/dbt_project.yml', 'name: helpers\nvars: {depth: 2}\n');
  const now = await values(['--vars', '{color: blue}']);
  expect(changedValues(before, now).variables).toEqual(['color', 'depth', 'rate']);
  const other = await values(['--vars', '{color: blue}'], { KIND: 'y' });
  expect(changedValues(now, other).variables).toEqual(['kind', 'shop']);
});

test('--vars that is not understood stands for any variable', async () => {
  const [one, other] = [await values(['--vars', '{a: &x 1}']), await values(['--vars', '{a: &x 2}'])];
  expect(changedValues(one, other).variables).toEqual(['*']);
});

test('environment variables that templates read, and never a secret of dbt’s', async () => {
  await write(
    'models/a.sql',
    "select '{{ env_var('CITY', '') }}', '{{ env_var('DBT_ENV_SECRET_KEY', '') }}'",
  );
  const env = { CITY: 'Delft', UNREAD: '1', DBT_ENV_SECRET_KEY: 'hush' };
  const before = await values([], env);
  expect(Object.keys(before.environment)).toContain('CITY');
  expect(JSON.stringify(before)).not.toMatch(/SECRET|UNREAD|Delft|hush/);
  expect(changedValues(before, await values([], env)).environment).toEqual([]);
  expect(changedValues(before, await values([], { ...env, CITY: 'Gouda', UNREAD: '2' })).environment).toEqual(
    ['CITY'],
  );
});

test('a name that is not written out never has the same value twice, and does not hide the others', async () => {
  await write('models/a.sql', "select '{{ env_var('CITY', '') }}', '{{ env_var(name ~ '_X', '') }}'");
  const [before, now] = [await values([], { CITY: 'Delft' }), await values([], { CITY: 'Delft' })];
  expect(changedValues(before, now).environment).toEqual(['?']);
  expect(Object.keys(now.environment)).toContain('CITY');
});
