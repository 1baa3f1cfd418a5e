import * as core from '@actions/core';
import { attempt } from './attempt.ts';
import { claimJson } from './claim-text.ts';
import { type FinishVerdict, verdictOnClaimed, verdictWithoutClaim } from './finish-verdict.ts';
import type { HeldSignals } from './held-signals.ts';
import { maySkip } from './may-skip.ts';
import { writeOutputs } from './outputs.ts';
import type { Phase } from './phase.ts';
import type { ActionSettings } from './settings.ts';
import { writePage } from './short-page.ts';

/**
 * The last of three jobs: leaves the record or frees the key, and is green only when the result is known to be good. What
 * the ledger cannot do is a warning. Killed half-way it leaves the claim: the workflow run is over soon, and with it the
 * claim.
 */
export async function finishPhase(
  phase: Extract<Phase, { readonly kind: 'finish' }>,
  dbtArgs: readonly string[],
  settings: ActionSettings,
  signals: HeldSignals,
): Promise<void> {
  if (phase.claim === '') {
    const verdict = verdictWithoutClaim(phase, maySkip(process.env));
    await conclude(verdict, '');
    await writePage(settings.jobSummary, pageWithoutClaim(verdict));
    return;
  }
  const { explainFinish, finishRun, renderPart } = await import('../sdk/index.ts');
  const { reject: _, ...options } = settings.options;
  const { result, claim } = phase;
  const running = finishRun(dbtArgs, {
    ...options,
    cancelSignal: signals.early,
    claim: claimJson(claim),
    result,
  });
  signals.handOver();
  const finished = await running;
  for (const { message } of finished.notices) core.warning(message);
  await conclude(verdictOnClaimed(phase, finished), finished.keyDigest ?? '');
  await writePage(settings.jobSummary, renderPart(explainFinish(finished)));
}

async function conclude({ outcome, failure }: FinishVerdict, key: string): Promise<void> {
  if (failure !== undefined) core.setFailed(failure);
  await attempt('write the outputs', () => writeOutputs({ outcome, 'dedup-key': key }));
}

function pageWithoutClaim({ outcome, failure }: FinishVerdict): string {
  switch (outcome) {
    case 'replayed':
      return '## ✅ dbt did not have to run\n\nAn identical run had passed: the summary of the job before says which one.\n';
    case 'skipped-in-flight':
      return '## ⏭️ dbt did not run\n\nAn identical run is in flight, and there is no result here.\n';
    case 'executed':
    case 'failed':
      return `## ❌ There is no result\n\n${failure ?? ''}\n`;
  }
}
