import { join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { envSecrets, isWorthHiding } from './environment.ts';
import { type JinjaContext, pythonText, type Rendered, renderJinja } from './jinja.ts';
import { jinjaContext, type PlanInput } from './jinja-context.ts';
import { isLocalWarehouse } from './local-warehouse.ts';
import { fieldsOf } from './profile-fields.ts';
import { located, readProfile, readTarget, type YamlMap } from './profile-file.ts';
import { findProfilesDir, noProfilesFile, PROFILES_FILE_NAME } from './profiles-dir.ts';
import type { Project } from './project.ts';
import type { Yaml } from './state/input.ts';
import { stateKeysOf } from './state/target-keys.ts';
import { type DbtDialect, dialectOf, isSettingUncertain, readSetting } from './variables.ts';
import { invalid, readYamlFile, valueAt, type YamlFile } from './yaml-file.ts';

/** What of the profile is no secret. Nothing else of it ever leaves this file. */
export interface ResolvedProfile {
  readonly profileName: string;
  /** Absent when only dbt can tell, as are the fields below. */
  readonly targetName?: string;
  readonly adapterType?: string;
  readonly threads?: number;
  /** Absolute: the folder of `profiles.yml`. */
  readonly profilesDir: string;
  /** Absolute: `profiles.yml`. */
  readonly path: string;
  /** Whether the warehouse lives on this machine: a file, localhost, a service container. */
  readonly isLocalWarehouse?: boolean;
  /** Passwords, tokens and keys of the target, for hiding them in texts and for nothing else. */
  readonly secrets: readonly string[];
  /** What of the target says something to dbt State, as it is written there. */
  readonly stateKeys?: Yaml;
  /**
   * Every field of the target but secrets, rendered, each as JSON with its keys sorted; for comparing targets, not for
   * showing. Absent where the target or its type is not known.
   */
  readonly fields?: Readonly<Record<string, string>>;
  /** Fields that are missing in `fields` because only dbt can work them out. */
  readonly unknownFields?: readonly string[];
  /** What `fields` leaves out as secrets, e.g. `password`, `secrets.0.secret`. */
  readonly secretFields?: readonly string[];
  /** What the file says outside of targets that changes a run: `config:`, and keys of the profile. As `fields`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export type ProfileInput = PlanInput & {
  readonly project: Project;
  readonly uncertain?: ReadonlySet<string>;
};

/**
 * Finds out which profile and target dbt will use, and of what type it is.
 *
 * The folder: `--profiles-dir`, DBT_ENGINE_PROFILES_DIR, DBT_PROFILES_DIR, `cwd` when it has a `profiles.yml`, and
 * `~/.dbt`. The profile: `--profile`, DBT_(ENGINE_)PROFILE, dbt_project.yml. The target: `--target`,
 * DBT_(ENGINE_)TARGET, the profile's `target:`, `default`.
 *
 * An error here is one dbt is certain to have too. Whether the credentials are complete and right, and whether the
 * adapter is installed, dbt finds out and says itself; a value only dbt can work out is left out, never guessed.
 * @returns undefined when only dbt can tell the profile, by its name or by reading the file.
 * @throws DbtRunCacheError `profile-not-found` (where was looked), `profile-invalid` (file, line and cause, never
 *   content; or the variable that is not set), `target-not-found` (which targets there are).
 */
export async function resolveProfile(input: ProfileInput): Promise<ResolvedProfile | undefined> {
  const dialect = dialectOf(input.dbtVersion);
  const context = jinjaContext(
    input,
    dialect,
    input.uncertain === undefined ? {} : { uncertain: input.uncertain },
  );
  if (isUncertain(input, 'PROFILE') || isUncertain(input, 'PROFILES_DIR')) return undefined;
  const profileName =
    input.commandLine.profile ??
    readSetting(input.env, 'PROFILE', dialect)?.value ??
    input.project.profileName;
  if (profileName === undefined) {
    if (input.project.isProfileNameUnknown) return undefined;
    throw new DbtRunCacheError(`${input.project.path} names no profile`, {
      code: 'profile-not-found',
      hint: 'Add a "profile:" line to it, or pass --profile.',
    });
  }
  const place = await findProfilesDir(input, dialect);
  const file = await readYamlFile(join(place.dir, PROFILES_FILE_NAME), 'profile-invalid');
  if (file === undefined)
    throw noProfilesFile(place, profileName, { cwd: input.cwd, projectDir: input.project.dir });

  if (file.isDoubtful) return undefined;
  const profile = readProfile(file, profileName);
  const targetName = chooseTarget(input, file, profileName, profile, context, dialect);
  const base = { profileName, profilesDir: place.dir, path: file.path };
  const threads = flagThreads(input);
  if (targetName === undefined) {
    return { ...base, secrets: [], ...(threads === undefined ? {} : { threads }) };
  }

  const target = readTarget(file, profileName, profile, targetName);
  const at = ['outputs', targetName];
  const values = renderTarget(file, [profileName, ...at], target, context);
  const type = values('type');
  if (type === undefined) {
    throw invalid(
      'profile-invalid',
      located(file, profileName, ...at),
      `target "${targetName}" has no "type"`,
    );
  }
  const adapterType = type.kind === 'value' && typeof type.value === 'string' ? type.value : undefined;
  const threadsHere = threads ?? numberOf(values('threads'));
  const read = fieldsOf(target, (text) => renderJinja(text, context), {
    secrets: envSecrets(input.env),
    sourceOf: (place) => file.sourceOf(profileName, ...at, ...place),
  });
  const isLocal = adapterType === undefined ? undefined : isLocalWarehouse(adapterType, values);
  return {
    ...base,
    secrets: read.secretValues.filter((secret) => isWorthHiding(secret)),
    stateKeys: stateKeysOf(target),
    targetName,
    ...(adapterType === undefined
      ? {}
      : {
          adapterType,
          fields: read.fields,
          unknownFields: read.unknownFields,
          secretFields: read.secretFields,
          settings: settingsOf(file, profile),
        }),
    ...(threadsHere === undefined ? {} : { threads: threadsHere }),
    ...(isLocal === undefined ? {} : { isLocalWarehouse: isLocal }),
  };
}

/** dbt takes these as they stand. */
function settingsOf(file: YamlFile, profile: YamlMap): Readonly<Record<string, string>> {
  const { outputs: _, target: __, ...rest } = profile;
  const config = valueAt(file.root, 'config');
  const asWritten = (value: string): Rendered => ({ kind: 'value', value });
  const settings = { ...(config === undefined ? {} : { config }), profile: rest };
  return fieldsOf(settings, asWritten, { secrets: [], sourceOf: (at) => file.sourceOf(...at) }).fields;
}

/** Undefined when only dbt can tell. */
function chooseTarget(
  input: ProfileInput,
  file: YamlFile,
  profileName: string,
  profile: YamlMap,
  context: JinjaContext,
  dialect: DbtDialect,
): string | undefined {
  if (isUncertain(input, 'TARGET')) return undefined;
  const given = input.commandLine.target ?? readSetting(input.env, 'TARGET', dialect)?.value;
  if (given !== undefined) return given;
  const raw = valueAt(profile, 'target');
  if (raw === undefined) return 'default';
  const rendered = renderScalar(raw, context);
  if (rendered.kind === 'missing')
    throw missing(located(file, profileName, 'target'), 'target', rendered.variable);
  return rendered.kind === 'value' && rendered.value !== null ? pythonText(rendered.value) : undefined;
}

/**
 * Looks at every value of the target, since dbt renders all of them and fails on the first variable that is not set.
 * Returns a reader; only the callers above decide which values are fit to leave.
 */
function renderTarget(
  file: YamlFile,
  at: readonly string[],
  target: YamlMap,
  context: JinjaContext,
): (key: string) => Rendered | undefined {
  for (const key of Object.keys(target)) {
    // dbt takes a password that does not render as it stands.
    if (key === 'password') continue;
    const rendered = renderScalar(target[key], context);
    if (rendered.kind === 'missing') throw missing(located(file, ...at, key), key, rendered.variable);
  }
  return (key) => {
    const raw = valueAt(target, key);
    return raw === undefined ? undefined : renderScalar(raw, context);
  };
}

function renderScalar(raw: unknown, context: JinjaContext): Rendered {
  if (typeof raw === 'string') return renderJinja(raw, context);
  if (typeof raw === 'number' || typeof raw === 'boolean') return { kind: 'value', value: raw };
  return { kind: 'unknown' };
}

function missing(where: string, key: string, variable: string): DbtRunCacheError {
  return invalid(
    'profile-invalid',
    where,
    `"${key}" needs the environment variable ${variable}, which is not set`,
    `Set ${variable}, or give env_var() a default.`,
  );
}

function flagThreads(input: PlanInput): number | undefined {
  return numberOf({ kind: 'value', value: input.commandLine.threads ?? null });
}

function numberOf(rendered: Rendered | undefined): number | undefined {
  if (rendered?.kind !== 'value') return undefined;
  const { value } = rendered;
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

function isUncertain(input: ProfileInput, setting: 'PROFILE' | 'PROFILES_DIR' | 'TARGET'): boolean {
  const { profile, profilesDir, target } = input.commandLine;
  const flag = { PROFILE: profile, PROFILES_DIR: profilesDir, TARGET: target }[setting];
  return flag === undefined && isSettingUncertain(input.env, input.uncertain, setting);
}
