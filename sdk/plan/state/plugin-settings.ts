import { readVariable } from '../variables.ts';
import { isMap, valueAt } from '../yaml-file.ts';
import { type Candidate, type Found, variable } from './candidate.ts';
import {
  BARE_KEYS_SINCE,
  CATALOGUE,
  type CatalogueEntry,
  FIRST_PREFIXES,
  PLUGIN_PREFIXES,
  PREFIXED_KEYS_UP_TO,
} from './catalogue.ts';
import type { StateSettingsInput, Yaml } from './input.ts';
import { compareReleases } from './releases.ts';
import type { SettingSource } from './setting.ts';

/** One entry of the catalogue as the plugin finds it. */
export interface PluginField {
  readonly entry: CatalogueEntry;
  readonly found: readonly Found[];
  /**
   * The strongest of each place. The plugin reads them all, and fails on any. What nobody knows whether this release
   * reads is left out.
   */
  readonly read: readonly Candidate[];
}

/**
 * What the plugin of dbt Core finds: variables, then dbt_cloud.yml, the target in profiles.yml, and dbt_project.yml.
 * Within a place the first name that is there wins; a variable that is there and empty hides those behind it.
 */
export function pluginFields(input: StateSettingsInput): PluginField[] {
  return CATALOGUE.filter(({ plugin }) => plugin !== undefined).map((entry) => {
    const environment = fromEnvironment(entry, input);
    const files =
      entry.plugin === 'everywhere'
        ? [fromCloudFile(entry, input), fromTarget(entry, input), fromProject(entry, input)]
        : [];
    const places = [environment.candidates, ...files];
    const candidates = places.flat();
    const ignored = whyUnknown(entry, input.engine.stateVersion);
    return {
      entry,
      found: [
        ...(candidates.length === 0 ? [] : [{ field: entry.field, candidates, ignored }]),
        ...environment.hidden,
        ...(entry.plugin === 'everywhere' ? unreadKeys(entry, input) : []),
      ],
      read: ignored === undefined ? places.flatMap(([strongest]) => certainOf(strongest, entry, input)) : [],
    };
  });
}

/** The prefixes a release of the plugin tries. */
export function prefixesOf(stateVersion: string | null | undefined): readonly string[] {
  return stateVersion != null && compareReleases(stateVersion, '1.0.0') <= 0
    ? FIRST_PREFIXES
    : PLUGIN_PREFIXES;
}

function fromEnvironment(
  { field, secret }: CatalogueEntry,
  { env, engine }: StateSettingsInput,
): { candidates: Candidate[]; hidden: Found[] } {
  const known = prefixesOf(engine.stateVersion);
  const hidden: Found[] = [];
  const candidates: Candidate[] = [];
  for (const prefix of PLUGIN_PREFIXES) {
    const value = readVariable(env, prefix + field);
    if (value === undefined) continue;
    const candidate = variable(prefix + field, value, secret);
    if (known.includes(prefix)) candidates.push(candidate);
    else {
      const ignored = `run-cache ${engine.stateVersion} reads RUN_CACHE_${field} only.`;
      hidden.push({ field, candidates: [candidate], ignored });
    }
  }
  const [first, ...others] = candidates;
  if (first?.raw !== '') return { candidates, hidden };
  const empty = { field, candidates: [first], ignored: 'It is empty, which counts as not set.' };
  const behind = others.map((candidate) => ({
    field,
    candidates: [candidate],
    ignored: `${first.source.name} is there, though empty, and hides it.`,
  }));
  return { candidates: [], hidden: [empty, ...behind, ...hidden] };
}

function fromCloudFile(
  { field, secret }: CatalogueEntry,
  { cloudFile, dbtCloud, engine }: StateSettingsInput,
): Candidate[] {
  const key = { OAUTH_CLIENT_ID: 'client-id', OAUTH_CLIENT_SECRET: 'client-secret' }[field];
  if (key === undefined || !isFilled(dbtCloud) || cloudFile === undefined || cloudFile === 'unreadable')
    return [];
  if (engine.stateVersion != null && compareReleases(engine.stateVersion, '1.0.0') <= 0) return [];
  const state = valueAt(cloudFile, 'state');
  if (!isMap(state)) return [];
  // One without the other counts nothing.
  if (!valueAt(state, 'client-id') || !valueAt(state, 'client-secret')) return [];
  const source = { kind: 'credentials-file', name: `dbt_cloud.yml: state.${key}` } as const;
  return [{ source, raw: valueAt(state, key), secret: secret === true }];
}

function fromTarget({ field, secret }: CatalogueEntry, { target, engine }: StateSettingsInput): Candidate[] {
  if (target === undefined) return [];
  const special: string[] = [];
  if (field === 'DEFER_TO' && valueAt(target, 'defer_to_target')) special.push('defer_to_target');
  if (
    field === 'SNOWFLAKE_METADATA_WAREHOUSE' &&
    valueAt(target, 'type') === 'snowflake' &&
    valueAt(target, 'metadata_warehouse')
  )
    special.push('metadata_warehouse');
  return [...special, ...keysOf(field, engine.stateVersion)]
    .filter((key) => Object.hasOwn(target, key))
    .map((key) => inFile('profile', `profiles.yml: ${key}`, target[key], secret));
}

function fromProject(
  { field, secret }: CatalogueEntry,
  { projectFlags, dbtCloud, engine }: StateSettingsInput,
): Candidate[] {
  const flags = projectFlags ?? {};
  const inFlags = keysOf(field, engine.stateVersion)
    .filter((key) => Object.hasOwn(flags, key))
    .map((key) => inFile('project', `dbt_project.yml: flags.${key}`, flags[key], secret));
  const cloudKey = { ORG_ID: 'state-org-id', DBT_PROJECT_ID: 'project-id' }[field];
  const inCloud = cloudKey === undefined || dbtCloud === undefined ? undefined : valueAt(dbtCloud, cloudKey);
  return inCloud === undefined || inCloud === null || inCloud === ''
    ? inFlags
    : [inFile('project', `dbt_project.yml: dbt-cloud.${cloudKey}`, inCloud, undefined), ...inFlags];
}

/** The keys of a setting in YAML, strongest first; a release that nobody looked at may read both. */
function keysOf(field: string, version: string | null | undefined): string[] {
  const prefixed = `run_cache_${field.toLowerCase()}`;
  return readsBareKeys(version) === false ? [prefixed] : [prefixed, field.toLowerCase()];
}

/** Undefined where nobody knows. */
function readsBareKeys(version: string | null | undefined): boolean | undefined {
  if (version == null) return undefined;
  if (compareReleases(version, PREFIXED_KEYS_UP_TO) <= 0) return false;
  return compareReleases(version, BARE_KEYS_SINCE) >= 0 ? true : undefined;
}

/** Keys without the prefix, which older releases pass over. */
function unreadKeys({ field, secret }: CatalogueEntry, input: StateSettingsInput): Found[] {
  const { target, projectFlags, engine } = input;
  if (readsBareKeys(engine.stateVersion) !== false) return [];
  const key = field.toLowerCase();
  const ignored = `Version ${engine.stateVersion} of the State plugin reads run_cache_${key} only.`;
  const places = [
    ['profile', `profiles.yml: ${key}`, target],
    ['project', `dbt_project.yml: flags.${key}`, projectFlags],
  ] as const;
  return places.flatMap(([kind, name, map]) =>
    map !== undefined && Object.hasOwn(map, key)
      ? [{ field, candidates: [inFile(kind, name, map[key], secret)], ignored }]
      : [],
  );
}

function certainOf(
  strongest: Candidate | undefined,
  { field }: CatalogueEntry,
  { engine }: StateSettingsInput,
): Candidate[] {
  if (strongest === undefined) return [];
  const { kind, name } = strongest.source;
  const isBare =
    (kind === 'profile' || kind === 'project') &&
    /(?:: |flags\.)(\w+)$/.exec(name)?.[1] === field.toLowerCase();
  return isBare && readsBareKeys(engine.stateVersion) !== true ? [] : [strongest];
}

function inFile(
  kind: SettingSource['kind'],
  name: string,
  raw: unknown,
  secret: boolean | undefined,
): Candidate {
  return { source: { kind, name }, raw, secret: secret === true };
}

export function isFilled(map: Yaml | undefined): map is Yaml {
  return map !== undefined && Object.keys(map).length > 0;
}

function whyUnknown(entry: CatalogueEntry, version: string | null | undefined): string | undefined {
  if (version == null) return undefined;
  const { pluginLacks, pluginDropped } = entry;
  const isTooOld = pluginLacks !== undefined && compareReleases(version, pluginLacks) <= 0;
  const isTooNew = pluginDropped !== undefined && compareReleases(version, pluginDropped) >= 0;
  return isTooOld || isTooNew ? `Version ${version} of the State plugin does not know it.` : undefined;
}
