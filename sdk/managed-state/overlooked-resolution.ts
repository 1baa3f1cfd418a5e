import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import { macrosOf, reachedMacros } from './macro-changes.ts';
import { isOfDbt } from './macro-names.ts';
import type { Oversight } from './oversight.ts';
import { objectAt, stateNodes } from './state-nodes.ts';

/**
 * Nodes whose text is the same and means something else: a `ref()` finds another node, a call another macro (a new one stands in
 * front of it, or `dispatch:` looks elsewhere). And seeds that are too large for dbt to look into: it compares their path alone.
 */
export function overlookedResolution(
  before: Manifest,
  now: Manifest,
  listed: ReadonlySet<string>,
): readonly Oversight[] {
  const old = stateNodes(before);
  const [oldMacros, macros] = [macrosOf(before), macrosOf(now)];
  return [...stateNodes(now)].flatMap(([uniqueId, node]): readonly Oversight[] => {
    const previous = old.get(uniqueId);
    if (previous === undefined || listed.has(uniqueId)) return [];
    const callsAnother = !sameSet(behind(previous, oldMacros), behind(node, macros));
    const fields = [
      ...(sameSet(parents(previous), parents(node)) ? [] : ['depends_on.nodes']),
      ...(callsAnother ? ['depends_on.macros'] : []),
      ...(isUnread(previous) && isUnread(node) ? ['checksum'] : []),
    ];
    return fields.length > 0 ? [{ kind: 'not-compared', uniqueId, fields }] : [];
  });
}

/**
 * The macros behind a node. Of those that it calls dbt notes more while it runs, macros of dbt's own, and `parse` of dbt v2 notes
 * what they call at the node and not at them. What stands in front of one of dbt's own is a macro of the project, and counts.
 */
function behind(node: ManifestNode, macros: ReturnType<typeof macrosOf>): readonly string[] {
  return [...reachedMacros([node], macros)].filter((id) => !isOfDbt(macros[id] ?? {}));
}

function parents(node: ManifestNode): readonly string[] {
  return node.depends_on?.nodes ?? [];
}

function isUnread(node: ManifestNode): boolean {
  return node.resource_type === 'seed' && objectAt(node, 'checksum')['name'] === 'path';
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((one) => right.has(one));
}
