/** Adapters the plugin decides about. */
export const PLUGIN_ADAPTERS: ReadonlySet<string> = new Set([
  'bigquery',
  'databricks',
  'postgres',
  'redshift',
  'snowflake',
]);

/** Adapters dbt v2 uses dbt State on. On any other it is silent, even when it was told to use State. */
export const FUSION_ADAPTERS: ReadonlySet<string> = new Set([
  'bigquery',
  'databricks',
  'redshift',
  'snowflake',
  'spark',
]);
