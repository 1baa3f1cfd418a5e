import { type EnsuredPackages, ensurePackages } from '../install/packages.ts';
import { type PackagesState, packagesState } from '../install/packages-state.ts';
import { depsArguments } from '../install/run-deps.ts';
import { isUsersOwn } from '../install/users-own.ts';
import { lockTarget, type TargetLock } from '../runtimes/target-lock.ts';
import { bringEnvironment, sayer } from './bring-dbt.ts';
import type { Plan } from './make-plan.ts';
import type { RunContext } from './run-context.ts';

/** Commands that install packages themselves, or take them away, or need none. `dbt deps` is what it is asked to be. */
const WITHOUT_PACKAGES = new Set(['', 'clean', 'debug', 'deps', 'init']);

/** What was done about packages; `not-needed`: they agree with the lock file, or there are none. */
export type BroughtPackages = 'not-asked' | 'not-needed' | 'users-own' | EnsuredPackages['how'];

/**
 * With `deps: auto`, sees to it that the packages of the project are what its lock file says. They are a part of the key, so
 * this comes before the ledger is asked. Where they cannot be had from the cache, `dbt deps` is run, and dbt installed for
 * it where the run does that itself.
 *
 * Where `install` alone asks for it, packages that are checked in, or lie behind a link, stay as they are: nobody said that they
 * may be replaced.
 * @throws DbtRunCacheError `install-failed`, `target-path-busy`.
 */
export async function bringPackages(run: RunContext, plan: Plan): Promise<BroughtPackages> {
  const { environment, project, inputs, cwd } = plan;
  const { commandLine, dotEnv, versions } = inputs;
  const asked = run.options.deps ?? (environment === undefined ? 'never' : 'auto');
  if (asked === 'never' || project === undefined) return 'not-asked';
  if (commandLine.asksFor !== undefined || WITHOUT_PACKAGES.has(plan.command)) return 'not-asked';
  const say = sayer(run, 'InstallingPackages');
  const state = await packagesState({ args: run.args, commandLine, cwd, dotEnv, project, versions });
  const isExplicit = run.options.deps === 'auto';
  if (state.kind === 'none-named') return 'not-needed';
  if (state.kind === 'agree') {
    if (isExplicit) say('The dbt packages agree with package-lock.yml: dbt deps is not needed');
    return 'not-needed';
  }
  if (!isExplicit && state.kind === 'unproven' && (await isUsersOwn(state.missing, plan.env)))
    return 'users-own';
  const lock = await keepReadersOut(run, plan, state);
  try {
    const { how } = await ensurePackages(state.missing, {
      before: async () => {
        if (environment !== undefined) await bringEnvironment(run, environment);
      },
      command: plan.commandPrefix,
      args: depsArguments(commandLine, run.args),
      cwd,
      env: plan.env,
      cache: run.options.install?.cache,
      signal: run.stops.signal,
      say,
      why: state.kind === 'unproven' ? state.why : undefined,
      secrets: run.options.redact,
    });
    return how;
  } finally {
    await lock?.release();
  }
}

/**
 * `dbt deps` takes the folder away before it fills it. A dbt that is at work on this target folder may be reading there. With
 * a ledger its end is waited for, as the ledger may wait for the same run.
 */
async function keepReadersOut(
  run: RunContext,
  plan: Plan,
  state: PackagesState,
): Promise<TargetLock | undefined> {
  if (state.kind !== 'unproven' || plan.project === undefined || !plan.needsTarget) return undefined;
  return lockTarget(plan.project.targetPath, {
    onBusy: run.options.dedup === undefined ? run.options.onTargetBusy : 'wait',
    signal: run.stops.signal,
    onWait: ({ pid }) =>
      sayer(
        run,
        'WaitingForTarget',
      )(`Waiting for the dbt run of process ${pid} on the same target folder, to install the dbt packages`),
  });
}
