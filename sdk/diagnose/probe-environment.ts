import { join } from 'node:path';
import { readDotEnv } from '../plan/dot-env.ts';
import { childEnvironment } from '../plan/environment.ts';
import type { Environment } from '../plan/variables.ts';

export interface ProbeSurroundings {
  readonly cwd: string;
  readonly env: Environment;
  readonly dbtVersion: string | undefined;
  /** The probes' own. */
  readonly folder: string;
}

/**
 * The user's environment, except that a probe sends nothing anywhere and leaves nothing in the project: no usage
 * statistics (with them dbt may also write a .user.yml beside profiles.yml), no upload of artifacts, and no log of
 * decisions among the user's, whatever files say.
 */
export async function probeEnvironment(around: ProbeSurroundings): Promise<Record<string, string>> {
  const { cwd, dbtVersion, folder } = around;
  const env = childEnvironment(around.env);
  const dotEnv = await readDotEnv({ cwd, env, dbtVersion });
  const names = [...Object.keys(dotEnv.env), ...dotEnv.uncertain];
  // Under further names only where the user has them: dbt complains about names under DBT_ENGINE_ it does not know.
  const set = (name: string, value: string): Record<string, string> =>
    Object.fromEntries([name, ...names.filter((one) => isLike(one, name))].map((one) => [one, value]));
  return {
    ...env,
    ...set('DBT_SEND_ANONYMOUS_USAGE_STATS', 'false'),
    ...set('DBT_UPLOAD_TO_ARTIFACTS_INGEST_API', 'false'),
    ...set('RUN_CACHE_LOG_DIR_OVERRIDE', join(folder, 'logs')),
  };
}

/** Whether both names differ in their prefix alone. */
function isLike(name: string, known: string): boolean {
  return name.startsWith('DBT_') && name.endsWith(known.replace(/^(?:DBT|RUN_CACHE)/, ''));
}
