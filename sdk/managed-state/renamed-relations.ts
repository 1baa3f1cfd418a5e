import type { ManifestNode } from '../artifacts/types.ts';

/** A node of both manifests. */
export interface Both {
  readonly uniqueId: string;
  readonly old: ManifestNode;
  readonly now: ManifestNode;
}

/**
 * Those whose table has another name for another reason than the target: a pull request builds into a schema of its own, and
 * there every name differs. What all that was in one schema has in common is the target's doing; what of it goes elsewhere is not.
 * @param isNamedAnew Whether something that decides names has changed: then every other name counts.
 */
export function renamedRelations(nodes: readonly Both[], isNamedAnew: boolean): readonly Both[] {
  const differing = nodes.filter(
    ({ old, now }) => old.relation_name && now.relation_name && old.relation_name !== now.relation_name,
  );
  if (isNamedAnew) return differing;
  const usual = usualPlaces(nodes);
  return differing.filter(({ old, now }) => {
    if (tableOf(old) !== tableOf(now)) return true;
    // The same place written otherwise: quotes.
    if (placeOf(old) === placeOf(now)) return true;
    return usual.get(placeOf(old)) !== placeOf(now);
  });
}

/** Where most of what was in a schema is now. */
function usualPlaces(nodes: readonly Both[]): ReadonlyMap<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const { old, now } of nodes) {
    if (!old.relation_name || !now.relation_name) continue;
    const places = counts.get(placeOf(old)) ?? new Map<string, number>();
    counts.set(placeOf(old), places.set(placeOf(now), (places.get(placeOf(now)) ?? 0) + 1));
  }
  return new Map(
    [...counts].map(([place, places]) => {
      const [first, second] = [...places].toSorted(([, a], [, b]) => b - a);
      // Of two that are as usual neither is.
      const isClear = second === undefined || (first?.[1] ?? 0) > second[1];
      return [place, isClear ? (first?.[0] ?? '') : ''];
    }),
  );
}

function placeOf(node: ManifestNode): string {
  const kind = node.resource_type === 'source' ? 'source' : 'built';
  return JSON.stringify([kind, node['database'] ?? null, node['schema'] ?? null]);
}

function tableOf(node: ManifestNode): unknown {
  return node['identifier'] ?? node['alias'] ?? node.name;
}
