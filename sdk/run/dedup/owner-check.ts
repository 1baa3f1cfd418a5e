import type { Producer } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import type { DedupSettings } from '../../dedup-settings.ts';
import { githubRest } from '../../github/rest.ts';
import { workflowRunOracle } from '../../github/workflow-run.ts';

/**
 * Asks GitHub whether the job that holds a claim is over. For ledgers whose owners give no sign of life: elsewhere one
 * that falls silent is found out sooner. Undefined where there is nobody to ask, or nothing to ask with.
 */
export function ownerCheck(
  { githubToken, workflowRun }: Pick<DedupSettings, 'githubToken' | 'workflowRun'>,
  { guarantees }: DedupStore,
  signal: AbortSignal,
): ((owner: Producer) => Promise<boolean>) | undefined {
  if (guarantees.renews || githubToken === undefined || workflowRun === undefined) return undefined;
  const rest = githubRest({ apiUrl: workflowRun.api, token: githubToken });
  const stateOf = workflowRunOracle({ rest, own: workflowRun });
  return async ({ workflowRun: owner }) => owner !== undefined && (await stateOf(owner, signal)) === 'over';
}
