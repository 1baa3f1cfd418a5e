/** What a value is read as. */
export type ValueKind = 'text' | 'boolean' | 'duration' | 'integer' | 'clone-mode' | 'cache-mode';

/** One setting of dbt State, by what reads it. */
export interface CatalogueEntry {
  /** The variable without its prefix. */
  readonly field: string;
  readonly kind: ValueKind;
  readonly secret?: true;
  /** How the plugin of dbt Core takes it: from variables and YAML, or from variables alone. Absent: not at all. */
  readonly plugin?: 'everywhere' | 'variables';
  /** The newest release looked at that does not know it yet. */
  readonly pluginLacks?: string;
  /** The oldest release looked at that no longer knows it. */
  readonly pluginDropped?: string;
  /** The variables dbt v2 reads, strongest first. Absent: none. */
  readonly fusion?: readonly string[];
  /** The newest preview of dbt v2 looked at that does not read it yet. */
  readonly fusionLacks?: number;
}

/** Releases looked at: run-cache 1.0.0 and 2.17.1; dbt-state 2.18.0, 2.22.8 and 2.62.3; dbt v2 preview 196 and its later sources. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  ...configuration('duration', ['FRESHNESS_TOLERANCE', 'CLONE_TIME_TRAVEL_LIMIT', 'METADATA_CACHE_TTL']),
  ...configuration('duration', ['API_CLIENT_TIMEOUT']),
  ...configuration('boolean', ['TOLERATE_NONDETERMINISM', 'ENABLE_RESPONSE_LOGGING', 'ENABLE_DATA_TESTS']),
  ...configuration('boolean', ['RUN_HOOKS_ON_NO_OP']),
  ...configuration('boolean', ['ENABLE_LENIENT_DEPENDENCIES'], {
    pluginLacks: '1.0.0',
    pluginDropped: '2.62.3',
  }),
  ...configuration('boolean', ['COMPARE_UNRENDERED_CODE', 'IGNORE_EXTERNAL_MODIFICATIONS'], {
    pluginLacks: '2.22.8',
    fusionLacks: 196,
  }),
  ...pluginOnly('boolean', ['ALLOW_CLONES', 'COMPARE_SELECTED_COLUMNS', 'ADAPTIVE_METADATA_FETCH'], '2.22.8'),
  ...configuration('integer', ['LOG_FILE_LIMIT']),
  ...configuration('integer', ['API_CLIENT_MAX_ATTEMPTS'], { pluginLacks: '2.22.8', fusionLacks: 196 }),
  ...configuration('clone-mode', ['CLONE_INCREMENTAL_IN_DEV']),
  ...pluginOnly('cache-mode', ['CACHE_MODE'], '1.0.0'),
  ...configuration('text', ['DEFER_TO', 'DEFER_LOG_LEVEL', 'LOG_DIR_OVERRIDE', 'LOG_PREFIX']),
  ...configuration('text', ['ORG_ID'], { fusion: ['RUN_CACHE_ORG_ID', 'DBT_CLOUD_STATE_ORG_ID'] }),
  ...configuration('text', ['SNOWFLAKE_GET_VIEW_DDL_OVERRIDE']),
  ...configuration('text', ['SNOWFLAKE_METADATA_WAREHOUSE'], { pluginLacks: '1.0.0' }),
  ...pluginOnly('text', ['DBT_PROJECT_ID'], '2.22.8'),
  {
    field: 'EMIT_REUSED_STATUS',
    kind: 'boolean',
    plugin: 'everywhere',
    pluginLacks: '1.0.0',
    fusion: ['DBT_ENGINE_STATE_EMIT_REUSED_STATUS'],
  },
  {
    field: 'OAUTH_CLIENT_ID',
    kind: 'text',
    plugin: 'everywhere',
    fusion: ['DBT_ENGINE_STATE_OAUTH_CLIENT_ID', 'RUN_CACHE_OAUTH_CLIENT_ID'],
  },
  {
    field: 'OAUTH_CLIENT_SECRET',
    kind: 'text',
    secret: true,
    plugin: 'everywhere',
    fusion: ['DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET', 'RUN_CACHE_OAUTH_CLIENT_SECRET'],
  },
  ...['API_URL', 'AUTH_URL', 'TOKEN_URL'].map((field) => variable(field, 'text', [`RUN_CACHE_${field}`])),
  variable('API_SECURE', 'boolean', ['RUN_CACHE_API_SECURE']),
  variable('HOME', 'text', ['DBT_ENGINE_STATE_HOME']),
  { field: 'CA_BUNDLE', kind: 'text', plugin: 'variables' },
  { field: 'WEB_APP_URL', kind: 'text', plugin: 'variables', pluginLacks: '2.22.8' },
];

/** Prefixes the plugin tries, strongest first. The first variable that is there wins, even when it is empty. */
export const PLUGIN_PREFIXES = [
  'DBT_ENGINE_STATE_',
  'DBT_ENV_SECRET_STATE_',
  'RUN_CACHE_',
  'DBT_RUN_CACHE_',
] as const;

/** Of those, what run-cache 1.0.0 tries. */
export const FIRST_PREFIXES: readonly string[] = ['RUN_CACHE_', 'DBT_RUN_CACHE_'];

/** The newest release looked at that reads `run_cache_<name>` alone in YAML, and the oldest that reads `<name>` too. */
export const PREFIXED_KEYS_UP_TO = '2.22.8';
export const BARE_KEYS_SINCE = '2.62.3';

/** The oldest release that keeps its login where we look for it. */
export const LOGIN_IN_DBT_HOME_SINCE = '2.18.0';

/** Variables under one of the prefixes that the plugin itself writes for dbt's Jinja; nobody sets anything by them. */
export const WRITTEN_BY_PLUGIN: ReadonlySet<string> = new Set([
  'DBT_RUN_CACHE_GIT_BRANCH',
  'DBT_RUN_CACHE_GIT_BRANCH_SANITIZED',
]);

/** Variables that switch State, and are no setting of it otherwise. */
export const SWITCHES: ReadonlySet<string> = new Set([
  'DBT_ENGINE_MANAGE_STATE',
  'RUN_CACHE_DISABLED',
  'DBT_RUN_CACHE_DISABLED',
  'RUN_CACHE_ENABLED',
]);

function configuration(
  kind: ValueKind,
  fields: readonly string[],
  more: Partial<CatalogueEntry> = {},
): CatalogueEntry[] {
  return fields.map((field) => ({
    field,
    kind,
    plugin: 'everywhere',
    fusion: [`RUN_CACHE_${field}`],
    ...more,
  }));
}

function pluginOnly(kind: ValueKind, fields: readonly string[], pluginLacks: string): CatalogueEntry[] {
  return fields.map((field) => ({ field, kind, plugin: 'everywhere', pluginLacks }));
}

function variable(field: string, kind: ValueKind, fusion: readonly string[]): CatalogueEntry {
  return { field, kind, plugin: 'variables', fusion };
}
