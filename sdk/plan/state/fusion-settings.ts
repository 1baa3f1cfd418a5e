import { readVariable } from '../variables.ts';
import { valueAt } from '../yaml-file.ts';
import { type Candidate, type Found, variable } from './candidate.ts';
import { CATALOGUE, type CatalogueEntry, PLUGIN_PREFIXES } from './catalogue.ts';
import type { StateSettingsInput } from './input.ts';
import { previewOf } from './releases.ts';

/** One entry of the catalogue as dbt v2 finds it. */
export interface FusionField {
  readonly entry: CatalogueEntry;
  readonly found: readonly Found[];
  /** The variable that is read, if one is. */
  readonly read: Candidate | undefined;
}

/** Names that begin so are refused by dbt v2 unless it knows them. */
export const RESERVED_PREFIX = 'DBT_ENGINE_STATE_';
/** Those it knows and does not refuse; it reads only some. */
const ALLOWED: ReadonlySet<string> = new Set([
  'DBT_ENGINE_STATE_API_URL',
  'DBT_ENGINE_STATE_AUTH_URL',
  'DBT_ENGINE_STATE_EMIT_REUSED_STATUS',
  'DBT_ENGINE_STATE_OAUTH_CLIENT_ID',
  'DBT_ENGINE_STATE_TOKEN_URL',
]);
/** The preview the list above was taken from. */
const MEASURED_PREVIEW = 196;

/** Whether dbt v2 ends with an error for a variable of this name; undefined where that was not tried. */
export function isReserved(name: string, dbtVersion: string | undefined): boolean | undefined {
  if (!name.startsWith(RESERVED_PREFIX) || ALLOWED.has(name)) return false;
  return previewOf(dbtVersion) === MEASURED_PREVIEW ? true : undefined;
}

/** What dbt v2 finds: its variables, where one that is blank counts as not set, and a few keys of YAML. */
export function fusionFields(input: StateSettingsInput): FusionField[] {
  return CATALOGUE.map((entry) => {
    const ignored = whyUnread(entry, input.engine.dbtVersion);
    const names = entry.fusion ?? [];
    const present = names.flatMap((name) => {
      const value = readVariable(input.env, name);
      return value === undefined ? [] : [variable(name, value, entry.secret)];
    });
    const filled = present.filter(({ raw }) => typeof raw === 'string' && raw.trim() !== '');
    const candidates =
      entry.field === 'DEFER_TO'
        ? [...yamlOf(entry, input), ...filled]
        : [...filled, ...yamlOf(entry, input)];
    const blank = present.filter((candidate) => !filled.includes(candidate));
    return {
      entry,
      found: [
        ...(candidates.length === 0 ? [] : [{ field: entry.field, candidates, ignored }]),
        ...blank.map((candidate) => ({
          field: entry.field,
          candidates: [candidate],
          ignored: 'It is empty, which counts as not set.',
        })),
        ...unread(entry, input),
      ],
      read: ignored === undefined ? filled[0] : undefined,
    };
  });
}

function yamlOf({ field }: CatalogueEntry, { target, dbtCloud }: StateSettingsInput): Candidate[] {
  const key = { DEFER_TO: 'defer_to_target', ALLOW_CLONES: 'allow_clones' }[field];
  const value = key === undefined || target === undefined ? undefined : valueAt(target, key);
  if (value !== undefined && value !== null && value !== '') {
    return [{ source: { kind: 'profile', name: `profiles.yml: ${key}` }, raw: value, secret: false }];
  }
  const org = field === 'ORG_ID' && dbtCloud !== undefined ? valueAt(dbtCloud, 'state-org-id') : undefined;
  if (org === undefined || org === null) return [];
  return [
    { source: { kind: 'project', name: 'dbt_project.yml: dbt-cloud.state-org-id' }, raw: org, secret: false },
  ];
}

/** Names of the plugin's that dbt v2 passes over, in variables and in YAML. */
function unread({ field, secret, fusion = [] }: CatalogueEntry, input: StateSettingsInput): Found[] {
  const instead = fusion[0];
  const ignored = instead === undefined ? 'dbt v2 has no such setting.' : `dbt v2 reads ${instead}.`;
  const variables = PLUGIN_PREFIXES.map((prefix) => prefix + field)
    .filter((name) => !fusion.includes(name))
    .flatMap((name) => {
      const value = readVariable(input.env, name);
      return value === undefined ? [] : [variable(name, value, secret)];
    });
  const key = `run_cache_${field.toLowerCase()}`;
  const files = (['target', 'projectFlags'] as const).flatMap((place): Candidate[] => {
    const map = input[place];
    if (map === undefined || !Object.hasOwn(map, key)) return [];
    const source =
      place === 'target'
        ? ({ kind: 'profile', name: `profiles.yml: ${key}` } as const)
        : ({ kind: 'project', name: `dbt_project.yml: flags.${key}` } as const);
    return [{ source, raw: map[key], secret: secret === true }];
  });
  return [...variables, ...files].map((candidate) => ({ field, candidates: [candidate], ignored }));
}

function whyUnread({ fusionLacks }: CatalogueEntry, dbtVersion: string | undefined): string | undefined {
  const preview = previewOf(dbtVersion);
  return fusionLacks !== undefined && preview !== undefined && preview <= fusionLacks
    ? `dbt ${dbtVersion} does not read it.`
    : undefined;
}
