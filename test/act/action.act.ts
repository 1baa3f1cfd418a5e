import { expect, test } from 'vitest';
import { pushTo } from '../support/act-event.ts';
import { FAILS, makeActRig, onlyJob } from './rig.ts';

const OFF = { dedup: 'off' };

test('the Action runs dbt: outputs for later steps, a summary, groups, and a post step with nothing to do', async () => {
  const rig = await makeActRig();
  const seen = "steps.dbt.outputs.outcome == 'executed' && steps.dbt.outputs.built == '1'";
  const after = [{ if: seen, run: 'echo a later step sees it' }];
  const run = await rig.run(pushTo('main'), { with: OFF, after });
  const job = onlyJob(run);
  expect(job, run.transcript).toMatchObject({
    conclusion: 'success',
    main: {
      conclusion: 'success',
      outputs: { outcome: 'executed', 'exit-code': '0', 'nodes-total': '1', built: '1', 'failure-code': '' },
      annotations: [],
      groups: ['dbt build'],
    },
    post: { conclusion: 'success', summary: '', annotations: [], log: [] },
  });
  expect(run.exitCode).toBe(0);
  expect(rig.starts()).toHaveLength(1);
  expect(job.log).toContain('a later step sees it');
  expect(job.main.log).toContain('1 of 1 success orders');
  expect(job.main.summary).toMatch(/^## ✅ .*dbt build/);
  expect(rig.cache.calls).toEqual([]);
});

test('a failed dbt fails its job, with the failure on the annotations', async () => {
  const rig = await makeActRig(FAILS);
  const run = await rig.run(pushTo('main'), { with: OFF });
  const job = onlyJob(run);
  expect(job, run.transcript).toMatchObject({
    conclusion: 'failure',
    main: {
      conclusion: 'failure',
      outputs: { outcome: 'failed', 'failure-code': 'nodes-failed', failed: '1' },
    },
    post: { conclusion: 'success' },
  });
  expect(run.exitCode).toBe(1);
  expect(job.main.annotations.map(({ level }) => level)).toContain('error');
});
