import { expect, onTestFinished, test } from 'vitest';
import { pullRequest, pushTo } from '../support/act-event.ts';
import type { ActPhase } from '../support/act-log.ts';
import type { RunningAct } from '../support/act-running.ts';
import { startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { type ActRig, makeActRig, onlyJob, PASSES } from './rig.ts';

/** Workflow runs whose ledger is in the refs of one repository. */
async function makeRig(steps?: Parameters<typeof makeActRig>[0]) {
  const rig = await makeActRig(steps);
  const git = await startGitRest();
  onTestFinished(() => git.stop());
  const start = (...[event, more]: Parameters<ActRig['start']>): Promise<RunningAct> =>
    rig.start(event, {
      ...more,
      ...{ apiUrl: git.apiUrl, githubToken: TOKEN },
      with: { 'dedup-store': 'git-ref:', ...more?.with },
    });
  const mainOf = async (running: RunningAct): Promise<ActPhase> => {
    const end = await running.ended;
    const job = onlyJob(end);
    expect(job.conclusion, end.transcript).toBe('success');
    return job.main;
  };
  const run = async (...args: Parameters<ActRig['start']>): Promise<ActPhase> => mainOf(await start(...args));
  return { ...rig, git, start, run, mainOf };
}

test('a ledger in git refs is one of every branch, and a token that cannot write leaves nothing there', async () => {
  const { git, run, starts, cache } = await makeRig();
  const first = await run(pushTo('one'), { runId: 41 });
  expect(first).toMatchObject({ outputs: { outcome: 'executed' }, annotations: [] });
  expect(await run(pullRequest(12))).toMatchObject({
    outputs: { outcome: 'replayed', 'dedup-key': first.outputs['dedup-key'], 'skipped-by-run-id': '41' },
  });
  expect(starts()).toHaveLength(1);
  expect(cache.calls).toEqual([]);

  git.access = 'read';
  expect((await run(pullRequest(13, 'fork'))).outputs['outcome']).toBe('replayed');
  const refs = await git.git(['for-each-ref']);
  const missed = await run(pullRequest(13, 'fork'), { with: { data: '', 'data-version': 'another' } });
  expect(missed.outputs['outcome']).toBe('executed');
  expect(missed.annotations).toEqual([]);
  expect(missed.summary).toContain('may only read the ledger');
  expect(await git.git(['for-each-ref'])).toBe(refs);
  expect(starts()).toHaveLength(2);
});

test('two pull requests at once share one run of dbt, which the Actions cache could not give them', async () => {
  const { dbt, start, mainOf, starts } = await makeRig([{ mark: 'started' }, { wait_for: 'go' }, ...PASSES]);
  const first = await start(pullRequest(12), { runId: 41 });
  await dbt.reached('started');
  const second = await start(pullRequest(13));
  await second.printed(/^Waiting for an identical run/);
  dbt.release('go');
  expect((await mainOf(second)).outputs).toMatchObject({ outcome: 'replayed', 'skipped-by-run-id': '41' });
  expect((await mainOf(first)).outputs).toMatchObject({ outcome: 'executed' });
  expect(starts()).toHaveLength(1);
});
