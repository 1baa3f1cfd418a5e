import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { type Environment, readVariable } from '../variables.ts';
import { DBT_ALIASES, DBT_YAML, isMap, valueAt } from '../yaml-file.ts';
import { LOGIN_IN_DBT_HOME_SINCE } from './catalogue.ts';
import type { StateEngine, StateSettingsInput, Yaml } from './input.ts';
import { prefixesOf } from './plugin-settings.ts';
import { compareReleases } from './releases.ts';

type Files = Pick<StateSettingsInput, 'cloudFile' | 'userFlags' | 'hasCachedLogin'>;

/** Reads what of dbt State stands in the user's home. What is not there or cannot be read is left out. */
export async function readStateFiles(env: Environment, engine: StateEngine, home: string): Promise<Files> {
  const dir = stateHome(env, engine, home);
  const [cloudFile, userSettings, hasCachedLogin] = await Promise.all([
    readYaml(join(dir, 'dbt_cloud.yml')),
    engine.kind === 'fusion' ? readYaml(join(home, '.dbt', 'user_settings.yml')) : undefined,
    keepsLoginElsewhere(engine) ? undefined : isFile(join(dir, 'state_auth.json')),
  ]);
  const flags = isMap(userSettings) ? valueAt(userSettings, 'flags') : undefined;
  return { cloudFile, userFlags: isMap(flags) ? flags : undefined, hasCachedLogin };
}

/** In a folder and a file of other names, which are not looked at. */
function keepsLoginElsewhere({ kind, stateVersion }: StateEngine): boolean {
  return (
    kind === 'core' && stateVersion != null && compareReleases(stateVersion, LOGIN_IN_DBT_HOME_SINCE) < 0
  );
}

function stateHome(env: Environment, engine: StateEngine, home: string): string {
  const names =
    engine.kind === 'fusion'
      ? ['DBT_ENGINE_STATE_HOME']
      : prefixesOf(engine.stateVersion).map((prefix) => `${prefix}HOME`);
  const value = names.map((name) => readVariable(env, name)).find((one) => one !== undefined);
  return value === undefined || value === '' ? join(home, '.dbt') : value;
}

async function readYaml(path: string): Promise<Yaml | 'unreadable' | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' || error.code === 'ENOTDIR' ? undefined : null,
  );
  // What this process may not read, dbt may.
  if (text === undefined || text === null) return undefined;
  const document = parseDocument(text, DBT_YAML);
  if (document.errors.length > 0) return undefined;
  try {
    const root: unknown = document.toJS(DBT_ALIASES);
    return isMap(root) ? root : 'unreadable';
  } catch {
    return undefined;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
