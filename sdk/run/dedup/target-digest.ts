import { placeDigest } from '../../dedup/names.ts';
import { targetText } from '../../plan/fingerprint/warehouse-part.ts';
import type { Plan } from '../make-plan.ts';

/** Names the warehouse target of a run with or without a ledger; undefined without one, and where it is not known. */
export async function targetDigestOf({
  cwd,
  project,
  engine,
  inputs: { profile },
}: Plan): Promise<string | undefined> {
  if (project === undefined || profile === undefined) return undefined;
  // Whatever is odd about a profile is dbt's to say.
  const target = await targetText({ cwd, project, profile, engine: engine.kind }).catch(() => undefined);
  return target === undefined ? undefined : placeDigest(target);
}
