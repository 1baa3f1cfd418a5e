import type { Plan } from '../make-plan.ts';
import type { StateDesk } from './state-desk.ts';

/** Commands that build or test. The results of others, such as `compile`, say of every node that it is well. */
const BUILDING: ReadonlySet<string> = new Set(['build', 'retry', 'run', 'seed', 'snapshot', 'test']);

/** Whether what a run leaves says how the environment stands. */
export function buildsOrTests({ command }: Plan): boolean {
  return BUILDING.has(command);
}

/** Whether the tables that a run is about are those of the environment itself. */
export async function buildsProduction({ settings, production }: StateDesk): Promise<boolean> {
  return settings.publish === 'always' || (await production()).kind === 'yes';
}
