import { differencesOf, refuseDifferences } from '../install/check-installed.ts';
import { ensureEnvironment } from '../install/ensure-environment.ts';
import type { PlannedEnvironment } from '../install/environment.ts';
import { depsArguments, ensurePackages, missingPackages } from '../install/packages.ts';
import { makePlan, type Plan } from './make-plan.ts';
import type { RunContext } from './run-context.ts';

/** Commands that install packages themselves, or take them away. */
const WITHOUT_PACKAGES = new Set(['clean', 'debug', 'deps', 'init']);

/**
 * Sees to it that the packages of the project are there, where the run installs its dbt itself: nobody could have run
 * `dbt deps` before. They are a part of the key, so this comes before the ledger is asked. Where they cannot be had from
 * the cache, dbt is installed for it.
 * @throws DbtRunCacheError `install-failed`.
 */
export async function bringPackages(run: RunContext, plan: Plan): Promise<void> {
  const { environment, project, inputs, cwd } = plan;
  if (environment === undefined || project === undefined || WITHOUT_PACKAGES.has(plan.command)) return;
  const { commandLine, dotEnv, versions } = inputs;
  const missing = await missingPackages({ args: run.args, commandLine, cwd, dotEnv, project, versions });
  if (missing === undefined) return;
  await ensurePackages(missing, {
    before: () => bringEnvironment(run, environment),
    command: plan.commandPrefix,
    args: depsArguments(commandLine, run.args),
    cwd,
    env: plan.env,
    cache: run.options.install?.cache,
    signal: run.stops.signal,
    say: sayer(run, 'InstallingPackages'),
    secrets: run.options.redact,
  });
}

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

async function bringEnvironment(run: RunContext, environment: PlannedEnvironment): Promise<void> {
  await ensureEnvironment(environment, {
    env: run.options.env,
    cache: run.options.install?.cache,
    signal: run.stops.signal,
    say: sayer(run, 'InstallingDbt'),
  });
}

function sayer(run: RunContext, name: string): (line: string) => void {
  return (line) => run.send({ kind: 'dbt-message', level: 'info', name, message: run.clean(line) });
}
