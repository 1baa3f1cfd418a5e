import { askProgram } from '../../runtimes/process.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { isProduction } from './production.ts';

/** Commands that build or test. The results of others, such as `compile`, say of every node that it is well. */
const BUILDING: ReadonlySet<string> = new Set(['build', 'retry', 'run', 'seed', 'snapshot', 'test']);

/** Whether what a run leaves says how the environment stands. */
export function buildsOrTests({ command }: Plan): boolean {
  return BUILDING.has(command);
}

/** Whether the tables that a run is about are those of the environment itself. */
export async function buildsProduction(run: RunContext, plan: Plan): Promise<boolean> {
  const publish = run.options.state?.publish;
  if (publish === 'always') return true;
  const projectDir = plan.project?.dir ?? plan.cwd;
  return (await isProduction({ env: run.options.env, projectDir, run: askProgram })).kind === 'yes';
}
