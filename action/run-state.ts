import * as core from '@actions/core';
import { processMark } from './process-mark.ts';

const KEYS = {
  title: 'dbt-runcache-title',
  jobSummary: 'dbt-runcache-job-summary',
  pid: 'dbt-runcache-pid',
  mark: 'dbt-runcache-mark',
  finished: 'dbt-runcache-finished',
} as const;

/** What the post step knows of the main step. */
export interface RememberedRun {
  /** E.g. `dbt build`. */
  readonly title: string;
  readonly jobSummary: boolean;
  /** dbt's process and process group, when it was started. */
  readonly pid?: number;
  /** When that process began; see `processMark`. */
  readonly mark?: string | undefined;
  /** The main step came to its end. */
  readonly finished: boolean;
}

export function rememberRun(title: string, jobSummary: boolean): void {
  save(KEYS.title, title);
  save(KEYS.jobSummary, String(jobSummary));
}

export function rememberDbt(pid: number): void {
  save(KEYS.pid, String(pid));
  const mark = processMark(pid);
  if (mark !== undefined) save(KEYS.mark, mark);
}

export function rememberEnd(): void {
  save(KEYS.finished, 'true');
}

/** Undefined when the main step did not come as far as a run. */
export function recallRun(): RememberedRun | undefined {
  const title = core.getState(KEYS.title);
  if (title === '') return undefined;
  const pid = core.getState(KEYS.pid);
  return {
    title,
    jobSummary: core.getState(KEYS.jobSummary) === 'true',
    ...(/^[1-9]\d*$/.test(pid) ? { pid: Number(pid), mark: core.getState(KEYS.mark) || undefined } : {}),
    finished: core.getState(KEYS.finished) === 'true',
  };
}

function save(name: string, value: string): void {
  // Without the file @actions/core would print a command, in the middle of dbt's output.
  if (!process.env['GITHUB_STATE']) return;
  try {
    core.saveState(name, value);
  } catch {
    // The post step then knows less. That is no reason to fail.
  }
}
