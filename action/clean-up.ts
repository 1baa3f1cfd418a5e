import { setTimeout as delay } from 'node:timers/promises';
import * as core from '@actions/core';
import { appendSummary } from './job-summary.ts';
import { groupLives, isGone, signalGroup } from './process-group.ts';
import { processMark } from './process-mark.ts';
import { type RememberedClaim, type RememberedRun, recallRun } from './run-state.ts';

const TERM_WAIT_MS = 3000;
const KILL_WAIT_MS = 2000;
const POLL_MS = 50;

/**
 * The step after the job: where the main step was killed before it could end, stops what it left running, says in the
 * summary that the run was cut off, and ends its claim. Only warns; it never fails a job.
 */
export async function cleanUp(): Promise<void> {
  try {
    const run = recallRun();
    if (run === undefined) return;
    if (!run.finished) {
      const before = run.pid === undefined ? 'dbt was started' : 'its result could be read';
      core.warning(`${run.title} was cut off before ${before}: the step was killed.`);
    }
    const isGone = run.finished || run.pid === undefined || (await stopLeftover(run.pid, run.mark));
    if (!run.finished && run.jobSummary)
      await appendSummary(process.env['GITHUB_STEP_SUMMARY'], () => cutOffNote(run));
    if (run.claim === undefined || (run.finished && !run.isClaimOpen)) return;
    if (isGone) await freeKey(run.claim);
    else
      core.warning('Its key in the ledger stays taken until its lease runs out: dbt may be running still.');
  } catch (error) {
    core.warning(
      `Cleaning up after dbt did not work: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Only after dbt is gone: who waits for the key starts another one. */
export async function freeKey({ handle, ledger, folder }: RememberedClaim): Promise<void> {
  const { abandonClaim, openStore, parseClaimHandle } = await import('../sdk/index.ts');
  const claim = parseClaimHandle(handle);
  if (claim === undefined) return;
  const githubToken = core.getInput('github-token');
  if (githubToken !== '') core.setSecret(githubToken);
  const store = await openStore(ledger, {
    cwd: folder,
    env: process.env,
    ...(githubToken === '' ? {} : { githubToken }),
  });
  try {
    const answer = await abandonClaim(store, claim);
    if (answer === 'freed') core.info('Its key in the ledger is free again.');
    if (answer === 'unknown')
      core.warning(
        'The ledger did not say whether the key of this run is free again; its lease will run out.',
      );
  } finally {
    await store.close();
  }
}

/** Whether dbt is certainly gone. */
async function stopLeftover(pid: number, mark: string | undefined): Promise<boolean> {
  // Without its start time a process cannot be told from a stranger with the same id.
  if (process.platform === 'win32' || mark === undefined) return isGone(pid);
  const now = processMark(pid);
  if ((now !== undefined && now !== mark) || !groupLives(pid)) return true;
  signalGroup(pid, 'SIGTERM');
  await untilGone(pid, TERM_WAIT_MS);
  signalGroup(pid, 'SIGKILL');
  // A killed process is gone a moment later.
  await untilGone(pid, KILL_WAIT_MS);
  const hasEnded = !groupLives(pid);
  core.warning(
    hasEnded
      ? `dbt was still running as process group ${pid} and has been stopped.`
      : `dbt is still running as process group ${pid}, and could not be stopped.`,
  );
  return hasEnded;
}

async function untilGone(pid: number, limitMs: number): Promise<void> {
  const until = Date.now() + limitMs;
  while (Date.now() < until && groupLives(pid)) await delay(POLL_MS);
}

const CUT_OFF = [
  'The step was killed before the result could be read, e.g. since the job was cancelled or ran out of memory. ',
  "What dbt had finished by then is in the warehouse and in dbt's own log, `logs/dbt.log`.",
];

const NOT_STARTED = [
  'The step was killed before it started dbt, e.g. while it waited for an identical run. ',
  'So this run changed nothing in the warehouse.',
];

function cutOffNote({ title, pid }: RememberedRun): string {
  const safe = title.replace(/[^\w ./:=+-]/g, '');
  return [`## ⛔ ${safe} was cut off`, '', ...(pid === undefined ? NOT_STARTED : CUT_OFF), ''].join('\n');
}
