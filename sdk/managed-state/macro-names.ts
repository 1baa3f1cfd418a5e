import type { JsonObject } from '../artifacts/types.ts';

export const NAMING: readonly string[] = [
  'generate_schema_name',
  'generate_alias_name',
  'generate_database_name',
];

/** Whether a macro came with dbt or an adapter. */
export function isOfDbt({ package_name: name }: JsonObject): boolean {
  return (
    typeof name === 'string' &&
    /^dbt(_(duckdb|postgres|redshift|snowflake|bigquery|spark|databricks))?$/.test(name)
  );
}

/** The name that a macro is called by: `default__current_timestamp` is called as `current_timestamp`. */
export function undispatched({ name }: JsonObject): string {
  return String(name).replace(/^[a-z0-9]+__/, '');
}

/** The materialization that a macro makes: `table` for `materialization_table_duckdb`. */
export function materializationOf(macroName: string): string | undefined {
  return /^materialization_(\w+)_[a-z0-9]+$/.exec(macroName)?.[1];
}
