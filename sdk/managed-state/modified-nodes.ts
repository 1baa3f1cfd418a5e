import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import { optional } from '../util/optional.ts';
import { compareNodes, type Differences } from './compare-nodes.ts';
import { comparisonOf } from './comparison.ts';
import type { ChangeKind, ChangeSelector, MacroChange, NodeChange } from './node-change.ts';
import type { CoreSettings, Rules } from './rules.ts';
import { type ManagedStateEngine, stateNodes } from './state-nodes.ts';

/**
 * The nodes of the manifest now that dbt's `state:` selectors list against the manifest before, and why.
 * Both manifests must come from the engine named, in one line of versions: dbt itself finds differences between lines
 * where nothing was edited. What dbt does not compare is not here; `overlooked()` names some of it.
 * @param settings What stands in no manifest. Default: as the dbt version of the manifest now does it.
 */
export function modifiedNodes(
  before: Manifest,
  now: Manifest,
  engine: ManagedStateEngine,
  settings?: Partial<CoreSettings>,
): readonly NodeChange[] {
  const { rulesFor, previous, macroChanges } = comparisonOf(engine, before, now, settings);
  const changes: NodeChange[] = [];
  for (const [uniqueId, node] of stateNodes(now)) {
    const old = previous(node);
    const macros = macroChanges(node);
    const rules = rulesFor(node);
    const change = old === undefined ? newNode(uniqueId, rules, macros) : changeOf(old, node, rules, macros);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function newNode(uniqueId: string, rules: Rules, macros: readonly MacroChange[]): NodeChange {
  const selectedBy = new Set<ChangeSelector>(rules.whenNew);
  if (macros.length > 0) for (const selector of BY_MACROS) selectedBy.add(selector);
  return { uniqueId, kinds: ['new'], selectedBy: [...selectedBy] };
}

function changeOf(
  old: ManifestNode,
  node: ManifestNode,
  rules: Rules,
  macros: readonly MacroChange[],
): NodeChange | undefined {
  const found = compareNodes(old, node, rules);
  const kinds = kindsOf(found, macros);
  if (kinds.length === 0) return undefined;
  const selectedBy = kinds.flatMap((kind) => SELECTOR_OF[kind] ?? []);
  const counts = (kind: ChangeKind) =>
    kind === 'macros' || rules.modifiedBy === undefined || rules.modifiedBy.some((each) => each === kind);
  return {
    uniqueId: node.unique_id,
    kinds,
    selectedBy: kinds.some(counts) ? ['modified', ...selectedBy] : selectedBy,
    ...listed('configs', found.configs),
    ...listed('relation', found.relation),
    ...listed('macros', macros),
    ...listed('properties', found.properties),
  };
}

const BY_MACROS: readonly ChangeSelector[] = ['modified', 'modified.macros'];

const SELECTOR_OF: Readonly<Partial<Record<ChangeKind, ChangeSelector>>> = {
  body: 'modified.body',
  configs: 'modified.configs',
  relation: 'modified.relation',
  'persisted-descriptions': 'modified.persisted_descriptions',
  macros: 'modified.macros',
  contract: 'modified.contract',
};

function kindsOf(found: Differences, macros: readonly MacroChange[]): readonly ChangeKind[] {
  const differs: Readonly<Record<Exclude<ChangeKind, 'new'>, boolean>> = {
    body: found.body,
    configs: found.configs.length > 0,
    relation: found.relation.length > 0,
    'persisted-descriptions': found.descriptions,
    macros: macros.length > 0,
    contract: found.contract,
    path: found.path,
    properties: found.properties.length > 0,
  };
  const kinds = Object.keys(differs) as (keyof typeof differs)[];
  return kinds.filter((kind) => differs[kind]);
}

/** A property for a list that is not empty. */
function listed<Name extends string, Item>(
  name: Name,
  items: readonly Item[],
): { readonly [key in Name]?: readonly Item[] } {
  return optional(name, items.length > 0 ? items : undefined);
}
