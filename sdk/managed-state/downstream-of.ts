import type { Manifest } from '../artifacts/types.ts';
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
    for (const below of descendants(uniqueId, manifest)) {
      if (!listed.has(below)) continue;
      const ancestors = found.get(below);
      if (ancestors === undefined) found.set(below, [uniqueId]);
      else ancestors.push(uniqueId);
    }
  }
  return found;
}

function descendants(uniqueId: string, { child_map: children }: Manifest): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...(children[uniqueId] ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(children[next] ?? []));
  }
  return found;
}
