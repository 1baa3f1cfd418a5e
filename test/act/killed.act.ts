import { execFileSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { runnerOf } from '../support/act.ts';
import { pushTo } from '../support/act-event.ts';
import type { RunningAct } from '../support/act-running.ts';
import type { Step } from '../support/fake-dbt/fake-dbt.ts';
import { isRunning } from '../support/processes.ts';
import { RUNS_TOKEN, startWorkflowRuns } from '../support/workflow-runs-service.ts';
import { type ActRig, makeActRig, onlyJob, PASSES } from './rig.ts';

/** Its output shows that the Action knows it, the mark tells its process. */
const HANGS: Step[] = [{ print: 'dbt is at it\n' }, { mark: 'started' }, { hang: true }];

async function untilHanging(rig: ActRig, running: RunningAct): Promise<number> {
  await running.printed(/^dbt is at it/);
  return rig.dbt.reached('started');
}

test('the main step is killed: the post step stops dbt and frees the key, so that the next run does not wait', async () => {
  const rig = await makeActRig(HANGS);
  const running = await rig.start(pushTo('main'));
  const dbtPid = await untilHanging(rig, running);
  const processes = running.mainProcesses();
  expect(processes).toHaveLength(1);
  for (const pid of processes) process.kill(pid, 'SIGKILL');
  const run = await running.ended;
  const killed = onlyJob(run);
  expect(killed, run.transcript).toMatchObject({
    conclusion: 'failure',
    main: { conclusion: 'failure', outputs: {} },
    post: { conclusion: 'success' },
  });
  expect(isRunning(dbtPid)).toBe(false);
  expect(killed.post.summary).toContain('was cut off');
  expect(killed.post.annotations.map(({ level }) => level)).not.toContain('error');

  rig.behave(PASSES);
  const next = await rig.run(pushTo('main'));
  const job = onlyJob(next);
  expect(job, next.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'executed' } },
  });
  expect(job.main.log.join('\n')).not.toMatch(/Waiting for an identical run/);
  expect(onlyJob(await rig.run(pushTo('main'))).main.outputs['outcome']).toBe('replayed');
  expect(rig.starts()).toHaveLength(2);
});

test('the job is cancelled: the main step stops dbt and frees the key, and the post step has nothing to do', async () => {
  const rig = await makeActRig(HANGS);
  const running = await rig.start(pushTo('main'));
  const dbtPid = await untilHanging(rig, running);
  for (const pid of running.mainProcesses()) process.kill(pid, 'SIGINT');
  const run = await running.ended;
  expect(onlyJob(run), run.transcript).toMatchObject({
    conclusion: 'failure',
    main: { outputs: { outcome: 'failed', 'failure-code': 'cancelled' } },
    post: { conclusion: 'success', summary: '', log: [], annotations: [] },
  });
  expect(isRunning(dbtPid)).toBe(false);

  rig.behave(PASSES);
  const next = await rig.run(pushTo('main'), { with: { 'on-in-flight': 'fail' } });
  expect(onlyJob(next).main.outputs['outcome'], next.transcript).toBe('executed');
});

test('the owner of a key is killed while others of its matrix wait: exactly one of these runs dbt', async () => {
  const rig = await makeActRig(HANGS);
  const running = await rig.start(pushTo('main'), { jobs: 3 });
  const dbtPid = await untilHanging(rig, running);
  await running.printed(/^Waiting for an identical run/, 2);
  rig.behave(PASSES);
  process.kill(parentOf(dbtPid), 'SIGKILL');
  const { jobs, transcript } = await running.ended;
  expect(jobs.map(({ conclusion }) => conclusion).sort(), transcript).toEqual([
    ...['failure', 'success', 'success'],
  ]);
  expect(jobs.map(({ main }) => main.outputs['outcome'] ?? '').sort()).toEqual(['', 'executed', 'replayed']);
  expect(isRunning(dbtPid)).toBe(false);
  expect(rig.starts()).toHaveLength(2);
});

test('the machine is gone: the next run asks GitHub whether that job is over, and does not wait when it is', async () => {
  const rig = await makeActRig(HANGS);
  const runs = await startWorkflowRuns();
  onTestFinished(() => runs.stop());
  const there = { apiUrl: runs.apiUrl, githubToken: RUNS_TOKEN };
  const running = await rig.start(pushTo('main'), { ...there, runId: 41 });
  const dbtPid = await untilHanging(rig, running);
  await running.vanish();
  process.kill(dbtPid, 'SIGKILL');
  rig.behave(PASSES);

  runs.attempts.set('41/1', {
    status: 'in_progress',
    jobs: [{ status: 'in_progress', runner: runnerOf(41) }],
  });
  const early = await rig.run(pushTo('main'), { ...there, with: { 'on-in-flight': 'fail' } });
  expect(onlyJob(early), early.transcript).toMatchObject({
    conclusion: 'failure',
    main: { outputs: { 'failure-code': 'dedup-in-flight' } },
  });
  expect(rig.starts()).toHaveLength(1);

  runs.attempts.set('41/1', { status: 'completed', jobs: [{ status: 'completed', runner: runnerOf(41) }] });
  const late = await rig.run(pushTo('main'), { ...there, with: { 'on-in-flight': 'fail' } });
  expect(onlyJob(late), late.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'executed' } },
  });
  expect(rig.starts()).toHaveLength(2);
});

function parentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
}
