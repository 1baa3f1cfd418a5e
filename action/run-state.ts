import * as core from '@actions/core';
import type { ClaimHandle, RunOptions } from '../sdk/index.ts';
import { processMark } from './process-mark.ts';

const KEYS = {
  title: 'dbt-runcache-title',
  jobSummary: 'dbt-runcache-job-summary',
  pid: 'dbt-runcache-pid',
  mark: 'dbt-runcache-mark',
  claim: 'dbt-runcache-claim',
  ledger: 'dbt-runcache-ledger',
  folder: 'dbt-runcache-folder',
  finished: 'dbt-runcache-finished',
  isClaimOpen: 'dbt-runcache-claim-open',
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
  /** The claim it made, or was about to make, and where. */
  readonly claim?: RememberedClaim;
  /** The main step came to its end. */
  readonly finished: boolean;
  /** It came to its end, and the ledger had not confirmed that the claim has. */
  readonly isClaimOpen: boolean;
}

/** A claim in a ledger. */
export interface RememberedClaim {
  /** A `ClaimHandle` as JSON. */
  readonly handle: string;
  /** The ledger's address. */
  readonly ledger: string;
  /** The folder that relative addresses start from. */
  readonly folder: string;
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

/** @param handle As JSON. */
export function rememberClaim({ handle, ledger, folder }: RememberedClaim): void {
  save(KEYS.ledger, ledger);
  save(KEYS.folder, folder);
  save(KEYS.claim, handle);
}

/** What the post step is to know of a claim. A store of one's own, which only a program gives, dies with it. */
export function rememberedClaim(claim: ClaimHandle, { dedup, cwd }: RunOptions): RememberedClaim | undefined {
  if (typeof dedup?.store !== 'string') return undefined;
  return { handle: JSON.stringify(claim), ledger: dedup.store, folder: cwd ?? process.cwd() };
}

export function rememberEnd(): void {
  save(KEYS.finished, 'true');
}

/** A ledger that was slow while the step was being stopped has more time after it. */
export function rememberOpenClaim(): void {
  save(KEYS.isClaimOpen, 'true');
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
    ...(core.getState(KEYS.claim) === ''
      ? {}
      : {
          claim: {
            handle: core.getState(KEYS.claim),
            ledger: core.getState(KEYS.ledger),
            folder: core.getState(KEYS.folder),
          },
        }),
    finished: core.getState(KEYS.finished) === 'true',
    isClaimOpen: core.getState(KEYS.isClaimOpen) === 'true',
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
