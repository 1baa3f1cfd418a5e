import type { Manifest } from '../artifacts/types.ts';
import { stateNodes } from './state-nodes.ts';

/** What stands below any of the nodes, these left out unless one stands below another. */
export function descendants(
  uniqueIds: readonly string[],
  { child_map: children }: Pick<Manifest, 'child_map'>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = uniqueIds.flatMap((uniqueId) => children[uniqueId] ?? []);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(children[next] ?? []));
  }
  return found;
}

/** The nodes and what stands below them, as far as dbt lists it. */
export function withDescendants(uniqueIds: readonly string[], manifest: Manifest): readonly string[] {
  const listed = stateNodes(manifest);
  const all = new Set([...uniqueIds, ...descendants(uniqueIds, manifest)]);
  return [...all].filter((uniqueId) => listed.has(uniqueId));
}
