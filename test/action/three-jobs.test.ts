import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { type GitRestService, REPOSITORY_NAME, startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type ActionOptions, type ActionRun, runAction } from '../support/runner/run-action.ts';
import { threeJobs } from '../support/three-jobs.ts';
import { makeStepRig } from './step.ts';

const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
const FAILS = runOf([{ name: 'orders', status: 'error' }], 1);

let service: GitRestService;
beforeAll(async () => {
  service = await startGitRest();
});
afterAll(() => service.stop());

type Result = 'success' | 'failure' | 'cancelled' | 'skipped';
type More = Partial<Pick<ActionOptions, 'inputs' | 'onLine' | 'cancelSignal' | 'runner' | 'runNumber'>>;

/** The three jobs of a workflow, on machines that share nothing. */
async function makeWorkflow(steps = PASSES, files: Record<string, string> = {}) {
  const jobs = await threeJobs(steps, files);
  const store = `git-ref:?prefix=${join(jobs.root).replaceAll(/[^\w-]/g, '-')}`;
  const ledger = {
    ...{ dedup: 'auto', 'dedup-store': store, data: 'ignore', 'durable-target': 'true' },
    'github-token': TOKEN,
  };
  const job = (name: string, more: More, dbt = '../venv'): Promise<ActionRun> =>
    runAction({
      actionDir: REPOSITORY,
      workspace: name,
      env: { PATH: process.env['PATH'] ?? '', HOME: jobs.root },
      ...more,
      inputs: { dbt, 'profiles-dir': '.', ...more.inputs },
      runner: {
        GITHUB_REPOSITORY: REPOSITORY_NAME,
        GITHUB_API_URL: service.apiUrl,
        ...more.runner,
      },
    });
  return {
    jobs,
    claim: (more: More = {}) =>
      job(jobs.checkout('claim'), { ...more, inputs: { phase: 'claim', ...ledger, ...more.inputs } }),
    build: (more: More = {}) =>
      job(jobs.checkout('build'), { ...more, inputs: { dedup: 'off', ...more.inputs } }),
    finish: (
      { outputs }: Pick<ActionRun, 'outputs'>,
      result: Result,
      {
        prepare = (folder: string) => jobs.bring(join(jobs.root, 'build'), folder),
        ...more
      }: More & {
        readonly prepare?: (folder: string) => void;
      } = {},
    ) => {
      const folder = jobs.checkout('finish');
      if (result === 'success') prepare(folder);
      const { claim = '', outcome = '' } = outputs;
      return job(folder, {
        ...more,
        inputs: { phase: 'finish', ...ledger, claim, outcome, result, ...more.inputs },
      });
    },
    plain: (more: More = {}) =>
      job(jobs.checkout('plain'), { ...more, inputs: { ...ledger, ...more.inputs } }),
  };
}
type Workflow = Awaited<ReturnType<typeof makeWorkflow>>;

async function isHeld({ claim }: Workflow): Promise<boolean> {
  const { outputs } = await claim({ inputs: { 'on-in-flight': 'fail' } });
  return outputs['failure-code'] === 'dedup-in-flight';
}

const errorsOf = ({ main }: ActionRun): string[] =>
  main.annotations.filter(({ level }) => level === 'error').map(({ message }) => message);

describe('a run in three jobs', () => {
  test('claimed, executed, finished; the next one needs none of it', async () => {
    const workflow = await makeWorkflow();
    const { jobs } = workflow;
    const claim = await workflow.claim({ runNumber: 1 });
    expect(claim).toMatchObject({
      conclusion: 'success',
      outputs: { outcome: 'claimed', 'dedup-key': expect.stringMatching(/^[0-9a-f]{64}$/) },
      main: { readsCommands: true },
    });
    expect(claim.outputs['claim']).toMatch(/^[\w-]+$/);
    expect(claim.outputs['run-attempt']).toBe('1');
    expect(jobs.startedDbt()).toBe(false);
    expect(claim.main.summary).toContain('dbt build has to run');
    expect(claim.main.summary).toContain('Why dbt has to run');
    // The post step of a job that ended well has left the claim as it is.
    expect(claim.post).toMatchObject({ exitCode: 0, log: [] });
    expect(await isHeld(workflow)).toBe(true);

    const build = await workflow.build({ runNumber: 1 });
    expect(build).toMatchObject({ conclusion: 'success', outputs: { outcome: 'executed', claim: '' } });
    expect(jobs.startedDbt()).toBe(true);

    const finish = await workflow.finish(claim, 'success', { runNumber: 1 });
    expect(finish).toMatchObject({
      conclusion: 'success',
      outputs: { outcome: 'executed', 'dedup-key': claim.outputs['dedup-key'] },
    });
    expect(finish.main.annotations).toEqual([]);
    expect(finish.main.summary).toContain('dbt build was run, and passed');
    expect(finish.main.summary).toContain('an identical run can take this result');
    expect(jobs.startedDbt()).toBe(false);

    const again = await workflow.claim({ runNumber: 2 });
    expect(again).toMatchObject({ conclusion: 'success', outputs: { outcome: 'replayed', claim: '' } });
    expect(again.main.summary).toContain('runs/1658821491');
    const end = await workflow.finish(again, 'skipped', { runNumber: 2 });
    expect(end).toMatchObject({ conclusion: 'success', outputs: { outcome: 'replayed' } });
    expect((await workflow.plain()).outputs['outcome']).toBe('replayed');
    expect(jobs.startedDbt()).toBe(false);
  });

  test('without a key, and with a token that may only read: dbt runs, nothing is kept, and the check is green', async () => {
    const workflow = await makeWorkflow();
    const keyless = { inputs: { data: '' } };
    const first = await workflow.claim(keyless);
    expect(first).toMatchObject({ conclusion: 'success', outputs: { outcome: 'claimed', 'dedup-key': '' } });
    expect(first.main.summary).toContain('It is outside of the ledger');
    await workflow.build();
    const end = await workflow.finish(first, 'success', keyless);
    expect(end).toMatchObject({ conclusion: 'success', outputs: { outcome: 'executed', 'dedup-key': '' } });
    expect(end.main.summary).toContain('outside of the ledger');

    onTestFinished(() => {
      service.access = 'write';
    });
    service.access = 'read';
    const fork = await workflow.claim();
    expect(fork).toMatchObject({ conclusion: 'success', outputs: { outcome: 'claimed' } });
    await workflow.build();
    expect(await workflow.finish(fork, 'success')).toMatchObject({
      conclusion: 'success',
      outputs: { outcome: 'executed' },
    });
  });

  test('a twin waits in its first job until the last job of the first has ended', async () => {
    const workflow = await makeWorkflow();
    const claim = await workflow.claim({ runNumber: 1 });
    await workflow.build();
    let finishing: Promise<ActionRun> | undefined;
    const twin = await workflow.claim({
      runNumber: 2,
      onLine: (line) => {
        if (line.startsWith('Waiting for an identical run')) finishing ??= workflow.finish(claim, 'success');
      },
    });
    expect(finishing).toBeDefined();
    expect((await finishing)?.conclusion).toBe('success');
    expect(twin.outputs['outcome']).toBe('replayed');
  });
});

describe('"Re-run failed jobs"', () => {
  const AGAIN = { runner: { GITHUB_RUN_ATTEMPT: '2' } };

  test('the build job of the example is skipped, and the last job asks for all jobs', async () => {
    const workflow = await makeWorkflow(FAILS);
    const claim = await workflow.claim();
    await workflow.build();
    await workflow.finish(claim, 'failure');
    const { jobs } = parse(await readFile(join(REPOSITORY, 'examples/workflows/git-ref-jobs.yml'), 'utf8'));
    expect(jobs.build.if).toBe(
      "needs.claim.outputs.outcome == 'claimed' && needs.claim.outputs.run-attempt == github.run_attempt",
    );
    for (const name of ['outcome', 'claim', 'run-attempt'])
      expect(jobs.claim.outputs[name]).toBe(`\${{ steps.dbt.outputs.${name} }}`);
    const finish = await workflow.finish(claim, 'skipped', AGAIN);
    expect(finish).toMatchObject({ conclusion: 'failure', outputs: { outcome: 'failed' } });
    expect(errorsOf(finish)[0]).toContain('choose "Re-run all jobs"');
    expect(finish.main.summary).toContain('Re-run all jobs');
    // All of them: a claim of its own.
    const all = await workflow.claim(AGAIN);
    expect(all.outputs).toMatchObject({ outcome: 'claimed', 'run-attempt': '2' });
  });

  test('without that guard: dbt ran and passed, and the check is red', async () => {
    const workflow = await makeWorkflow();
    const claim = await workflow.claim();
    await workflow.finish(claim, 'failure');
    await workflow.build(AGAIN);
    const finish = await workflow.finish(claim, 'success', AGAIN);
    expect(finish.conclusion).toBe('failure');
    expect(errorsOf(finish)[0]).toContain('choose "Re-run all jobs"');
    expect((await workflow.claim()).outputs['outcome']).toBe('claimed');
  });
});

describe('what the last job says when something went wrong', () => {
  test.each(['failure', 'cancelled', 'skipped'] as const)('the job that runs dbt: %s', async (result) => {
    const workflow = await makeWorkflow(FAILS);
    const claim = await workflow.claim();
    const finish = await workflow.finish(claim, result);
    expect(finish).toMatchObject({ conclusion: 'failure', outputs: { outcome: 'failed' } });
    expect(errorsOf(finish)[0]).toMatch(/^The job that runs dbt (?:failed|was cancelled|was skipped)/);
    expect(await isHeld(workflow)).toBe(false);
  });

  test('nodes failed, and fail-on: never let that job end well', async () => {
    const workflow = await makeWorkflow(FAILS, { 'dbt-runcache.yml': 'fail-on: never\n' });
    const claim = await workflow.claim();
    expect((await workflow.build()).conclusion).toBe('success');
    const finish = await workflow.finish(claim, 'success');
    expect(finish.conclusion).toBe('failure');
    expect(errorsOf(finish)[0]).toContain('The report says that the run failed');
    expect(await isHeld(workflow)).toBe(false);
  });

  test('nothing was uploaded', async () => {
    const workflow = await makeWorkflow();
    const claim = await workflow.claim();
    await workflow.build();
    const finish = await workflow.finish(claim, 'success', { prepare: () => undefined });
    expect(finish.conclusion).toBe('failure');
    expect(errorsOf(finish)[0]).toContain('Upload the whole target folder');
    expect(await isHeld(workflow)).toBe(false);
  });

  test('other inputs lie there: green, since dbt passed, with a warning and no record', async () => {
    const workflow = await makeWorkflow();
    const claim = await workflow.claim();
    await workflow.build();
    const finish = await workflow.finish(claim, 'success', { inputs: { 'key-env': 'PATH' } });
    expect(finish.conclusion).toBe('success');
    expect(finish.main.annotations).toEqual([
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining('not those that were claimed'),
      }),
    ]);
    expect(finish.main.summary).toContain('Not kept');
    expect(await isHeld(workflow)).toBe(false);
  });

  test('a claim that is none', async () => {
    const workflow = await makeWorkflow();
    for (const claim of ['x', '***', '{}']) {
      const finish = await workflow.finish({ outputs: { claim, outcome: 'claimed' } }, 'failure');
      expect(finish.conclusion).toBe('failure');
      expect(errorsOf(finish)[0]).toContain('is no claim of this version');
    }
  });

  test('a failure that the first job repeats, or makes of warnings, lets nothing pass', async () => {
    const failing = await makeWorkflow(FAILS);
    const any = { inputs: { 'dedup-on': 'any' } };
    expect((await failing.plain(any)).conclusion).toBe('failure');
    const repeated = await failing.claim({ inputs: { 'dedup-on': 'any', 'on-in-flight': 'fail' } });
    expect(repeated).toMatchObject({ conclusion: 'failure', outputs: { outcome: 'failed' } });
    expect((await failing.finish(repeated, 'skipped')).conclusion).toBe('failure');
  });

  test('a replay that fail-on: warning makes a failure is none that the last job takes for a success', async () => {
    const steps = runOf([{ name: 'ids', type: 'test', status: 'warn' }], 0);
    const workflow = await makeWorkflow(steps, { 'dbt-runcache.yml': 'fail-on: warning\n' });
    await workflow.plain();
    const claim = await workflow.claim();
    expect(claim).toMatchObject({ conclusion: 'failure', outputs: { outcome: 'failed' } });
    expect((await workflow.finish(claim, 'skipped')).conclusion).toBe('failure');
  });
});

describe('the first job', () => {
  test('warns where the ledger does not answer', async () => {
    const workflow = await makeWorkflow();
    const claim = await workflow.claim({ runner: { GITHUB_API_URL: 'http://127.0.0.1:9' } });
    expect(claim).toMatchObject({ conclusion: 'success', outputs: { outcome: 'claimed' } });
    expect(claim.main.annotations).toEqual([
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining('did not answer, so dbt runs without it'),
      }),
    ]);
    expect(claim.main.summary).not.toMatch(/dbt ran|it ran/i);
  });

  test('is cancelled while it waits: it has claimed nothing', async () => {
    const workflow = await makeWorkflow();
    const first = await workflow.claim({ runNumber: 1 });
    const stop = new AbortController();
    const waiting = await workflow.claim({
      runNumber: 2,
      cancelSignal: stop.signal,
      onLine: (line) => {
        if (line.startsWith('Waiting for an identical run')) stop.abort();
      },
    });
    expect(waiting).toMatchObject({ conclusion: 'cancelled', outputs: { outcome: 'failed', claim: '' } });
    expect((await workflow.finish(first, 'failure')).outputs['outcome']).toBe('failed');
    expect(await isHeld(workflow)).toBe(false);
  });

  describe('on a runner', () => {
    const CLAIM = {
      ...{ phase: 'claim', dedup: 'auto', data: 'ignore', 'durable-target': 'true' },
      ...{ 'github-token': TOKEN, 'on-in-flight': 'fail' },
    };

    async function makeRig(prefix: string) {
      const rig = await makeStepRig(PASSES, { 'models/orders.sql': 'select 1' });
      addFakeAdapter(rig.dbt);
      const inputs = { ...CLAIM, 'dedup-store': `git-ref:?prefix=${prefix}` };
      const env = { GITHUB_REPOSITORY: REPOSITORY_NAME, GITHUB_API_URL: service.apiUrl };
      return { rig, inputs, env };
    }

    test('cannot hand its claim on: it fails, and the key is free', async () => {
      const { rig, inputs, env } = await makeRig('nowhere');
      const end = await rig.run(inputs, { ...env, GITHUB_OUTPUT: '/nowhere/output' });
      expect(end.exitCode).toBe(1);
      expect(end.stdout).toContain('Its key in the ledger is free again.');
      expect((await rig.run(inputs, env)).outputs['outcome']).toBe('claimed');
    });

    test('is killed before it could hand its claim on: its post step frees the key', async () => {
      const { rig, inputs, env } = await makeRig('killed');
      const [noted, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      onTestFinished(() => {
        service.before = async () => undefined;
        release.resolve();
      });
      let made = 0;
      service.before = async (request) => {
        if (request !== 'POST refs') return;
        made += 1;
        // The first is the claim, the second says where it writes.
        if (made !== 2) return;
        noted.resolve();
        await release.promise;
      };
      const { child, ended } = rig.start(inputs, env);
      await noted.promise;
      child.kill('SIGKILL');
      release.resolve();
      const { state } = await ended;
      expect(state['dbt-runcache-finished']).toBeUndefined();
      const post = await rig.post(state, { ...env, 'INPUT_GITHUB-TOKEN': TOKEN });
      expect(post.stdout).toContain('Its key in the ledger is free again.');
      expect((await rig.run(inputs, env)).outputs['outcome']).toBe('claimed');
    });

    test('has ended well: its post step leaves the claim as it is', async () => {
      const { rig, inputs, env } = await makeRig('ended');
      const { outputs, state } = await rig.run(inputs, env);
      expect(outputs['outcome']).toBe('claimed');
      expect(await rig.post(state, { ...env, 'INPUT_GITHUB-TOKEN': TOKEN })).toMatchObject({
        exitCode: 0,
        stdout: '',
      });
      expect((await rig.run(inputs, env)).outputs['failure-code']).toBe('dedup-in-flight');
    });
  });
});

test.each([
  ['claim', { phase: 'claim' }],
  ['finish', { phase: 'finish', claim: 'x', outcome: 'claimed', result: 'success' }],
])('phase: %s without a ledger is an error of the inputs', async (phase, inputs) => {
  const { claim } = await makeWorkflow();
  const none = { dedup: 'off', 'dedup-store': '', data: '', 'durable-target': '' };
  const { conclusion, main, outputs } = await claim({ inputs: { ...none, ...inputs } });
  expect(conclusion).toBe('failure');
  expect(main.annotations[0]?.message).toBe(
    `Input phase is ${phase} and there is no ledger: add dedup: auto.`,
  );
  expect(outputs['outcome']).toBeUndefined();
});
