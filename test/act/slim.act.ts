import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushTo } from '../support/act-event.ts';
import type { ActPhase } from '../support/act-log.ts';
import type { ActRun } from '../support/act-running.ts';
import { type ExamplesRig, startExamplesRig } from './examples-rig.ts';
import { makeActRig, onlyJob } from './rig.ts';
import { openPullRequest } from './trial-merge.ts';

const FILE = 'slim-pull-request.yml';
/** Installing dbt takes half a minute, and each build some ten seconds; on a busy machine several times that. */
const MANY_BUILDS_MS = 600_000;
/** Models, seeds and a snapshot of the example project. */
const BUILT = '12';
const MAIN = pushTo('main');

let rig: ExamplesRig;
beforeAll(async () => {
  rig = await startExamplesRig();
});
afterAll(() => rig.stop());

// The first one: what a run publishes is there for all that follow.
test(
  'the first pull request ever: without a state all is built, which is green, and the summary says so at the top',
  async () => {
    const repository = rig.makeRepository();
    const first = openPullRequest(repository, 21, () => repository.edit(...DAILY_REVENUE));
    first.merge();
    const main = onlyMain(await repository.run(FILE, first.event(), { runId: 601 }));
    expect(main.outputs).toMatchObject({
      ...{ outcome: 'executed', built: BUILT, failed: '0', 'failure-code': '' },
      ...{ 'state-basis': 'missing', 'state-commit': '', 'published-state': '' },
    });
    expect(await names('pr_21')).toHaveLength(Number(BUILT));
    const top = main.summary.split('\n').slice(0, 8).join('\n');
    expect(top).toMatch(/^⚠️ There was no state to compare with: none of production was ever published/m);
    expect(warnings(main)).toEqual([
      expect.stringContaining('There is no state of production to compare with'),
    ]);
  },
  MANY_BUILDS_MS,
);

test(
  'main publishes its state; a pull request builds what it changes, against the state of the commit it starts from',
  async () => {
    const repository = rig.makeRepository();
    const head = (): string => repository.git('rev-parse', 'HEAD');
    const before = head();
    const pushed = onlyMain(await repository.run(FILE, MAIN, { runId: 611 }));
    expect(pushed.outputs).toMatchObject({
      ...{ outcome: 'executed', built: BUILT },
      ...{ 'state-basis': '', 'state-commit': '', 'published-state': before },
    });
    expect(warnings(pushed)).toEqual([]);
    const tables = await rig.made('analytics');
    expect(tables).toHaveLength(Number(BUILT));

    const proposed = openPullRequest(repository, 22, () => {
      repository.edit(...STATIONS);
      repository.edit('models/marts/tokens.sql', () => TOKENS);
    });
    proposed.merge();
    const slim = onlyMain(await repository.run(FILE, proposed.event(), { runId: 612 }));
    expect(slim.outputs).toMatchObject({
      ...{ outcome: 'executed', built: String(CHANGED.length), failed: '0' },
      ...{ 'state-basis': 'merge-base', 'state-commit': before, 'published-state': '' },
    });
    expect(warnings(slim)).toEqual([]);
    expect(await names('pr_22')).toEqual(CHANGED);
    expect(await rig.made('analytics')).toEqual(tables);
    expect(await rig.query('select * from pr_22.tokens')).toEqual([NO_TOKENS]);
    expect(said(slim)).toMatch(
      new RegExp(
        `^Comparing with the state of commit ${before.slice(0, 7)} \\(the commit this one starts`,
        'm',
      ),
    );
    expect(slim.summary).toContain(before.slice(0, 7));
    expect(slim.summary).toMatch(/^\| .*stg_stations.* \| its SQL \|$/m);
    expect(slim.summary).toMatch(/^\| .*tokens.* \| new \|$/m);
    expect(slim.summary).toMatch(/^- below .*stg_stations.*: .*station_balance/m);
    // Nothing is wrong with what was left out.
    expect(slim.summary).not.toContain('does not see');

    // Main goes on. What is tried again is still of the commit before; what is tried anew is of main as it is now.
    repository.git('switch', '--quiet', 'main');
    repository.edit(...DAILY_REVENUE);
    const after = head();
    const fixed = onlyMain(await repository.run(FILE, MAIN, { runId: 613 }));
    expect(fixed.outputs).toMatchObject({ built: BUILT, 'published-state': after });
    const tried = async (runId: number): Promise<ActPhase['outputs']> =>
      onlyMain(await repository.run(FILE, proposed.event(), { runId })).outputs;
    proposed.again();
    expect(await tried(614)).toMatchObject({
      ...{ built: String(CHANGED.length), 'state-basis': 'merge-base', 'state-commit': before },
    });
    proposed.merge();
    expect(await tried(615)).toMatchObject({
      ...{ built: String(CHANGED.length), 'state-basis': 'merge-base', 'state-commit': after },
    });
    expect(await names('pr_22')).toEqual(CHANGED);

    // What an earlier push has built lies there still. Taken back, it is production's again for what reads it.
    const docks = 'select max(docks) > 1000 as are_many from pr_22.station_balance';
    expect(await rig.query(docks)).toEqual([{ are_many: true }]);
    proposed.push(() => {
      repository.edit(STATIONS[0], (text) => text.replace(MANY_DOCKS, DOCKS));
      repository.edit('models/marts/station_balance.sql', (text) => `${text}\n-- another model\n`);
    });
    proposed.merge();
    expect(await tried(616)).toMatchObject({
      built: '2',
      'state-basis': 'merge-base',
      'state-commit': after,
    });
    expect(await rig.query(docks)).toEqual([{ are_many: false }]);
  },
  MANY_BUILDS_MS,
);

test(
  'a job that may only read the cache builds all the same, and publishes nothing',
  async () => {
    const repository = rig.makeRepository();
    // A commit that no other test knows.
    repository.edit(...STATIONS);
    const main = onlyMain(await repository.run(FILE, MAIN, { runId: 621, cacheMode: 'read' }));
    expect(main.outputs).toMatchObject({
      outcome: 'executed',
      built: BUILT,
      failed: '0',
      'published-state': '',
    });
    expect(warnings(main)).toEqual([
      expect.stringContaining('could not be published: the Actions cache is read-only'),
    ]);
  },
  MANY_BUILDS_MS,
);

test('a pull request from a fork compares itself with what main has published, and leaves nothing', async () => {
  const { repository, cache, dbt, run } = await makeActRig();
  const inputs = { dedup: 'off', data: '', 'durable-target': '', 'state-store': 'actions-cache:' };
  const mainOf = async (...[event, more]: Parameters<typeof run>): Promise<ActPhase> =>
    onlyMain(await run(event, { with: { ...inputs, ...more?.with } }));
  const base = repository.git('rev-parse', 'HEAD');
  const pushed = await mainOf(MAIN, { with: { 'publish-state': 'auto' } });
  expect(pushed.outputs['published-state']).toBe(base);
  const left = cache.entries.all().map(({ key }) => key);
  expect(left).not.toEqual([]);

  const change = (): void => void repository.git('commit', '--quiet', '--allow-empty', '-m', 'A change');
  const proposed = openPullRequest(repository, 12, change, 'fork');
  proposed.merge();
  const main = await mainOf(proposed.event(), { with: { slim: 'true', 'publish-state': 'auto' } });
  expect(main.outputs).toMatchObject({
    ...{ outcome: 'executed', 'state-basis': 'merge-base', 'state-commit': base, 'published-state': '' },
  });
  expect(main.annotations).toEqual([]);
  expect(dbt.seen().args).toEqual(
    expect.arrayContaining(['--defer', '--state', '--select', 'state:modified+']),
  );
  expect(cache.entries.all().map(({ key }) => key)).toEqual(left);
});

const DAILY_REVENUE = [
  'models/marts/daily_revenue.sql',
  (text: string) => `${text}\n-- another model\n`,
] as const;
const DOCKS = '    docks,';
const MANY_DOCKS = '    docks + 1000 as docks,';
const STATIONS = [
  'models/staging/stg_stations.sql',
  (text: string) => text.replace(DOCKS, MANY_DOCKS),
] as const;
/** What stands below the edited model, and the new one. */
const CHANGED = ['station_balance', 'stg_stations', 'tokens'];

const TOKENS = `{{ config(materialized='table') }}
  select
    '{{ env_var('ACTIONS_RUNTIME_TOKEN', 'nothing') }}' as cache_token,
    '{{ env_var('INPUT_GITHUB-TOKEN', 'nothing') }}' as github_token,
    '{{ env_var('GITHUB_TOKEN', 'nothing') }}' as job_token,
    '{{ env_var('DBT_SCHEMA', 'nothing') }}' as of_the_step
`;
const NO_TOKENS = {
  ...{ cache_token: 'nothing', github_token: 'nothing', job_token: 'nothing' },
  of_the_step: 'pr_22',
};

async function names(schema: string): Promise<readonly string[]> {
  return (await rig.made(schema)).map((row) => row.split(' ', 1)[0] ?? '');
}

/** The Action's step of the only job, which is green. */
function onlyMain(run: ActRun): ActPhase {
  const job = onlyJob(run);
  expect(job.conclusion, run.transcript).toBe('success');
  return job.main;
}

/** Those that are not about a test of the project, one of which always warns. */
function warnings({ annotations }: ActPhase): readonly string[] {
  return annotations
    .filter(({ title }) => !title?.startsWith('rides_are_ended'))
    .map(({ message }) => message);
}

function said({ log }: ActPhase): string {
  return log.join('\n');
}
