import { differencesOf, refuseDifferences } from '../install/check-installed.ts';
import { ensureEnvironment } from '../install/ensure-environment.ts';
import type { PlannedEnvironment } from '../install/environment.ts';
import { makePlan, type Plan } from './make-plan.ts';
import type { RunContext } from './run-context.ts';

/**
 * Installs dbt where the run does that itself.
 * @returns The plan with what is there now.
 * @throws DbtRunCacheError `install-failed`, also where something else was installed than the key of the run says.
 */
export async function bringDbt(run: RunContext, plan: Plan): Promise<Plan> {
  const { environment } = plan;
  if (environment === undefined) return plan;
  await bringEnvironment(run, environment);
  // Notices about the same settings are there already.
  const brought = await makePlan({ ...run, notices: [] }, environment);
  if (environment.installation.kind === 'core')
    refuseDifferences(
      differencesOf(plan.inputs.versions, brought.inputs.versions, {
        adapterType: plan.inputs.profile?.adapterType,
        isKnown: environment.enginePart.kind === 'known',
      }),
    );
  return brought;
}

/** Installs dbt. Nothing is done where it is there. */
export async function bringEnvironment(run: RunContext, environment: PlannedEnvironment): Promise<void> {
  await ensureEnvironment(environment, {
    env: run.options.env,
    cache: run.options.install?.cache,
    signal: run.stops.signal,
    say: sayer(run, 'InstallingDbt'),
  });
}

export function sayer(run: RunContext, name: string): (line: string) => void {
  return (line) => run.send({ kind: 'dbt-message', level: 'info', name, message: run.clean(line) });
}
