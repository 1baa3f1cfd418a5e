import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import type { NodeChange } from './node-change.ts';
import type { Oversight } from './oversight.ts';
import { type Both, renamedRelations } from './renamed-relations.ts';
import { same } from './same.ts';
import { type ManagedStateEngine, objectAt, stateNodes } from './state-nodes.ts';

/**
 * Nodes that are gone, renamed by something else than a config or the target, or hooks of the project.
 * @param isNamedAnew Whether a macro that names tables has changed.
 */
export function overlookedNodes(
  before: Manifest,
  now: Manifest,
  engine: ManagedStateEngine,
  changes: readonly NodeChange[],
  isNamedAnew = false,
): readonly Oversight[] {
  const [old, current] = [stateNodes(before), stateNodes(now)];
  const relations = new Set(
    changes.filter(({ kinds }) => kinds.includes('relation')).map((each) => each.uniqueId),
  );
  const found: Oversight[] = [];
  const both: Both[] = [];
  for (const [uniqueId, node] of old) {
    const successor = current.get(uniqueId);
    if (engine === 'core' && contractIsRefused(node, successor))
      found.push({ kind: 'contract-refused', uniqueId });
    if (successor === undefined) {
      found.push({ kind: 'removed', uniqueId });
      continue;
    }
    if (!relations.has(uniqueId)) both.push({ uniqueId, old: node, now: successor });
  }
  for (const { uniqueId, old: node, now: successor } of renamedRelations(both, isNamedAnew)) {
    const [from, to] = [node.relation_name ?? '', successor.relation_name ?? ''];
    found.push({ kind: 'relation', uniqueId, from, to });
  }
  for (const [uniqueId, hook] of Object.entries(now.nodes)) {
    if (hook.resource_type !== 'operation') continue;
    if (hook.raw_code !== before.nodes[uniqueId]?.raw_code) found.push({ kind: 'project-hook', uniqueId });
  }
  return found;
}

/**
 * Whether dbt Core raises `ContractBreakingChangeError`: `same_contract`, `same_contract_removed`. Constraints are left
 * out, since an adapter decides which of them it enforces.
 */
function contractIsRefused(old: ManifestNode, now: ManifestNode | undefined): boolean {
  const contract = objectAt(old, 'contract');
  if (contract['enforced'] !== true || old['version'] === undefined || old['version'] === null) return false;
  // From its deprecation date on a model may go.
  if (now === undefined) return !old['deprecation_date'];
  const current = objectAt(now, 'contract');
  if (current['enforced'] !== true) return true;
  if (same(contract['checksum'], current['checksum'])) return false;
  const columns = objectAt(now, 'columns');
  return Object.keys(objectAt(old, 'columns')).some(
    (name) => !(name in columns) || baseType(old, name) !== baseType(now, name),
  );
}

/** A type without its size: `_normalize_data_type_for_comparison`. */
function baseType(node: ManifestNode, column: string): string {
  const type = objectAt(objectAt(node, 'columns'), column)['data_type'];
  return typeof type === 'string' ? (type.split('(')[0] ?? '').trim().toLowerCase() : '';
}
