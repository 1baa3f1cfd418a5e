import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunCacheMode, runDbt } from '../../../sdk/index.ts';
import { childEnvironment } from '../../../sdk/plan/environment.ts';
import { makeFakeDbt } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../support/fake-dbt/fake-project.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'child-environment-'));
  makeFakeProject(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const USER = {
  PATH: process.env['PATH'] ?? '',
  DBT_ENGINE_MANAGE_STATE: 'true',
  RUN_CACHE_DISABLED: 'false',
  RUN_CACHE_FRESHNESS_TOLERANCE: '45m',
  DBT_RUN_CACHE_ALLOW_CLONES: 'maybe',
  DBT_CLOUD_TOKEN: 'not-a-secret-token',
  INPUT_DBT: 'x',
  GITHUB_ENV: '/x',
};
/** By these the events of dbt are read. */
const OURS = ['DBT_RUNCACHE_EVENTS_FILE', 'PYTHONPATH'];

async function given(runCache: RunCacheMode | undefined) {
  const dbt = await makeFakeDbt(join(root, 'venv'), runOf([{ name: 'orders', status: 'success' }], 0));
  const args = ['build', '--select', 'orders'];
  await runDbt(args, { cwd: root, env: USER, dbt: dbt.venv, output: 'silent', runCache });
  const { env, args: seen } = dbt.seen();
  expect(seen).toEqual(args);
  // Python may add what says in which language it writes.
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !OURS.includes(name) && !name.startsWith('LC_')),
  );
}

test.each([undefined, 'inherit'] as const)(
  '%s: dbt gets the user’s environment and arguments, nothing set on their behalf',
  async (mode) => {
    expect(await given(mode)).toEqual(childEnvironment(USER));
  },
);

test('disabled: the switch alone differs', async () => {
  const { DBT_ENGINE_MANAGE_STATE: _, ...rest } = childEnvironment(USER);
  expect(await given('disabled')).toEqual({ ...rest, RUN_CACHE_DISABLED: 'true' });
});
