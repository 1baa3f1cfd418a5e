import { setTimeout as delay } from 'node:timers/promises';
import * as core from '@actions/core';
import { appendSummary } from './job-summary.ts';
import { processMark } from './process-mark.ts';
import { type RememberedClaim, type RememberedRun, recallRun } from './run-state.ts';

const TERM_WAIT_MS = 3000;
const KILL_WAIT_MS = 2000;
const POLL_MS = 50;

/**
 * The step after the job: where the main step was killed before it could end, stops what it left running and says
 * in the summary that the run was cut off. Only warns; it never fails a job.
 */
export async function cleanUp(): Promise<void> {
  try {
    const run = recallRun();
    if (run === undefined || run.finished) return;
    const before = run.pid === undefined ? 'dbt was started' : 'its result could be read';
    core.warning(`${run.title} was cut off before ${before}: the step was killed.`);
    if (run.pid !== undefined) await stopLeftover(run.pid, run.mark);
    if (run.jobSummary) await appendSummary(process.env['GITHUB_STEP_SUMMARY'], () => cutOffNote(run));
    if (run.claim !== undefined) await freeKey(run.claim);
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

async function stopLeftover(pid: number, mark: string | undefined): Promise<void> {
  // Without its start time a process cannot be told from a stranger with the same id.
  if (process.platform === 'win32' || mark === undefined) return;
  const now = processMark(pid);
  if (now !== undefined && now !== mark) return;
  if (!signalGroup(pid, 'SIGTERM')) return;
  await untilGone(pid, TERM_WAIT_MS);
  // A killed process is gone a moment later.
  if (signalGroup(pid, 'SIGKILL')) await untilGone(pid, KILL_WAIT_MS);
  core.warning(`dbt was still running as process group ${pid} and has been stopped.`);
}

async function untilGone(pid: number, limitMs: number): Promise<void> {
  const until = Date.now() + limitMs;
  while (Date.now() < until && signalGroup(pid, 0)) await delay(POLL_MS);
}

/** True when the group is there. */
function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
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
