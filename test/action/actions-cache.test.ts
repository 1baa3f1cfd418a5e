import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { cacheToken } from '../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../support/cache-service.ts';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';
import { addressOfRun } from '../support/runner/job-environment.ts';
import { type ActionOptions, type ActionRun, runAction } from '../support/runner/run-action.ts';
import { RUNS_REPOSITORY, RUNS_TOKEN, startWorkflowRuns } from '../support/workflow-runs-service.ts';
import { makeStepRig, type StepEnd } from './step.ts';

const MAIN = 'refs/heads/main';
const PULL = 'refs/pull/12/merge';
const AUTO = { dedup: 'auto', data: 'ignore', 'durable-target': 'true', dbt: '../venv' };
const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
const SLOW: Step[] = [{ mark: 'started' }, { wait_for: 'go' }, ...PASSES];

let service: CacheService;
beforeEach(async () => {
  service = await startCacheService();
});
afterEach(() => service.stop());

type More = Pick<ActionOptions, 'runNumber' | 'onLine' | 'runner' | 'inputs' | 'env'>;

async function makeJob(steps: readonly Step[] = PASSES) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'job-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const workspace = join(folder, 'work');
  makeFakeProject(workspace, { 'models/orders.sql': 'select 1' });
  const dbt = await makeFakeDbt(join(folder, 'venv'), steps);
  addFakeAdapter(dbt);
  const trace = join(dbt.venv, 'seen.json');
  return {
    dbt,
    run: ({ runner, inputs, env, ...more }: Partial<More> = {}): Promise<ActionRun> =>
      runAction({
        actionDir: REPOSITORY,
        workspace,
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
        inputs: { ...AUTO, ...inputs },
        runner: {
          ACTIONS_RESULTS_URL: `${service.url}/`,
          ACTIONS_RUNTIME_TOKEN: cacheToken(MAIN),
          // Nobody listens there.
          GITHUB_API_URL: 'http://127.0.0.1:9',
          ...runner,
        },
        ...more,
      }),
    /** Whether dbt was started since it was asked last; the checkout is a new one then. */
    startedDbt: (): boolean => {
      const started = existsSync(trace);
      rmSync(trace, { force: true });
      rmSync(join(workspace, 'target'), { recursive: true, force: true });
      return started;
    },
  };
}

const asScope = (writable: string | undefined, ...readable: string[]) => ({
  ACTIONS_RUNTIME_TOKEN: cacheToken(writable, ...readable),
});

describe('dedup: auto', () => {
  test('the second run of a branch is replayed from the Actions cache, and says from where', async () => {
    const job = await makeJob();
    const first = await job.run({ runNumber: 1 });
    expect(first.outputs).toMatchObject({
      outcome: 'executed',
      'replayed-from': '',
      'skipped-by-run-id': '',
    });
    expect(job.startedDbt()).toBe(true);
    const second = await job.run({ runNumber: 2 });
    expect(second).toMatchObject({ conclusion: 'success', outputs: { outcome: 'replayed' } });
    expect(job.startedDbt()).toBe(false);
    expect(second.outputs).toMatchObject({
      'dedup-key': first.outputs['dedup-key'],
      'replayed-from': addressOfRun(1),
      'skipped-by-run-id': /runs\/(\d+)/.exec(addressOfRun(1))?.[1],
    });
    expect(first.outputs['dedup-key']).toMatch(/^[0-9a-f]{64}$/);
    expect(second.main.summary).toContain('merge queue do not see each other');
  });

  test('a key of one’s own', async () => {
    const job = await makeJob();
    await job.run({ inputs: { dedup: 'delivery-4711', data: '' } });
    expect(job.startedDbt()).toBe(true);
    const { outputs } = await job.run({ inputs: { dedup: 'delivery-4711', data: '' } });
    expect(outputs['outcome']).toBe('replayed');
    expect((await job.run({ inputs: { dedup: 'delivery-4712', data: '' } })).outputs['outcome']).toBe(
      'executed',
    );
  });

  test('off is off, whatever the configuration says', async () => {
    const job = await makeJob();
    const env = { DBT_RUNCACHE_DEDUP_STORE: 'actions-cache:' };
    for (const _ of [1, 2]) await job.run({ inputs: { dedup: 'off', data: '', 'durable-target': '' }, env });
    expect(job.startedDbt()).toBe(true);
    expect(service.calls).toEqual([]);
  });

  test('a policy without a ledger is an error, and says what is missing', async () => {
    const job = await makeJob();
    const { conclusion, main } = await job.run({ inputs: { dedup: '', data: '', 'durable-target': 'true' } });
    expect(conclusion).toBe('failure');
    expect(main.annotations[0]?.message).toContain('add dedup: auto');
    expect(job.startedDbt()).toBe(false);
  });
});

describe('who sees what', () => {
  test('a pull request takes what its base left; its own is not seen by the base', async () => {
    const job = await makeJob();
    await job.run({ runner: asScope(MAIN) });
    const pull = await job.run({ runner: asScope(PULL, MAIN) });
    expect(pull.outputs['outcome']).toBe('replayed');
    const other = { ...AUTO, args: '--full-refresh' };
    expect((await job.run({ inputs: other, runner: asScope(PULL, MAIN) })).outputs['outcome']).toBe(
      'executed',
    );
    expect((await job.run({ inputs: other, runner: asScope(MAIN) })).outputs['outcome']).toBe('executed');
  });

  test('a fork reads and does not write: what it does not find is run, whatever on-unavailable says', async () => {
    const job = await makeJob();
    await job.run({ runner: asScope(MAIN) });
    const before = service.entries.all().length;
    const found = await job.run({ runner: asScope(undefined, PULL, MAIN) });
    expect(found.outputs['outcome']).toBe('replayed');
    const other = { ...AUTO, args: '--full-refresh' };
    const missed = await job.run({
      inputs: { ...other, 'on-unavailable': 'fail' },
      runner: asScope(undefined, PULL, MAIN),
    });
    expect(missed).toMatchObject({ conclusion: 'success', outputs: { outcome: 'executed' } });
    expect(missed.main.summary).toContain('This run may only read the ledger');
    expect(missed.main.annotations).toEqual([]);
    expect(service.entries.all()).toHaveLength(before);
  });

  test('project code sees neither the cache’s token nor the inputs', async () => {
    const job = await makeJob();
    await job.run();
    const seen = JSON.stringify(job.dbt.seen());
    expect(seen).not.toContain('ACTIONS_RUNTIME_TOKEN');
    expect(seen).not.toContain('ACTIONS_RESULTS_URL');
    expect(seen).not.toContain('INPUT_');
    expect(seen).not.toContain('ghs_not_a_real_token');
    expect(seen).toContain('PATH');
  });
});

describe('a job that was killed', () => {
  const ACTION = { GITHUB_REPOSITORY: RUNS_REPOSITORY, 'INPUT_GITHUB-TOKEN': RUNS_TOKEN };
  const inputs = { dedup: 'auto', data: 'ignore', 'durable-target': 'true' };

  async function makeRig() {
    const github = await startWorkflowRuns();
    onTestFinished(() => github.stop());
    const rig = await makeStepRig(SLOW, { 'models/orders.sql': 'select 1' });
    addFakeAdapter(rig.dbt);
    const env = (run: number, runner = 'GitHub Actions 1') => ({
      ...ACTION,
      GITHUB_SERVER_URL: 'https://github.com',
      ACTIONS_CACHE_SERVICE_V2: 'true',
      ACTIONS_RESULTS_URL: `${service.url}/`,
      ACTIONS_RUNTIME_TOKEN: cacheToken(MAIN),
      GITHUB_API_URL: github.apiUrl,
      ...{ GITHUB_RUN_ID: String(run), GITHUB_RUN_ATTEMPT: '1', RUNNER_NAME: runner },
    });
    /** Killed while dbt is at it, as by a runner that gives up a job. */
    const die = async (): Promise<StepEnd> => {
      const { child, ended } = rig.start(inputs, env(1));
      await rig.dbt.reached('started');
      child.kill('SIGKILL');
      return ended;
    };
    return { github, rig, env, die };
  }

  test('its post step stops dbt and frees the key, so that the next run need not wait', async () => {
    const { rig, env, die } = await makeRig();
    const { state } = await die();
    const post = await rig.post(state, env(1));
    expect(post).toMatchObject({ exitCode: 0 });
    expect(post.stdout).toContain('Its key in the ledger is free again.');
    rig.dbt.release('go');
    const next = await rig.run({ ...inputs, 'on-in-flight': 'fail' }, env(2));
    expect(next.outputs).toMatchObject({ outcome: 'executed' });
    expect(next.summary).not.toContain('fallen silent');
  });

  test('without a post step GitHub is asked: its job is over, so the next run takes the key over', async () => {
    const { github, rig, env, die } = await makeRig();
    github.attempts.set('1/1', {
      status: 'in_progress',
      jobs: [
        { status: 'completed', runner: 'GitHub Actions 1' },
        { status: 'in_progress', runner: 'GitHub Actions 2' },
      ],
    });
    await die();
    rig.dbt.release('go');
    const next = await rig.run({ ...inputs, 'on-in-flight': 'fail' }, env(1, 'GitHub Actions 2'));
    expect(next.outputs).toMatchObject({ outcome: 'executed' });
    expect(next.summary).toContain('fallen silent');
  });

  test('one that GitHub says is at it still keeps its key, and so does one that GitHub does not tell of', async () => {
    const { github, rig, env, die } = await makeRig();
    await die();
    for (const status of ['in_progress', undefined]) {
      github.attempts.clear();
      if (status !== undefined)
        github.attempts.set('1/1', { status, jobs: [{ status, runner: 'GitHub Actions 1' }] });
      const next = await rig.run({ ...inputs, 'on-in-flight': 'fail' }, env(2));
      expect(next.outputs['failure-code']).toBe('dedup-in-flight');
    }
  });

  test('a dbt that cannot be told to be gone keeps its key', async () => {
    const { rig, env, die } = await makeRig();
    const { state } = await die();
    const { 'dbt-runcache-mark': _, ...unmarked } = state;
    const post = await rig.post(unmarked, env(1));
    expect(post.stdout).toContain('dbt may be running still');
    expect(post.stdout).not.toContain('free again');
    const next = await rig.run({ ...inputs, 'on-in-flight': 'fail' }, env(2));
    expect(next.outputs['failure-code']).toBe('dedup-in-flight');
    rig.dbt.release('go');
  });

  test('a ledger that was too slow for a step that is stopped is told by the post step', async () => {
    const { rig, env } = await makeRig();
    const { child, ended } = rig.start(inputs, env(1));
    await rig.dbt.reached('started');
    let answer = (): void => undefined;
    const until = new Promise<void>((resolve) => (answer = resolve));
    service.fault = () => ({ kind: 'late', until });
    child.kill('SIGINT');
    const { state, outputs } = await ended;
    expect(outputs['failure-code']).toBe('cancelled');
    service.undisturbed();
    answer();
    const post = await rig.post(state, env(1));
    expect(post.stdout).toContain('Its key in the ledger is free again.');
    expect(post.summary).toBe('');
    rig.dbt.release('go');
    const next = await rig.run({ ...inputs, 'on-in-flight': 'fail' }, env(2));
    expect(next.outputs).toMatchObject({ outcome: 'executed' });
  });
});
