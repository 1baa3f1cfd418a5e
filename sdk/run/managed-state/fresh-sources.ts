import { join } from 'node:path';
import type { SourcesArtifact } from '../../artifacts/types.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { freshNow } from './parse-now.ts';

/** How new the data of the sources is. */
export interface FreshSources {
  readonly sources: SourcesArtifact;
  /** Absolute: where dbt looks for it. */
  readonly path: string;
}

/**
 * Asks dbt, where that was asked for: a slim build compares it with the state, and what any run leaves the next one compares
 * with. Undefined for a command that has no use for it.
 */
export async function freshSources(run: RunContext, plan: Plan): Promise<FreshSources | undefined> {
  const { project, command } = plan;
  const isAsked = run.options.state?.fresherSources === true;
  if (!isAsked || project === undefined || !plan.runsNodes || command === 'source freshness')
    return undefined;
  return { sources: await freshNow(run, plan), path: join(project.targetPath, 'sources.json') };
}
