import type { StateSetting, StateSettings } from '../plan/state/setting.ts';
import { optional } from '../util/optional.ts';
import type { Plan } from './make-plan.ts';
import type { RunContext } from './run-context.ts';

/** What every report says of the run itself, whatever became of it. */
export function reportBase(run: RunContext, plan: Plan | undefined, wallMs: number) {
  return {
    schemaVersion: 1,
    command: plan?.command ?? run.args.find((arg) => !arg.startsWith('-')) ?? '',
    args: run.shownArgs(),
    startedAt: run.startedAt.toISOString(),
    finishedAt: new Date(run.startedAt.getTime() + wallMs).toISOString(),
    wallMs,
    labels: run.options.labels,
    ...optional('config', run.options.config),
    ...optional('engine', plan?.engine),
    ...optional('project', plan?.reportedProject),
    runCache: run.options.runCache,
    ...(run.options.requireRunCache ? { requireRunCache: true as const } : {}),
    ...optional('stateSettings', plan === undefined ? undefined : shownSettings(run, plan.stateSettings)),
  } as const;
}

/** A value may hold a secret that is none of State's. */
function shownSettings(run: RunContext, { settings }: StateSettings): StateSetting[] {
  return settings.map((setting) => ({
    ...setting,
    value: run.clean(setting.value),
    overrides: setting.overrides.map((one) => ({ ...one, value: run.clean(one.value) })),
  }));
}
