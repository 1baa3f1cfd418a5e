import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CHECKOUT_ENV, newCheckout } from '../support/checkout.ts';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { makeFakeDbt } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type ActionRun, runAction } from '../support/runner/run-action.ts';

const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
const FAILS = runOf([{ name: 'orders', status: 'error', message: 'no such column' }], 1);
const PARSED = 'target/partial_parse.msgpack';
const NOTHING = { 'state-commit': '', 'state-basis': '', 'published-state': '' };
const MISSING = { ...NOTHING, 'state-basis': 'missing' };

interface More {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly event?: 'push' | 'pull_request';
}

/** The built Action in a checkout of the branch `main`, with a store beside it. */
async function makeJob() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'job-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const workspace = join(folder, 'work');
  const states = join(folder, 'states');
  const { git, commit, sha } = await newCheckout(workspace);
  makeFakeProject(workspace, { '.gitignore': 'target/\nlogs/\n' });
  await commit({ 'models/orders.sql': 'select 1' });
  const dbt = await makeFakeDbt(join(folder, 'venv'), PASSES);
  addFakeAdapter(dbt);
  const trace = join(dbt.venv, 'seen.json');
  const eventPath = join(folder, 'event.json');

  const run = async ({ inputs, event = 'push' }: More = {}): Promise<ActionRun> => {
    rmSync(trace, { force: true });
    rmSync(join(workspace, 'target'), { recursive: true, force: true });
    const ofPull = { number: 12, pull_request: { number: 12, base: { ref: 'main' } } };
    const repository = { full_name: 'acme/shop', default_branch: 'main' };
    writeFileSync(eventPath, JSON.stringify({ repository, ...(event === 'push' ? {} : ofPull) }));
    return runAction({
      actionDir: REPOSITORY,
      workspace,
      env: { ...CHECKOUT_ENV, HOME: folder },
      inputs: { dbt: dbt.venv, 'state-store': `file:${states}`, ...inputs },
      runner: {
        ...{ GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: eventPath, GITHUB_SHA: sha() },
        GITHUB_REF: event === 'push' ? 'refs/heads/main' : 'refs/pull/12/merge',
        // Nobody listens there.
        GITHUB_API_URL: 'http://127.0.0.1:9',
      },
    });
  };
  return {
    ...{ run, sha },
    /** What dbt has parsed, as it is kept between runs. */
    parsed: () => {
      const path = join(workspace, PARSED);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    },
    behave: (steps: typeof PASSES) => writeFileSync(join(dbt.venv, 'steps.json'), JSON.stringify(steps)),
    /** Checks out what GitHub makes of a pull request: a merge commit whose first parent is main. */
    propose: async () => {
      git('switch', '-q', '-c', 'change');
      await commit({ 'models/orders.sql': 'select 2' });
      git('switch', '-q', '--detach', 'main');
      git('merge', '-q', '--no-ff', '-m', 'Merge', 'change');
    },
    dbtArgs: (): readonly string[] | undefined => (existsSync(trace) ? dbt.seen().args : undefined),
    states: () => (existsSync(states) ? readdirSync(states, { recursive: true }) : []),
  };
}

const messages = ({ main }: ActionRun, level: string): readonly string[] =>
  main.annotations.filter((one) => one.level === level).map(({ message }) => message);

test('a push to main leaves its state; a pull request compares itself with that, and leaves none', async () => {
  const job = await makeJob();
  const base = job.sha();
  const pushed = await job.run({ inputs: { 'publish-state': 'auto' } });
  expect(pushed).toMatchObject({
    conclusion: 'success',
    outputs: { ...NOTHING, outcome: 'executed', 'published-state': base },
    main: { annotations: [] },
  });
  expect(job.dbtArgs()).toEqual(['build']);

  await job.propose();
  const kept = job.states();
  const slim = await job.run({ event: 'pull_request', inputs: { slim: 'true', 'publish-state': 'auto' } });
  expect(slim).toMatchObject({
    conclusion: 'success',
    outputs: { ...NOTHING, outcome: 'executed', 'state-basis': 'merge-base', 'state-commit': base },
    main: { annotations: [] },
  });
  const [command, ...given] = job.dbtArgs() ?? [];
  expect(command).toBe('build');
  expect(given).toEqual(expect.arrayContaining(['--state', '--defer', '--select', 'state:modified+']));
  // The folder that dbt was given is gone.
  expect(existsSync(given[given.indexOf('--state') + 1] ?? '/')).toBe(false);
  const said = `Comparing with the state of commit ${base.slice(0, 7)} (the commit this one starts from`;
  expect(slim.main.log).toContainEqual(expect.stringContaining(said));
  expect(slim.main.summary).toContain(base.slice(0, 7));
  expect(job.states()).toEqual(kept);

  // With `managed` alone the selection is the user's own.
  await job.run({ event: 'pull_request', inputs: { state: 'managed', args: '--select orders' } });
  expect(job.dbtArgs()).toEqual(expect.arrayContaining(['--state', '--select', 'orders']));
  expect(job.dbtArgs()).not.toContain('state:modified+');
});

test('without a state all is built, with a warning; on-missing-state: fail does not start dbt', async () => {
  const job = await makeJob();
  await job.propose();
  const all = await job.run({ event: 'pull_request', inputs: { slim: 'true' } });
  expect(all).toMatchObject({ conclusion: 'success', outputs: { ...MISSING, outcome: 'executed' } });
  expect(messages(all, 'warning')).toEqual([expect.stringContaining('no state of production')]);
  expect(job.dbtArgs()).toEqual(['build']);

  const inputs = { slim: 'true', 'on-missing-state': 'fail', 'state-environment': 'staging' };
  const strict = await job.run({ event: 'pull_request', inputs });
  expect(strict).toMatchObject({
    conclusion: 'failure',
    outputs: { outcome: 'failed', 'failure-code': 'state-missing', 'published-state': '' },
    main: { exitCode: 1 },
  });
  expect(messages(strict, 'error')).toEqual([
    expect.stringMatching(/no state of staging to compare with[\s\S]*publish-state: auto/),
  ]);
  expect(strict.main.summary).toContain('no state of staging');
  expect(job.dbtArgs()).toBeUndefined();
});

test('no state is left by a build that failed, by one of a part, and where nobody asks for it', async () => {
  const job = await makeJob();
  const auto = { 'publish-state': 'auto' };
  const left = async (inputs: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const { outputs } = await job.run({ inputs });
    return outputs['published-state'];
  };
  expect(await left({ ...auto, args: '--select orders' })).toBe('');
  expect(await left({ slim: 'true', 'publish-state': 'never' })).toBe('');
  expect(await left({ ...auto, state: 'off' })).toBe('');
  expect(job.states()).toEqual([]);

  job.behave(FAILS);
  const failed = await job.run({ inputs: auto });
  expect(failed).toMatchObject({ conclusion: 'failure', outputs: { ...NOTHING, outcome: 'failed' } });
  job.behave(PASSES);
  const after = await job.run({ inputs: { slim: 'true', 'publish-state': 'never' } });
  expect(after).toMatchObject({ conclusion: 'success', outputs: MISSING });

  expect(await left({ 'publish-state': 'always', args: '--select orders' })).toBe(job.sha());
});

test('parse-cache: what dbt has parsed is there again for the next job, and only where it is asked for', async () => {
  const job = await makeJob();
  job.behave([{ write: { path: PARSED, text: 'all of it' } }, ...PASSES]);
  await job.run({ inputs: { 'parse-cache': 'true' } });
  expect(job.parsed()).toBe('all of it');
  job.behave(PASSES);
  expect(await job.run({ inputs: { 'parse-cache': 'true' } })).toMatchObject({
    conclusion: 'success',
    outputs: NOTHING,
    main: { annotations: [] },
  });
  expect(job.parsed()).toBe('all of it');
  await job.run({ inputs: { 'parse-cache': 'false', state: 'off' } });
  expect(job.parsed()).toBeUndefined();
});
