import * as core from '@actions/core';
import type { RunResult, RunToExecute } from '../sdk/index.ts';
import { claimText } from './claim-text.ts';
import { freeKey } from './clean-up.ts';
import { followRun, whyNotStarted } from './follow-run.ts';
import type { HeldSignals } from './held-signals.ts';
import { writeOutputs } from './outputs.ts';
import { rememberedClaim } from './run-state.ts';
import type { ActionSettings } from './settings.ts';
import { writePage } from './short-page.ts';

/**
 * The first of three jobs: asks the ledger, and starts no dbt.
 * @returns The result of a run that has one already, or can have none; undefined where dbt has to run.
 */
export async function claimPhase(
  dbtArgs: readonly string[],
  settings: ActionSettings,
  signals: HeldSignals,
): Promise<RunResult | undefined> {
  const { claimRun } = await import('../sdk/index.ts');
  const { options } = settings;
  const answer = await followRun(dbtArgs, settings, {
    signals,
    start: (shared) => claimRun(dbtArgs, { ...options, ...shared, reject: false }),
    lastWords: (given) =>
      'result' in given ? whyNotStarted(given.result) : 'dbt has to run, in the job that comes next.',
  });
  if ('result' in answer) return answer.result;
  await tell(answer, settings);
  return undefined;
}

async function tell(answer: RunToExecute, { options, jobSummary }: ActionSettings): Promise<void> {
  const { explainClaim, renderPart } = await import('../sdk/index.ts');
  try {
    writeOutputs({
      outcome: 'claimed',
      claim: claimText(answer.claim),
      'run-attempt': process.env['GITHUB_RUN_ATTEMPT'] ?? '',
      'dedup-key': answer.dedup.key?.digest ?? '',
    });
  } catch (error) {
    // Nobody will ever hear of the claim.
    const remembered = rememberedClaim(answer.claim, options);
    if (remembered !== undefined) await freeKey(remembered);
    throw error;
  }
  for (const { message } of answer.notices) core.warning(message);
  await writePage(jobSummary, renderPart(explainClaim(answer)));
}
