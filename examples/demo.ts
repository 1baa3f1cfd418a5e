// The Action on a real dbt project, as it would run for a pull request: as committed, the same again, and after a bad
// edit. The second run takes its result from the ledger; the third is told apart by the one file that changed.
// With `--commit-timestamps off` (or `on`) it is another story: a run that requires dbt State, on a Postgres so set.
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunReport } from '../sdk/index.ts';
import { REPOSITORY } from '../test/support/repository.ts';
import { type RunToShow, type ShownRun, showRun } from './support/action-run.ts';
import { applyEdit, EDIT } from './support/bike-hire-edit.ts';
import { type Prepared, prepare } from './support/prepare.ts';
import { bold, heading, say, seconds, tick } from './support/terminal.ts';

const startedAt = performance.now();
const cancel = new AbortController();
let inAction = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Within a run the Action stops dbt first; before it, what was started ends with this process.
    if (inAction) cancel.abort();
    else process.exit(130);
  });
}

try {
  await access(join(REPOSITORY, 'dist/action/main.js')).catch(() => {
    throw new Error('dist/action/main.js is missing: make it with "npm run build:action"');
  });
  const { values } = parseArgs({ options: { 'commit-timestamps': { type: 'string' } } });
  const timestamps = values['commit-timestamps'];
  if (timestamps === undefined) await demo();
  else if (timestamps === 'on' || timestamps === 'off') await stateDemo(timestamps);
  else throw new Error(`--commit-timestamps is on or off, not ${JSON.stringify(timestamps)}`);
} catch (error) {
  say();
  say(`Demo ended: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = cancel.signal.aborted ? 130 : 1;
}

async function demo(): Promise<void> {
  say('Three runs of dbt build through the Action: as committed, the same again, and after an edit.');
  heading('Preparing');
  const prepared = await prepare({ ledger: true });
  inAction = true;
  try {
    const built = await asCommitted(prepared);
    const replayed = await theSameAgain(prepared, built);
    const edited = await afterAnEdit(prepared, [built, replayed]);
    closing([built, replayed, edited]);
  } finally {
    await prepared.stop();
  }
}

async function asCommitted(prepared: Prepared): Promise<ShownRun> {
  heading('1  dbt build, as committed');
  const shown = await show(prepared, { name: '1-build', title: 'As committed', runNumber: 1 });
  const { run, report } = shown;
  expectStory(run.conclusion === 'success', 'the first build to pass');
  expectStory(run.main.summary.includes('dbt State'), 'the summary to speak of dbt State');
  expectStory(
    report.dedup?.kind === 'executed' && report.dedup.record === 'kept',
    'the result of the first build to be kept',
  );
  say(
    '  dbt State is not active here, for it has no account: the summary starts with the cause and the fix.',
  );
  say(
    '  The ledger does not need it. It had no run like this one, so dbt built, and the result was kept there.',
  );
  return shown;
}

async function theSameAgain(prepared: Prepared, first: ShownRun): Promise<ShownRun> {
  heading('2  dbt build again, with nothing changed');
  await rm(join(prepared.workspace, 'target'), { recursive: true });
  say('  target/ was deleted first: a new runner would not have it either.');
  say('  Expected: dbt is not started. The result comes from the ledger.');
  const shown = await show(prepared, {
    name: '2-again',
    title: 'The same again',
    runNumber: 2,
    earlier: [first],
  });
  const { run, report } = shown;
  expectStory(run.conclusion === 'success', 'the second run to pass');
  expectStory(run.outputs['outcome'] === 'replayed', 'the second run to be replayed');
  expectStory(
    run.outputs['built'] === first.run.outputs['built'],
    'the outputs to be those of the first run',
  );
  expectStory(run.state['dbt-runcache-pid'] === undefined, 'dbt not to be started');
  expectStory(report.invocationId === first.report.invocationId, "the result to be the first run's");
  expectStory(top(run.main.summary).includes(first.address), 'the summary to begin with the run it repeats');
  expectStory(/took \d/.test(top(run.main.summary)), 'the summary to tell how long that run took');
  expectStory(shown.stepMs < first.stepMs / 2, 'the second run to take less than half of the time');
  say(`  The same result in ${seconds(shown.stepMs)} instead of ${seconds(first.stepMs)}, without dbt.`);
  say(
    '  It was taken, although this Postgres is a local one, because dbt-runcache.yml says durable-target: true.',
  );
  return shown;
}

async function afterAnEdit(prepared: Prepared, earlier: readonly ShownRun[]): Promise<ShownRun> {
  heading('3  dbt build, after an edit');
  say(`  ${join(prepared.workspace, EDIT.path)}`);
  say(`  - ${EDIT.before.trim()}`);
  say(`  + ${EDIT.after.trim()}`);
  say(`  Expected: ${EDIT.expected}`);
  await applyEdit(prepared.workspace);
  const shown = await show(prepared, {
    name: '3-bad-edit',
    title: 'After an edit',
    runNumber: 3,
    earlier,
  });
  const { run, report } = shown;
  expectStory(run.conclusion === 'failure', 'the third build to fail');
  expectStory(run.main.summary.includes(EDIT.failingTest), 'the summary to name the failing test');
  expectStory(Number(run.outputs['skipped']) > 0, 'models after the failed test to be skipped');
  expectStory(differencesOf(report) === `changed ${EDIT.path}`, 'the ledger to find that one file changed');
  expectStory(run.main.summary.includes(EDIT.path), 'the summary to name the file that changed');
  say(`  The step failed, as expected: the test ${EDIT.failingTest} found the new word.`);
  say(`  The result of run 1 was not taken, because one input differs: ${EDIT.path}`);
  return shown;
}

function show(prepared: Prepared, shown: Omit<RunToShow, 'cancelSignal'>): Promise<ShownRun> {
  return showRun(prepared, { ...shown, cancelSignal: cancel.signal });
}

/** A summary up to its first table or section. */
function top(summary: string): string {
  return summary.split(/\n(?=\||###|<details)/, 1)[0] ?? '';
}

/** What a run's inputs differ in from those of the recorded run that is most like it. */
function differencesOf({ dedup }: RunReport): string {
  const because = dedup?.kind === 'executed' ? dedup.because : undefined;
  const nearest = because?.kind === 'no-record' ? because.nearest : undefined;
  return nearest?.differences.map(({ how, item }) => `${how} ${item}`).join(', ') ?? '';
}

/** dbt State required: with commit timestamps it is active; without them the run passes and the step fails. */
async function stateDemo(commitTimestamps: 'on' | 'off'): Promise<void> {
  heading('Preparing');
  const prepared = await prepare({ commitTimestamps, stateService: true });
  inAction = true;
  try {
    heading(`dbt build that requires dbt State, commit timestamps ${commitTimestamps}`);
    const shown = await show(prepared, {
      name: `commit-timestamps-${commitTimestamps}`,
      title: `Commit timestamps ${commitTimestamps}`,
      runNumber: 1,
      inputs: { 'require-run-cache': 'true' },
    });
    const { conclusion, main } = shown.run;
    if (commitTimestamps === 'on') {
      expectStory(conclusion === 'success', 'the run to pass');
      expectStory(
        main.summary.includes('dbt State was active'),
        'the summary to say that dbt State was active',
      );
      say('  The step passed: dbt State was active.');
    } else {
      expectStory(conclusion === 'failure', 'the step to fail');
      expectStory(
        main.summary.includes('dbt State was not active: Postgres does not record commit timestamps'),
        'the summary to name the commit timestamps',
      );
      say('  The step failed, as expected: dbt built everything, and dbt State could not take part.');
    }
    closing([shown]);
  } finally {
    await prepared.stop();
  }
}

function expectStory(happened: boolean, what: string): void {
  if (!happened) throw new Error(`the story did not go as told: expected ${what}`);
}

function closing(runs: readonly ShownRun[]): void {
  const dbtMs = runs.reduce((sum, run) => sum + run.dbtMs, 0);
  heading('Done');
  tick('Open in a browser:');
  for (const { page } of runs) say(`  ${bold(pathToFileURL(page).href)}`);
  say(`dbt took ${seconds(dbtMs)}, everything else ${seconds(performance.now() - startedAt - dbtMs)}`);
}
