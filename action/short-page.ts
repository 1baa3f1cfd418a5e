import { attempt } from './attempt.ts';
import { appendSummary } from './job-summary.ts';

/** A short page in the job summary, where one is wanted. */
export async function writePage(isWanted: boolean, markdown: string): Promise<void> {
  if (!isWanted) return;
  await attempt('write the job summary', () =>
    appendSummary(process.env['GITHUB_STEP_SUMMARY'], () => markdown),
  );
}
