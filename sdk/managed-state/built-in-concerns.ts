import type { ManifestNode } from '../artifacts/types.ts';
import { materializationOf } from './macro-names.ts';

type Concerns = (node: ManifestNode) => boolean;

const tests: Concerns = (node) => node.resource_type === 'test' || node.resource_type === 'unit_test';
const nothing: Concerns = () => false;
const ofType =
  (type: string): Concerns =>
  (node) =>
    node.resource_type === type;

/** Macros of dbt's own whose part is known. Of any other nobody can tell. */
const KNOWN: readonly (readonly [RegExp, Concerns])[] = [
  [/^(get_where_subquery|get_test_sql|get_unit_test_sql|get_fixture_sql|get_expected_sql)$/, tests],
  [/^should_store_failures$/, tests],
  [/^(snapshot_\w+|build_snapshot\w*|strategy_dispatch|post_snapshot)$/, ofType('snapshot')],
  [/^(create_csv_table|reset_csv_table|load_csv_rows|get_csv_sql|get_batch_size)$/, ofType('seed')],
  // For `dbt docs generate`, `dbt source freshness`, `dbt show` and `dbt clone`.
  [/^(get_catalog|get_catalog_\w+|collect_freshness\w*|get_show_sql|can_clone_table)$/, nothing],
  [/^create_or_replace_clone$/, nothing],
];

/**
 * Which nodes a macro of dbt's own has a part in, beside those that call it.
 * @param name Without an adapter's prefix.
 * @returns undefined where nobody can tell.
 */
export function builtInConcerns(name: string): Concerns | undefined {
  const materialization = materializationOf(name);
  if (materialization === undefined) return KNOWN.find(([names]) => names.test(name))?.[1];
  switch (materialization) {
    case 'clone':
      return nothing;
    case 'unit':
      return ofType('unit_test');
    case 'test':
    case 'seed':
    case 'snapshot':
    case 'function':
      return ofType(materialization);
    default:
      return (node) => node.config?.['materialized'] === materialization;
  }
}
