import { expect, test } from 'vitest';
import { pushTo } from '../support/act-event.ts';
import { makeActRig, onlyJob } from './rig.ts';

const GITHUB_TOKEN = 'ghs_not_a_secret_of_this_job';

test('dbt sees nothing of what the runner gave the Action, and the tokens are in nothing that is shown', async () => {
  const rig = await makeActRig();
  const event = pushTo('main');
  const run = await rig.run(event, { githubToken: GITHUB_TOKEN });
  const job = onlyJob(run);
  expect(job.main.outputs['outcome'], run.transcript).toBe('executed');
  expect(rig.cache.calls).not.toEqual([]);

  const [env = {}] = rig.starts();
  const runners = /^(ACTIONS_|INPUT_|STATE_|GITHUB_(TOKEN|OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)$)/;
  expect(Object.keys(env).filter((name) => runners.test(name))).toEqual([]);
  expect(env['GITHUB_RUN_ID']).toBe('7001');
  for (const secret of [GITHUB_TOKEN, event.cacheToken]) {
    expect(Object.values(env).filter((value) => value.includes(secret))).toEqual([]);
    expect(job.main.masks).toContain(secret);
    expect(job.main.summary).not.toContain(secret);
    expect(JSON.stringify(job.main.outputs)).not.toContain(secret);
  }
});
