import type { ClaimHandle } from '../../dedup/claim-handle.ts';
import type { DedupSettings } from '../../dedup-settings.ts';

type Attempt = NonNullable<ClaimHandle['workflowRun']>;

/** What a claim says of the attempt that it is for; undefined outside of GitHub Actions. */
export function attemptOf({ workflowRun }: Pick<DedupSettings, 'workflowRun'>): Attempt | undefined {
  return workflowRun === undefined ? undefined : { id: workflowRun.id, attempt: workflowRun.attempt };
}

/**
 * "Re-run failed jobs" takes the outputs of the attempt before, and that attempt has ended its claim: dbt then runs while
 * nobody is told. A sentence where that is so, else undefined.
 */
export function otherAttempt(
  { workflowRun: claimed }: ClaimHandle,
  settings: Pick<DedupSettings, 'workflowRun'>,
): string | undefined {
  const here = attemptOf(settings);
  if (claimed === undefined || here === undefined) return undefined;
  // Another workflow run may be meant to finish it.
  if (claimed.id !== here.id || claimed.attempt === here.attempt) return undefined;
  return `The run was claimed in attempt ${claimed.attempt} of this workflow run, and this is attempt ${here.attempt}, which has claimed nothing: choose "Re-run all jobs"`;
}
