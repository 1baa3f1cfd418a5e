import { readManifest } from '../../artifacts/read.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { liesInFiles, placesOfNodes } from './places.ts';
import type { Execution } from './settle.ts';
import { storesFailures } from './stores-failures.ts';

/** What dbt says when it has written its manifest and knows what it will do. */
export interface Selected {
  readonly invocationId: string;
  readonly uniqueIds: readonly string[];
}

/**
 * Tells the ledger of the schemas that nodes choose themselves as soon as dbt's manifest shows them: a run that is killed
 * then leaves no doubt about where it may have written. Best effort: at its end a run tells them in any case.
 */
export async function notePlaces(
  run: RunContext,
  plan: Plan,
  { ledger, claim, handle, isPartOfAnother }: Execution,
  { invocationId, uniqueIds }: Selected,
): Promise<void> {
  const { target, writes } = ledger.identity;
  const path = plan.expectedArtifacts.get('manifest');
  if (path === undefined || target === undefined || isPartOfAnother || liesInFiles(target)) return;
  try {
    const manifest = await readManifest(path);
    if (manifest.metadata.invocation_id !== invocationId) return;
    const decisions = uniqueIds.map((uniqueId) => ({ uniqueId }));
    const { wrote } = placesOfNodes(target, { manifest, decisions, writes, stores: storesFailures(plan) });
    const noted = await claim.note(wrote);
    if (noted.length > handle.writes.length)
      run.send({ kind: 'claiming', claim: { ...handle, writes: noted } });
  } catch {
    // There is none yet, or only dbt can read it.
  }
}
