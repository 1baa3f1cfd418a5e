import { expect, test } from 'vitest';
import { pullRequest, pushTo } from '../support/act-event.ts';
import { type ActRig, addressOf, makeActRig, onlyJob, PASSES } from './rig.ts';

/** Stays in flight until it is let go. */
const SLOW = [{ mark: 'started' }, { wait_for: 'go' }, ...PASSES];

test('six jobs of a matrix with one key: one runs dbt, five take its result, all are green', async () => {
  const rig = await makeActRig(SLOW);
  const running = await rig.start(pushTo('main'), { runId: 41, jobs: 6 });
  await running.printed(/^Waiting for an identical run/, 5);
  rig.dbt.release('go');
  const { jobs, exitCode, transcript } = await running.ended;
  expect(exitCode, transcript).toBe(0);
  expect(rig.starts()).toHaveLength(1);
  expect(jobs.map(({ conclusion }) => conclusion)).toEqual(Array(6).fill('success'));

  const outputs = jobs.map(({ main }) => main.outputs);
  const keys = new Set(outputs.map((each) => each['dedup-key']));
  expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(outputs.map((each) => each['invocation-id'])).toEqual(Array(6).fill(outputs[0]?.['invocation-id']));
  const executed = outputs.filter(({ outcome }) => outcome === 'executed');
  expect(executed).toMatchObject([{ 'skipped-by-run-id': '', 'replayed-from': '', built: '1' }]);
  const replayed = outputs.filter(({ outcome }) => outcome === 'replayed');
  expect(replayed).toHaveLength(5);
  for (const each of replayed)
    expect(each).toMatchObject({
      'skipped-by-run-id': '41',
      'replayed-from': addressOf(41),
      'exit-code': '0',
      built: '1',
    });
});

test('a later workflow run, and a new attempt of it, take the result, and their summaries say whose it is', async () => {
  const rig = await makeActRig();
  const first = onlyJob(await rig.run(pushTo('main'), { runId: 41 }));
  expect(first.main.outputs).toMatchObject({ outcome: 'executed', 'replayed-from': '' });
  // Each job has a clone of its own: what a later step finds there, the replay has brought back.
  const after = [{ run: `grep ${first.main.outputs['invocation-id']} target/run_results.json` }];
  for (const again of [{ runId: 42 }, { runId: 42, attempt: 2 }]) {
    const run = await rig.run(pushTo('main'), { ...again, after });
    const job = onlyJob(run);
    expect(job, run.transcript).toMatchObject({
      conclusion: 'success',
      main: {
        outputs: {
          outcome: 'replayed',
          'dedup-key': first.main.outputs['dedup-key'],
          'skipped-by-run-id': '41',
          'replayed-from': addressOf(41),
          'invocation-id': first.main.outputs['invocation-id'],
        },
        annotations: [{ level: 'notice', title: 'dbt build: replayed, nothing ran' }],
      },
      post: { conclusion: 'success', summary: '', annotations: [] },
    });
    expect(job.main.summary.split('\n', 1)[0]).toMatch(/dbt build.*replayed/);
    expect(job.main.summary).toContain(addressOf(41));
    expect(job.main.log).toContain(
      `dbt was not started: an identical run (${addressOf(41)}) has the result.`,
    );
  }
  expect(rig.starts()).toHaveLength(1);
});

test('branches beside each other run dbt each; what main left, a pull request and a new branch take', async () => {
  const rig = await makeActRig();
  expect(await outcome(rig, pushTo('two'))).toBe('executed');
  expect(await outcome(rig, pullRequest(11))).toBe('executed');
  // Neither a branch nor a pull request decides what main takes for its result.
  expect(await outcome(rig, pushTo('main'))).toBe('executed');
  expect(rig.starts()).toHaveLength(3);
  expect(await outcome(rig, pushTo('two'))).toBe('replayed');
  expect(await outcome(rig, pullRequest(12))).toBe('replayed');
  expect(await outcome(rig, pushTo('three'))).toBe('replayed');
  expect(rig.starts()).toHaveLength(3);
});

test('a key of your own: runs of one key are one run, and with other inputs it is an error', async () => {
  const rig = await makeActRig();
  const nightly = { dedup: 'nightly-2026-11-21', data: '' };
  const outputs = async (more: Readonly<Record<string, string>> = {}) =>
    onlyJob(await rig.run(pushTo('main'), { with: { ...nightly, ...more } })).main.outputs;
  expect(await outputs()).toMatchObject({ outcome: 'executed' });
  expect(await outputs()).toMatchObject({ outcome: 'replayed' });
  expect(await outputs({ args: '--full-refresh' })).toMatchObject({
    outcome: 'failed',
    'failure-code': 'dedup-mismatch',
  });
  expect(rig.starts()).toHaveLength(1);
  expect(await outputs({ dedup: 'nightly-2026-11-22', args: '--full-refresh' })).toMatchObject({
    outcome: 'executed',
  });
});

test('skip ends a push to main at once; a pull request may be merged by its checks, so it waits for the result', async () => {
  const rig = await makeActRig(SLOW);
  const skips = { with: { 'on-in-flight': 'skip' } };
  const first = await rig.start(pushTo('main'), { runId: 41 });
  await rig.dbt.reached('started');

  const skipped = await rig.run(pushTo('main'), { ...skips, runId: 42 });
  expect(onlyJob(skipped), skipped.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'skipped-in-flight', 'skipped-by-run-id': '41', 'replayed-from': '' } },
  });
  const waits = await rig.start(pullRequest(12), { ...skips, runId: 43 });
  await waits.printed(/^Waiting for an identical run/);
  rig.dbt.release('go');
  const waited = await waits.ended;
  expect(onlyJob(waited), waited.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'replayed', 'skipped-by-run-id': '41' } },
  });
  expect(onlyJob(await first.ended).main.outputs['outcome']).toBe('executed');
  expect(rig.starts()).toHaveLength(1);
});

async function outcome(rig: ActRig, event: Parameters<ActRig['run']>[0]): Promise<string | undefined> {
  const run = await rig.run(event);
  const job = onlyJob(run);
  expect(job.conclusion, run.transcript).toBe('success');
  return job.main.outputs['outcome'];
}
