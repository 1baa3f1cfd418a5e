// The Action on a real dbt project, as it would run for a pull request: once as committed, once after a bad edit.
// With `--commit-timestamps off` (or `on`) it is another story: a run that requires dbt State, on a Postgres so set.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../test/support/repository.ts';
import { type ShownRun, showRun } from './support/action-run.ts';
import { applyEdit, EDIT } from './support/bike-hire-edit.ts';
import { prepare } from './support/prepare.ts';
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
  heading('Preparing');
  const prepared = await prepare();
  inAction = true;
  try {
    heading('1  dbt build, as committed');
    const committed = await showRun('1-build', 'As committed', prepared, cancel.signal);
    expectStory(committed.run.conclusion === 'success', 'the first build to pass');
    expectStory(committed.run.main.summary.includes('dbt State'), 'the summary to speak of dbt State');
    say(
      '  dbt State is not active here, for it has no account: the summary starts with the cause and the fix.',
    );

    heading('2  dbt build, after an edit');
    say(`  ${join(prepared.workspace, EDIT.path)}`);
    say(`  - ${EDIT.before.trim()}`);
    say(`  + ${EDIT.after.trim()}`);
    say(`  Expected: ${EDIT.expected}`);
    await applyEdit(prepared.workspace);
    const edited = await showRun('2-bad-edit', 'After an edit', prepared, cancel.signal);
    expectStory(edited.run.conclusion === 'failure', 'the second build to fail');
    expectStory(edited.run.main.summary.includes(EDIT.failingTest), 'the summary to name the failing test');
    expectStory(Number(edited.run.outputs['skipped']) > 0, 'models after the failed test to be skipped');
    say(`  The step failed, as expected: the test ${EDIT.failingTest} found the new word.`);
    closing([committed, edited]);
  } finally {
    await prepared.stop();
  }
}

/** dbt State required: with commit timestamps it is active; without them the run passes and the step fails. */
async function stateDemo(commitTimestamps: 'on' | 'off'): Promise<void> {
  heading('Preparing');
  const prepared = await prepare({ commitTimestamps, stateService: true });
  inAction = true;
  try {
    heading(`dbt build that requires dbt State, commit timestamps ${commitTimestamps}`);
    const shown = await showRun(
      `commit-timestamps-${commitTimestamps}`,
      `Commit timestamps ${commitTimestamps}`,
      prepared,
      cancel.signal,
      { 'require-run-cache': 'true' },
    );
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
