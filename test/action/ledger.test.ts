import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';
import { addressOfRun } from '../support/runner/job-environment.ts';
import { type ActionOptions, type ActionRun, runAction } from '../support/runner/run-action.ts';

const LEDGER = 'dbt: ../venv\ndedup-store: file:../ledger\ndata: ignore\ndurable-target: true\n';
const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
const FAILS = runOf([{ name: 'ids', type: 'test', status: 'fail', failures: 1, message: 'Got 1 result' }], 1);
/** Stays in flight until it is let go. */
const SLOW: Step[] = [{ mark: 'started' }, { wait_for: 'go' }, ...PASSES];

type More = Pick<ActionOptions, 'runNumber' | 'onLine' | 'runner'> & {
  readonly env?: Record<string, string>;
};

/** The built Action in a workspace with a ledger beside it, as a runner starts it. */
async function makeJob(steps: readonly Step[], config = LEDGER) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'job-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const workspace = join(folder, 'work');
  makeFakeProject(workspace, { 'models/orders.sql': 'select 1', 'dbt-runcache.yml': config });
  const dbt = await makeFakeDbt(join(folder, 'venv'), steps);
  addFakeAdapter(dbt);
  const trace = join(dbt.venv, 'seen.json');
  return {
    dbt,
    run: ({ env, ...more }: More = {}): Promise<ActionRun> =>
      runAction({
        actionDir: REPOSITORY,
        workspace,
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
        ...more,
      }),
    /** As a new runner would find it: the checkout, and no trace of a dbt. */
    forget: () => {
      rmSync(join(workspace, 'target'), { recursive: true, force: true });
      rmSync(trace);
    },
    hasStartedDbt: () => existsSync(trace),
  };
}

/** A run that stays in flight, and the job in which the next one finds it. */
async function startSlowJob() {
  const job = await makeJob(SLOW);
  const first = job.run({ runNumber: 1 });
  await job.dbt.reached('started');
  job.forget();
  return { job, first };
}

const firstLine = ({ main }: ActionRun): string => main.summary.split('\n', 1)[0] ?? '';

test('an identical run is replayed: no dbt, the same exit code, and log and summary say so at once', async () => {
  const job = await makeJob(PASSES);
  const first = await job.run({ runNumber: 1 });
  expect(first).toMatchObject({ conclusion: 'success', outputs: { outcome: 'executed', built: '1' } });
  expect(first.main.log.join('\n')).not.toContain('dbt was not started');
  expect(first.outputs['dedup-because']).toBe('no-record');
  expect(first.main.log).toContainEqual(
    expect.stringMatching(/^Why dbt ran: The ledger has no result .* This result is now in the ledger: /),
  );
  job.forget();

  const second = await job.run({ runNumber: 2 });
  expect(job.hasStartedDbt()).toBe(false);
  expect(second).toMatchObject({
    conclusion: 'success',
    outputs: {
      outcome: 'replayed',
      'failure-code': '',
      'exit-code': '0',
      'nodes-total': '1',
      built: '1',
      'invocation-id': first.outputs['invocation-id'],
      'run-results-path': first.outputs['run-results-path'],
    },
    state: { 'dbt-runcache-finished': 'true' },
    main: { readsCommands: true },
  });
  expect(second.state['dbt-runcache-pid']).toBeUndefined();
  expect(existsSync(second.outputs['run-results-path'] ?? '')).toBe(true);
  expect(firstLine(second)).toMatch(/dbt build.*replayed/);
  expect(second.main.summary).toContain(addressOfRun(1));
  expect(second.main.log).toContain(
    `dbt was not started: an identical run (${addressOfRun(1)}) has the result.`,
  );
});

test('a failure is replayed as one where that is asked for', async () => {
  const job = await makeJob(FAILS, `${LEDGER}dedup-on: any\n`);
  const first = await job.run();
  expect(first).toMatchObject({ conclusion: 'failure', outputs: { outcome: 'failed', 'exit-code': '1' } });
  job.forget();
  const second = await job.run();
  expect(job.hasStartedDbt()).toBe(false);
  expect(second).toMatchObject({
    conclusion: 'failure',
    outputs: { outcome: 'failed', 'failure-code': 'nodes-failed', 'exit-code': '1', failed: '1' },
  });
  expect(firstLine(second)).toMatch(/^## ❌ .*replayed/);
  const errors = second.main.annotations.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(2);
  for (const { message } of errors) expect(message).toMatch(/did not run now|Nothing ran now/);
});

test('a run that is skipped beside an identical one has no result, and does not look like a pass', async () => {
  const { job, first } = await startSlowJob();
  const second = await job.run({
    runNumber: 2,
    env: { DBT_RUNCACHE_ON_IN_FLIGHT: 'skip' },
    runner: { GITHUB_EVENT_NAME: 'schedule' },
  });
  job.dbt.release('go');
  expect((await first).outputs['outcome']).toBe('executed');
  expect(job.hasStartedDbt()).toBe(false);
  expect(second).toMatchObject({
    conclusion: 'success',
    outputs: { outcome: 'skipped-in-flight', 'exit-code': '', 'invocation-id': '', 'run-results-path': '' },
  });
  expect(firstLine(second)).toMatch(/dbt build.*skipped/);
  expect(firstLine(second)).not.toContain('✅');
  expect(second.main.summary).toContain(addressOfRun(1));
  expect(second.main.annotations.map(({ level }) => level)).toEqual(['warning']);
  expect(second.main.log).toContain(
    `dbt was not started: an identical run (${addressOfRun(1)}) is in flight.`,
  );
});

test('where a pull request may wait for the check, skip waits for the result as well, and says so', async () => {
  const { job, first } = await startSlowJob();
  const second = await job.run({
    runNumber: 2,
    env: { DBT_RUNCACHE_ON_IN_FLIGHT: 'skip' },
    onLine: (line) => {
      if (line.startsWith('Waiting for an identical run')) job.dbt.release('go');
    },
  });
  job.dbt.release('go');
  expect((await first).outputs['outcome']).toBe('executed');
  expect(second.outputs['outcome']).toBe('replayed');
  expect(second.main.log).toContainEqual(expect.stringContaining('on-in-flight: skip waits here'));
});

test('a run that waits says for which one, then takes its result', async () => {
  const { job, first } = await startSlowJob();
  const waiting = `Waiting for an identical run (${addressOfRun(1)})`;
  // Said while it waits: the first goes on only after this line.
  const second = await job.run({
    runNumber: 2,
    env: { DBT_RUNCACHE_IN_FLIGHT_WAIT: '30s' },
    onLine: (line) => {
      if (line === waiting) job.dbt.release('go');
    },
  });
  job.dbt.release('go');
  expect((await first).outputs['outcome']).toBe('executed');
  expect(second.outputs).toMatchObject({ outcome: 'replayed', 'failure-code': '' });
  expect(job.hasStartedDbt()).toBe(false);
});

test.each([
  ['fail', {}, 'dedup-in-flight'],
  ['wait', { DBT_RUNCACHE_TIMEOUT: '8s' }, 'timed-out'],
])(
  'on-in-flight: %s beside an identical run leaves the key, and the way to that run',
  async (policy, env, code) => {
    const job = await makeJob(SLOW);
    const first = job.run({ runNumber: 1 });
    await job.dbt.reached('started');
    job.forget();
    const second = await job.run({ runNumber: 2, env: { ...env, DBT_RUNCACHE_ON_IN_FLIGHT: policy } });
    job.dbt.release('go');
    const { outputs } = await first;
    expect(second).toMatchObject({
      conclusion: 'failure',
      outputs: { 'failure-code': code, 'dedup-key': outputs['dedup-key'], 'dedup-because': '' },
    });
    expect(outputs['dedup-key']).toMatch(/^[0-9a-f]{64}$/);
    expect(second.main.summary).toContain(`](${addressOfRun(1)})`);
    const [error] = second.main.annotations;
    expect(error?.message).toContain(addressOfRun(1));
    if (code === 'timed-out') {
      expect(error?.message).toMatch(
        /while it waited for an identical run .*before dbt was started\nThe timeout counts/,
      );
      expect(second.main.summary).toContain('| Waited for an identical run |');
    }
  },
);
