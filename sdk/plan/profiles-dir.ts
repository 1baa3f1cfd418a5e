import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { PlanInput } from './jinja-context.ts';
import { type DbtDialect, readSetting, readVariable } from './variables.ts';

export const PROFILES_FILE_NAME = 'profiles.yml';

export interface ProfilesPlace {
  readonly dir: string;
  /** What named it, as a person would say it; undefined for the default search. */
  readonly source?: string;
  readonly given?: string;
}

/** The folder dbt takes `profiles.yml` from. */
export async function findProfilesDir(input: PlanInput, dialect: DbtDialect): Promise<ProfilesPlace> {
  const flag = input.commandLine.profilesDir;
  if (flag !== undefined) return { dir: resolve(input.cwd, flag), source: '--profiles-dir', given: flag };
  const setting = readSetting(input.env, 'PROFILES_DIR', dialect);
  if (setting !== undefined) {
    return { dir: resolve(input.cwd, setting.value), source: setting.name, given: setting.value };
  }
  const isHere = await stat(join(input.cwd, PROFILES_FILE_NAME)).then(
    () => true,
    () => false,
  );
  return { dir: isHere ? resolve(input.cwd) : join(homeOf(input), '.dbt') };
}

/** The user's home, as dbt sees it. */
export function homeOf(input: Pick<PlanInput, 'cwd' | 'env'>): string {
  const home = readVariable(input.env, process.platform === 'win32' ? 'USERPROFILE' : 'HOME');
  return home === undefined || home === '' ? userInfo().homedir : resolve(input.cwd, home);
}

/** The error for a folder without the file, saying where was looked. */
export function noProfilesFile(
  place: ProfilesPlace,
  profileName: string,
  where: { readonly cwd: string; readonly projectDir: string },
): DbtRunCacheError {
  const looked =
    place.source === undefined
      ? `there is no ${PROFILES_FILE_NAME} in ${resolve(where.cwd)} or ${place.dir}`
      : `${place.source} names ${place.dir}, which has no ${PROFILES_FILE_NAME}`;
  // Where people expect it to be found, but dbt does not look unless it is run there.
  const isElsewhere = resolve(where.cwd) !== where.projectDir && place.source === undefined;
  return new DbtRunCacheError(`Profile "${profileName}" cannot be found: ${looked}`, {
    code: 'profile-not-found',
    hint: place.given?.startsWith('~')
      ? 'Write the folder out: no shell expands ~ here.'
      : isElsewhere
        ? `Pass --profiles-dir; dbt does not look in the project's folder ${where.projectDir} unless it is run there.`
        : `Pass the folder of ${PROFILES_FILE_NAME} with --profiles-dir, or set DBT_PROFILES_DIR.`,
  });
}
