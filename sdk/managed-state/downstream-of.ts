import type { Manifest } from '../artifacts/types.ts';
import { descendants } from './descendants.ts';
import type { NodeChange } from './node-change.ts';
import { stateNodes } from './state-nodes.ts';

/**
 * What stands below a node that `state:modified` lists, and below which of them: node by node the changed nodes it
 * descends from. With those nodes themselves it is what `state:modified+` lists.
 */
export function downstreamOf(
  changes: readonly NodeChange[],
  manifest: Manifest,
): ReadonlyMap<string, readonly string[]> {
  const listed = stateNodes(manifest);
  const found = new Map<string, string[]>();
  for (const { uniqueId } of changes.filter(({ selectedBy }) => selectedBy.includes('modified'))) {
    for (const below of descendants([uniqueId], manifest)) {
      if (!listed.has(below)) continue;
      const ancestors = found.get(below);
      if (ancestors === undefined) found.set(below, [uniqueId]);
      else ancestors.push(uniqueId);
    }
  }
  return found;
}
