/** An environment as it is passed around: never read from the process here. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; on Windows names differ in case only for the eye. */
export function readVariable(
  env: Environment,
  name: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const exact = env[name];
  if (exact !== undefined || platform !== 'win32') return exact;
  const wanted = name.toUpperCase();
  return Object.entries(env).find(([key]) => key.toUpperCase() === wanted)?.[1];
}

/** Options of dbt that a variable can give as well, by the second half of the variable's name. */
export type DbtSetting =
  | 'PROJECT_DIR'
  | 'PROFILES_DIR'
  | 'PROFILE'
  | 'TARGET'
  | 'TARGET_PATH'
  | 'LOG_PATH'
  | 'WRITE_JSON';

const SETTINGS: readonly DbtSetting[] = [
  'PROJECT_DIR',
  'PROFILES_DIR',
  'PROFILE',
  'TARGET',
  'TARGET_PATH',
  'LOG_PATH',
  'WRITE_JSON',
];

/** What the variables of one dbt version mean. Without a version: the newest we know. */
export interface DbtDialect {
  /** dbt 1.11 and later read `DBT_ENGINE_X` before `DBT_X`. */
  readonly hasEnginePrefix: boolean;
  /** dbt 1.8 and later read the profile and the target from the environment. */
  readonly hasProfileVariables: boolean;
  /** dbt 1.12 and later load a `.env` file. */
  readonly loadsDotEnv: boolean;
  /** dbt v2, which takes `DBT_X` before `DBT_ENGINE_X` and a relative `--log-path` from the project's folder. */
  readonly isFusion: boolean;
}

export function dialectOf(dbtVersion: string | undefined): DbtDialect {
  const match = /^(\d+)\.(\d+)/.exec(dbtVersion ?? '');
  const minor = match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * 1000 + Number(match[2]);
  return {
    hasEnginePrefix: minor >= 1011,
    hasProfileVariables: minor >= 1008,
    loadsDotEnv: minor >= 1012,
    isFusion: match !== null && minor >= 2000,
  };
}

/** The setting as dbt finds it in the environment: the first variable that is not empty. */
export function readSetting(
  env: Environment,
  setting: DbtSetting,
  dialect: DbtDialect,
): { readonly name: string; readonly value: string } | undefined {
  if (!dialect.hasProfileVariables && (setting === 'PROFILE' || setting === 'TARGET')) return undefined;
  for (const name of namesOf(setting, dialect)) {
    const value = readVariable(env, name);
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

function namesOf(setting: string, dialect: DbtDialect): readonly string[] {
  const [plain, engine] = [`DBT_${setting}`, `DBT_ENGINE_${setting}`];
  if (!dialect.hasEnginePrefix) return [plain];
  return dialect.isFusion ? [plain, engine] : [engine, plain];
}

/** Whether a `.env` file sets it in a way not worked out here, and nothing else does. */
export function isSettingUncertain(
  env: Environment,
  uncertain: ReadonlySet<string> | undefined,
  setting: DbtSetting,
): boolean {
  return [`DBT_ENGINE_${setting}`, `DBT_${setting}`].some(
    (name) => uncertain?.has(name) === true && readVariable(env, name) === undefined,
  );
}

/**
 * The variable as Jinja's `env_var()` sees it. For its own settings dbt gives the `DBT_ENGINE_` name and the `DBT_`
 * name one value, the former's when both are set.
 */
export function readJinjaVariable(env: Environment, name: string, dialect: DbtDialect): string | undefined {
  const setting = /^DBT_(?:ENGINE_)?(.+)$/.exec(name)?.[1];
  if (setting !== undefined && dialect.hasEnginePrefix && SETTINGS.some((known) => known === setting)) {
    return readVariable(env, `DBT_ENGINE_${setting}`) ?? readVariable(env, `DBT_${setting}`);
  }
  return readVariable(env, name);
}

/** A variable's text as the boolean dbt takes it for; undefined when dbt would refuse it. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 't', 'yes', 'y', 'on'].includes(word)) return true;
  if (['0', 'false', 'f', 'no', 'n', 'off'].includes(word)) return false;
  return undefined;
}
