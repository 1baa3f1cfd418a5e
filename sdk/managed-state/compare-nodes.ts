import type { JsonObject, ManifestNode } from '../artifacts/types.ts';
import type { Rules } from './rules.ts';
import { differing, same } from './same.ts';
import { objectAt } from './state-nodes.ts';

/** How two versions of a node differ, macros aside, as far as its engine compares them. */
export interface Differences {
  readonly body: boolean;
  readonly configs: readonly string[];
  readonly relation: readonly string[];
  readonly descriptions: boolean;
  readonly contract: boolean;
  readonly path: boolean;
  readonly properties: readonly string[];
}

export function compareNodes(old: ManifestNode, now: ManifestNode, rules: Rules): Differences {
  return {
    body: rules.body !== undefined && !same(now[rules.body], old[rules.body]),
    configs: differingConfigs(old, now, rules.configs),
    relation: differingRelation(old, now, rules.relation),
    descriptions: rules.descriptions !== undefined && descriptionsDiffer(old, now, rules.descriptions),
    contract: rules.contract !== undefined && contractDiffers(old, now, rules.contract),
    path: rules.path === true && !same(now['fqn'], old['fqn']),
    properties: (rules.properties ?? []).filter((name) => !same(fieldAt(now, name), fieldAt(old, name))),
  };
}

function differingConfigs(old: ManifestNode, now: ManifestNode, rule: Rules['configs']): readonly string[] {
  if (rule === undefined) return [];
  if (rule.unlessRenderedSame === true) {
    const { unlessRenderedSame: _, ...asWritten } = rule;
    const rendered = differingConfigs(old, now, { ...asWritten, field: 'config' });
    return rendered.length > 0 ? differingConfigs(old, now, asWritten) : [];
  }
  const [before, current] = [objectAt(old, rule.field), objectAt(now, rule.field)];
  const names = rule.only ?? [...new Set([...Object.keys(current), ...Object.keys(before)])];
  const compared = names.filter((name) => rule.except?.includes(name) !== true);
  return compared.filter((name) => {
    const unset = name in before !== name in current && rule.nullIsUnset !== true;
    return unset || !same(before[name], current[name]);
  });
}

/** What is configured, not what became of it: the rest comes from the target and from generate_*_name macros. */
function differingRelation(old: ManifestNode, now: ManifestNode, rule: Rules['relation']): readonly string[] {
  if (rule === undefined) return [];
  if (rule === 'source') return differing(['database', 'schema', 'identifier'], old, now);
  if (rule === 'unrendered-source') {
    const names = differing(['unrendered_database', 'unrendered_schema', 'identifier'], old, now);
    return names.map((name) => name.replace('unrendered_', ''));
  }
  return differing(
    ['database', 'schema', 'alias'],
    objectAt(old, 'unrendered_config'),
    objectAt(now, 'unrendered_config'),
  );
}

/** `same_persisted_description`. dbt v2 also lists a node whose `persist_docs` is switched. */
function descriptionsDiffer(
  old: ManifestNode,
  now: ManifestNode,
  rule: NonNullable<Rules['descriptions']>,
): boolean {
  const [before, current] = [persistDocs(old), persistDocs(now)];
  if (rule === 'persisted-or-switched' && !same(before, current)) return true;
  if (current.relation && !same(comparedText(old, rule), comparedText(now, rule))) return true;
  return current.columns && !same(columnDescriptions(old, rule), columnDescriptions(now, rule));
}

function persistDocs(node: ManifestNode): { readonly relation: boolean; readonly columns: boolean } {
  const config = objectAt(node.config ?? {}, 'persist_docs');
  return { relation: Boolean(config['relation']), columns: Boolean(config['columns']) };
}

function columnDescriptions(node: ManifestNode, rule: Rules['descriptions']): JsonObject {
  const columns = Object.entries(objectAt(node, 'columns')) as [string, JsonObject][];
  // To dbt Core a column without a description is one more that differs.
  const described = columns.map(([name, column]) => [name, comparedText(column, rule)] as const);
  return Object.fromEntries(rule === 'persisted' ? described : described.filter(([, text]) => text !== ''));
}

/** A description as it is compared: dbt v2 leaves white space out. */
function comparedText(described: JsonObject, rule: Rules['descriptions']): string {
  const text = String(described['description'] ?? '');
  return rule === 'persisted' ? text : text.replace(/\s/g, '');
}

/** `same_contract`: dbt Core writes a digest of what the contract says beside it. */
function contractDiffers(
  old: ManifestNode,
  now: ManifestNode,
  rule: NonNullable<Rules['contract']>,
): boolean {
  const [before, current] = [objectAt(old, 'contract'), objectAt(now, 'contract')];
  const [wasEnforced, isEnforced] = [before['enforced'] === true, current['enforced'] === true];
  if (wasEnforced !== isEnforced) return true;
  return isEnforced && rule === 'checksum' && !same(before['checksum'], current['checksum']);
}

/** A field of the node, or of an object in it: `depends_on.nodes`. */
function fieldAt(node: JsonObject, path: string): unknown {
  const [name = '', ...rest] = path.split('.');
  const value = node[name];
  if (path === 'exports' && Array.isArray(value)) return value.map(comparedOfExport);
  if (rest.length === 0) return value;
  const found = objectAt(node, name)[rest.join('.')];
  // Exposure.same_depends_on compares sets.
  return path === 'depends_on.nodes' && Array.isArray(found) ? [...new Set(found)].sort() : found;
}

/** `SavedQuery.same_exports` */
function comparedOfExport(saved: JsonObject): unknown {
  const { export_as, schema, alias } = objectAt(saved, 'unrendered_config');
  return [saved['name'], export_as, schema, alias];
}
