import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Environment, readVariable } from '../plan/variables.ts';
import type { ConfusedVariable } from './facts.ts';

/** Names of the plugin's own that begin like those below. */
const OURS = /^DBT_ENGINE_STATE_./;
/** Those of dbt Core for the folder of `--state`. */
const STATE_FOLDER = ['DBT_ENGINE_STATE', 'DBT_STATE'];
/** Names that documents have given for the switch, and that no program reads. */
const NOT_THE_SWITCH = ['DBT_ENGINE_ENABLE_STATE', 'DBT_ENABLE_STATE'];

/**
 * Variables that people take for settings of dbt State. `DBT_STATE` is the most frequent: dbt's folder of artifacts
 * to compare with, which has nothing to do with it.
 */
export async function findConfusedVariables(
  env: Environment,
  cwd: string,
): Promise<readonly ConfusedVariable[]> {
  const folders = await Promise.all(STATE_FOLDER.map((name) => stateFolder(name, env, cwd)));
  return [
    ...folders.flat(),
    ...NOT_THE_SWITCH.filter((name) => readVariable(env, name) !== undefined).map((name) => ({
      name,
      is: `${name} is set, and no dbt reads it.`,
      fix: `Set \`DBT_ENGINE_MANAGE_STATE\` instead of \`${name}\`.`,
    })),
    ...Object.keys(env)
      .filter((name) => /^DBT_STATE_./i.test(name) && env[name] !== undefined && !OURS.test(name))
      .map((name) => ({
        name,
        is: `${name} is set, and no setting of dbt State has that name.`,
        fix: `Rename \`${name}\` to \`RUN_CACHE_${name.slice('DBT_STATE_'.length)}\`.`,
      })),
  ];
}

async function stateFolder(name: string, env: Environment, cwd: string): Promise<ConfusedVariable[]> {
  const value = readVariable(env, name);
  if (value === undefined || value === '') return [];
  const isFolder = await stat(resolve(cwd, value)).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const is = `${name} is set: to dbt that is the folder of --state, and dbt State never reads it`;
  return isFolder
    ? [{ name, is: `${is}. It names a folder that is there.` }]
    : [
        {
          name,
          is: `${is}. There is no such folder.`,
          fix: `Unset \`${name}\`; dbt State is switched by \`DBT_ENGINE_MANAGE_STATE\`, and set by \`RUN_CACHE_…\`.`,
        },
      ];
}
