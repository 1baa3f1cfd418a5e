import type { ManifestNode } from '../artifacts/types.ts';
import { objectAt } from './state-nodes.ts';

/**
 * Finds the node before for dbt v2: by its id, and a generic test by what it tests when its name has changed. Two tests
 * that test the same are not told apart, and so neither is found.
 */
export function previousInFusion(
  before: ReadonlyMap<string, ManifestNode>,
): (node: ManifestNode) => ManifestNode | undefined {
  const tests = new Map<string, ManifestNode | undefined>();
  for (const node of before.values()) {
    const tested = whatIsTested(node);
    if (tested !== undefined) tests.set(tested, tests.has(tested) ? undefined : node);
  }
  return (node) => {
    const tested = whatIsTested(node);
    return before.get(node.unique_id) ?? (tested === undefined ? undefined : tests.get(tested));
  };
}

function whatIsTested(node: ManifestNode): string | undefined {
  if (!node.attached_node || !node.test_metadata) return undefined;
  const { name, namespace } = node.test_metadata;
  const { model: _, ...kwargs } = objectAt(node.test_metadata, 'kwargs');
  const sorted = Object.entries(kwargs).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, namespace ?? null, node.attached_node, node.column_name ?? null, sorted]);
}
