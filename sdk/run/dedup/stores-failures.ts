import { parseBoolean, readVariable } from '../../plan/variables.ts';
import type { Plan } from '../make-plan.ts';

/** Whether tests keep their failures in the warehouse unless one says otherwise. */
export function storesFailures({ inputs, project }: Plan): boolean {
  const flag = inputs.commandLine.storeFailures;
  if (flag !== undefined) return flag;
  for (const name of ['DBT_ENGINE_STORE_FAILURES', 'DBT_STORE_FAILURES']) {
    const said = parseBoolean(readVariable(inputs.dotEnv.env, name) ?? '');
    if (said !== undefined) return said;
  }
  return project?.flags['store_failures'] === true;
}
