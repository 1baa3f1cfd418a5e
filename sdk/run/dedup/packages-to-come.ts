import type { PartInput } from '../../dedup/key.ts';
import { packagesState } from '../../install/packages-state.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';

/**
 * The key's part of the dbt packages, where this run may not start the dbt that would install them: another job will, and
 * what it gets is not known here. A lock file alone does not tell: dbt replaces one that does not fit. Undefined where the
 * packages are there, or there are none.
 */
export async function packagesToCome(run: RunContext, plan: Plan): Promise<PartInput | undefined> {
  const { project, inputs, cwd } = plan;
  if (run.startsNothing !== true || project === undefined) return undefined;
  const { commandLine, dotEnv, versions } = inputs;
  const state = await packagesState({ args: run.args, commandLine, cwd, dotEnv, project, versions });
  // What is there is in the key file by file, whatever brought it.
  if (state.kind !== 'missing') return undefined;
  return {
    kind: 'unknown',
    why: 'the dbt packages of the project are not here, and this job does not run dbt deps: check them in, or bring them from a job that has no right to write to the ledger',
  };
}
