import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeGroup, onSchedule, pullRequest, pushTo } from '../support/act-event.ts';
import type { ActJob, ActPhase } from '../support/act-log.ts';
import type { ActRun } from '../support/act-running.ts';
import { type ExamplesRig, startExamplesRig } from './examples-rig.ts';
import { addressOf, onlyJob } from './rig.ts';

/** Installing dbt takes half a minute, and each build some ten seconds; on a busy machine several times that. */
const MANY_BUILDS_MS = 600_000;
/** Models, seeds and a snapshot of the example project. */
const BUILT = '12';
/** A lock of Postgres by number. */
const LOCK = 4;

let rig: ExamplesRig;
beforeAll(async () => {
  rig = await startExamplesRig();
});
afterAll(() => rig.stop());

test(
  'push-and-pull-request.yml: main and a pull request build once each; an edit runs dbt, and its macro sees no token',
  async () => {
    const file = 'push-and-pull-request.yml';
    const repository = rig.makeRepository();
    const first = onlyMain(await repository.run(file, pushTo('main'), { runId: 101 }));
    expect(first.outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    expect(said(first)).toMatch(/^Installing dbt \(pip\): dbt-core==/m);
    expect(repository.environments()).toHaveLength(1);
    const tables = await rig.made('analytics');
    expect(tables).toHaveLength(Number(BUILT));
    expectReplay(onlyMain(await repository.runOnNew(file, pushTo('main'), { runId: 102 })), 101);
    expect(await rig.made('analytics')).toEqual(tables);

    repository.forgetMachine();
    const proposed = onlyMain(await repository.run(file, pullRequest(12), { runId: 103 }));
    expect(proposed.outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    expect(said(proposed)).toMatch(/^dbt's environment came from the cache/m);
    expect(said(proposed)).not.toContain('Installing dbt');
    expect(await rig.made('pr_12')).toHaveLength(Number(BUILT));
    expectReplay(onlyMain(await repository.runOnNew(file, pullRequest(12), { runId: 104 })), 103);

    // A macro that shows what it sees of the tokens is another input, so dbt runs; and it sees none.
    repository.edit('macros/tokens.sql', () => TOKENS);
    repository.edit('models/marts/tokens.sql', () => `{{ config(materialized='table') }} {{ tokens() }}`);
    const edited = onlyMain(await repository.run(file, pullRequest(12), { runId: 105 }));
    expect(edited.outputs).toMatchObject({ outcome: 'executed', built: String(Number(BUILT) + 1) });
    expect(await rig.query('select * from pr_12.tokens')).toEqual([
      { cache_token: 'nothing', github_token: 'nothing', of_the_step: 'pr_12' },
    ]);
    expect(await rig.made('analytics')).toEqual(tables);
  },
  MANY_BUILDS_MS,
);

const TOKENS = `{% macro tokens() %}
  select
    '{{ env_var('ACTIONS_RUNTIME_TOKEN', 'nothing') }}' as cache_token,
    '{{ env_var('INPUT_GITHUB-TOKEN', 'nothing') }}' as github_token,
    '{{ env_var('DBT_SCHEMA', 'nothing') }}' as of_the_step
{% endmacro %}`;

test.concurrent(
  'merge-queue.yml: a group of the queue takes what its pull request built, and runs what that has not',
  async () => {
    const file = 'merge-queue.yml';
    const repository = rig.makeRepository();
    const first = onlyMain(await repository.run(file, pullRequest(13), { runId: 201 }));
    expect(first.outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    const tables = await rig.made('ci');
    expect(tables).toHaveLength(Number(BUILT));
    expectReplay(onlyMain(await repository.runOnNew(file, mergeGroup(13), { runId: 202 })), 201);
    expect(await rig.made('ci')).toEqual(tables);

    // Another pull request was merged before this one.
    repository.edit(...MODEL);
    const other = onlyMain(await repository.run(file, mergeGroup(13), { runId: 203 }));
    expect(other.outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    expect(await rig.made('ci')).not.toEqual(tables);
  },
  MANY_BUILDS_MS,
);

test.concurrent(
  'matrix.yml: one of three jobs runs dbt, and each goes on with the artifacts',
  async () => {
    const file = 'matrix.yml';
    const repository = rig.makeRepository();
    const outcomes = (run: ActRun): string[] => {
      expect(run.exitCode, run.transcript).toBe(0);
      return run.jobs.map(({ main }) => main.outputs['outcome'] ?? '').sort();
    };
    const first = await repository.run(file, pullRequest(14), { runId: 301 });
    expect(outcomes(first)).toEqual(['executed', 'replayed', 'replayed']);
    // Each script has read one build's manifest and results.
    const id = first.jobs[0]?.main.outputs['invocation-id'];
    for (const { log } of first.jobs) expect(log.filter((line) => line.endsWith(` ${id}`))).toHaveLength(2);
    const tables = await rig.made('pr_14');
    expect(tables).toHaveLength(Number(BUILT));

    const again = await repository.runOnNew(file, pullRequest(14), { runId: 302 });
    expect(outcomes(again)).toEqual(['replayed', 'replayed', 'replayed']);
    for (const { main } of again.jobs) expectReplay(main, 301);
    expect(await rig.made('pr_14')).toEqual(tables);

    repository.edit(...MODEL);
    expect(outcomes(await repository.run(file, pullRequest(14), { runId: 303 }))).toEqual([
      ...['executed', 'replayed', 'replayed'],
    ]);
    expect(await rig.made('pr_14')).not.toEqual(tables);
  },
  MANY_BUILDS_MS,
);

test.concurrent(
  'schedule.yml: an hour without new data takes the last result, and nobody waits for one that is at it',
  async () => {
    const file = 'schedule.yml';
    const repository = rig.makeRepository();
    const monday = { lastLoad: 'monday' };
    // In flight until the test lets it go on.
    repository.edit(
      'dbt_project.yml',
      (text) => `${text}\non-run-start: select pg_advisory_xact_lock(${LOCK})\n`,
    );
    const letGo = await rig.lock(LOCK);
    const running = await repository.start(file, onSchedule(), { runId: 401, ...monday });
    await running.printed(/Running with dbt=/);
    let another: ActRun;
    try {
      another = await repository.runOnNew(file, onSchedule(), { runId: 402, ...monday });
    } finally {
      await letGo();
    }
    expect(onlyMain(another).outputs).toMatchObject({
      outcome: 'skipped-in-flight',
      'skipped-by-run-id': '401',
    });
    const first = onlyMain(await running.ended);
    expect(first.outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    const tables = await rig.made('analytics');
    expect(tables).toHaveLength(Number(BUILT));
    expectReplay(onlyMain(await repository.runOnNew(file, onSchedule(), { runId: 403, ...monday })), 401);
    expect(await rig.made('analytics')).toEqual(tables);

    const next = await repository.run(file, onSchedule(), { runId: 404, lastLoad: 'tuesday' });
    expect(onlyMain(next).outputs).toMatchObject({ outcome: 'executed', built: BUILT });
    expect(await rig.made('analytics')).not.toEqual(tables);
  },
  MANY_BUILDS_MS,
);

test.concurrent(
  'git-ref-jobs.yml: dbt runs in the job between the two that know the ledger, or in none',
  async () => {
    const file = 'git-ref-jobs.yml';
    const repository = rig.makeRepository();
    const jobs = (run: ActRun): readonly (readonly [string, unknown, unknown])[] => {
      expect(run.exitCode, run.transcript).toBe(0);
      return run.jobs.map(
        ({ name, conclusion, main }) => [name, conclusion, main.outputs['outcome']] as const,
      );
    };
    const first = await repository.run(file, pullRequest(15), { runId: 501 });
    expect(jobs(first)).toEqual([
      ['dbt/build', 'success', 'executed'],
      ['dbt/claim', 'success', 'claimed'],
      ['dbt/finish', 'success', 'executed'],
    ]);
    const tables = await rig.made('pr_15');
    expect(tables).toHaveLength(Number(BUILT));

    const again = await repository.runOnNew(file, pullRequest(15), { runId: 502 });
    expect(jobs(again)).toEqual([
      ['dbt/claim', 'success', 'replayed'],
      ['dbt/finish', 'success', 'replayed'],
    ]);
    expect(await rig.made('pr_15')).toEqual(tables);
  },
  MANY_BUILDS_MS,
);

const MODEL = ['models/marts/daily_revenue.sql', (text: string) => `${text}\n-- another model\n`] as const;

/** The Action's step of the only job, which is green. */
function onlyMain(run: ActRun): ActPhase {
  const job: ActJob = onlyJob(run);
  expect(job.conclusion, run.transcript).toBe('success');
  return job.main;
}

function expectReplay(main: ActPhase, runId: number): void {
  expect(main.outputs).toMatchObject({
    outcome: 'replayed',
    'skipped-by-run-id': String(runId),
    'replayed-from': addressOf(runId),
    built: BUILT,
  });
  expect(said(main)).toContain('dbt was not started: an identical run');
  expect(said(main)).not.toMatch(/Running with dbt=|Installing dbt|environment came from the cache/);
}

function said({ log }: ActPhase): string {
  return log.join('\n');
}
