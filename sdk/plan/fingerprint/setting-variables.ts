import type { PartInput } from '../../dedup/key.ts';
import { isSecretName } from '../environment.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { isCosmetic, STATE_OPTIONS, whyLeftOut } from './option-kinds.ts';

type Known = Extract<PartInput, { readonly kind: 'known' }>;

/** Variables of dbt that no result depends on, beside those of cosmetic options. */
const WITHOUT_RESULT: ReadonlySet<string> = new Set(['NO_PRINT', 'INVOCATION_ENV']);
/** Those that are left out as their options are. Of other options that are, dbt reads no variable, or it counts here. */
const LEFT_OUT_LIKE_OPTIONS: ReadonlySet<string> = new Set([
  ...['log-path', 'profile', 'profiles-dir', 'project-dir', 'target', 'target-path'],
]);
/** Not dbt's own settings: secrets, metadata for reports, and other programs' settings. */
const OTHERS: readonly (readonly [prefix: string, why: string])[] = [
  ['DBT_ENV_SECRET_', 'it is a secret'],
  ['DBT_ENV_CUSTOM_ENV_', 'it is metadata that dbt copies into its artifacts'],
  ['DBT_RUNCACHE_', 'it is a setting of dbt-runcache, which dbt does not see'],
  ['DBT_CLOUD_', 'it says where a run belongs on the dbt platform'],
];

/** dbt's own settings by environment: every `DBT_` variable, also one that nobody here knows. */
export function settingVariables({
  dotEnv,
  stateSettings,
}: Pick<FingerprintInput, 'dotEnv' | 'stateSettings'>): Known | Extract<PartInput, { kind: 'unknown' }> {
  const state = new Set(stateSettings.settings.map(({ source }) => source.name));
  const items: Record<string, string> = {};
  const leftOut: Record<string, string> = {};
  for (const [typed, value] of Object.entries(dotEnv.env)) {
    const name = nameOf(typed);
    if (value === undefined || name === undefined) continue;
    const why = state.has(typed) ? 'it counts among the settings of dbt State' : whyVariableLeftOut(name);
    if (why === undefined) items[name] = value;
    else leftOut[name] = why;
  }
  const open = [...dotEnv.uncertain].find((typed) => {
    const name = nameOf(typed);
    if (name === undefined || dotEnv.env[typed] !== undefined) return false;
    // A folder of an earlier run: only its path can be left out, and that is not known.
    return isStateVariable(name) || whyVariableLeftOut(name) === undefined;
  });
  if (open === undefined) return { kind: 'known', items, leftOut };
  return { kind: 'unknown', why: `the .env file sets ${open} in a way that only dbt can work out` };
}

function nameOf(typed: string): string | undefined {
  const name = process.platform === 'win32' ? typed.toUpperCase() : typed;
  return name.startsWith('DBT_') ? name : undefined;
}

function whyVariableLeftOut(name: string): string | undefined {
  const other = OTHERS.find(([prefix]) => name.startsWith(prefix));
  if (other !== undefined) return other[1];
  if (isSecretName(name)) return 'its name says that it is a secret';
  const setting = name.replace(/^DBT_(?:ENGINE_)?/, '');
  const option = setting.toLowerCase().replaceAll('_', '-');
  if (WITHOUT_RESULT.has(setting) || isCosmetic(option)) return whyLeftOut('quiet');
  if (isStateVariable(name)) return whyLeftOut('state');
  return LEFT_OUT_LIKE_OPTIONS.has(option) ? whyLeftOut(option) : undefined;
}

/** Variables that name a folder with the artifacts of an earlier run. */
export function isStateVariable(name: string): boolean {
  const option = name
    .replace(/^DBT_(?:ENGINE_)?/, '')
    .toLowerCase()
    .replaceAll('_', '-');
  return STATE_OPTIONS.has(option) || option === 'artifact-state-path';
}
