import type { ManifestNode } from '../artifacts/types.ts';

/** Kinds that dbt's `fqn:` does not look at, or that dbt names otherwise. */
const METHODS: Readonly<Record<string, string>> = {
  source: 'source',
  exposure: 'exposure',
  metric: 'metric',
  semantic_model: 'semantic_model',
  saved_query: 'saved_query',
  unit_test: 'unit_test',
};
/** Nothing stands below these. */
const LEAVES = new Set(['test', 'unit_test', 'exposure', 'saved_query', 'analysis']);

/**
 * The word that selects the node for dbt, and what stands below it. One word for dbt: what would part it (a space, a comma) or mean
 * something is a `?`, which stands for any character. It may select more than the node, never less.
 */
export function selectionToken(node: ManifestNode): string {
  const end = LEAVES.has(node.resource_type) ? '' : '+';
  const method = METHODS[node.resource_type];
  const path =
    method === undefined
      ? fqnOf(node)
      : [
          node.package_name,
          ...(node.resource_type === 'source' ? [String(node['source_name'])] : []),
          node.name,
        ];
  return `${method ?? 'fqn'}:${path.join('.').replace(/[^\p{L}\p{N}_.-]/gu, '?')}${end}`;
}

function fqnOf(node: ManifestNode): readonly string[] {
  const fqn = node['fqn'];
  return Array.isArray(fqn) && fqn.length > 0 ? fqn.map(String) : [node.package_name, node.name];
}
