import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runDbt } from '../../sdk/index.ts';
import { cacheToken } from '../support/cache-entries.ts';
import { startCacheService } from '../support/cache-service.ts';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { makeFakeDbt } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY_NAME, startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { readDoc } from './markdown.ts';

/** GitHub limits them by the minute and the hour, so the docs tell how many a run takes. */
test('uploads and writes of an executed run, and none of a replay', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cost-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [cache, git] = [await startCacheService(), await startGitRest()];
  onTestFinished(() => cache.stop());
  onTestFinished(() => git.stop());
  const cwd = join(folder, 'work');
  makeFakeProject(cwd, { 'models/orders.sql': 'select 1' });
  const dbt = await makeFakeDbt(join(folder, 'venv'), runOf([{ name: 'orders', status: 'success' }], 0));
  addFakeAdapter(dbt);
  const env = {
    ...{ PATH: process.env['PATH'], HOME: folder, GITHUB_ACTIONS: 'true' },
    ...{ ACTIONS_RESULTS_URL: cache.url, ACTIONS_CACHE_SERVICE_V2: 'true' },
    ACTIONS_RUNTIME_TOKEN: cacheToken('refs/heads/main'),
    ...{ GITHUB_API_URL: git.apiUrl, GITHUB_REPOSITORY: REPOSITORY_NAME, GITHUB_TOKEN: TOKEN },
  };
  const run = async (store: string, version: string): Promise<string | undefined> => {
    const options = { dbt: dbt.venv, output: 'silent', reject: false } as const;
    const dedup = { store, data: { version }, durableTarget: true };
    return (await runDbt(['build'], { ...options, cwd, env, dedup })).outcome;
  };
  const uploads = (): number => cache.calls.filter(({ name }) => name === 'create').length;
  const writes = (): number => git.requests.filter((request) => !request.startsWith('GET')).length;
  const told = { first: 0, later: 0 };
  for (const [store, count] of [
    ['actions-cache:', uploads],
    ['git-ref:', writes],
  ] as const) {
    expect(await run(store, 'one')).toBe('executed');
    told.first = count();
    expect(await run(store, 'one')).toBe('replayed');
    expect(count()).toBe(told.first);
    expect(await run(store, 'two')).toBe('executed');
    told.later = count() - told.first;
    if (store === 'actions-cache:') expect(told).toEqual({ first: 8, later: 7 });
    else for (const each of Object.values(told)) expect(Math.abs(each - 20)).toBeLessThanOrEqual(2);
  }
  const text = await readDoc('docs/dedup.md');
  expect(text).toContain('200 uploads a minute and repository, 8 a run');
  expect(text).toContain('500 an hour, about 20 a run');
});
