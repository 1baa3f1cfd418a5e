import type { JsonObject, Manifest, ManifestNode } from '../artifacts/types.ts';
import type { Oversight } from './oversight.ts';
import { differing } from './same.ts';
import { objectAt, stateNodes } from './state-nodes.ts';

/** Fields that dbt Core compares and dbt v2 does not, by kind of node. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  model: ['latest_version', 'deprecation_date'],
  test: ['raw_code'],
  unit_test: ['model', 'given', 'expect', 'overrides', 'versions'],
  function: ['arguments', 'returns'],
  source: ['quoting'],
  exposure: ['type', 'description', 'refs'],
};
const TEST_CONFIGS = [
  ...['severity', 'where', 'limit', 'fail_calc', 'warn_if', 'error_if'],
  ...['store_failures', 'store_failures_as', 'sql_header'],
];

/** What differs and dbt v2 does not look at. */
export function overlookedFields(before: Manifest, now: Manifest): readonly Oversight[] {
  const old = stateNodes(before);
  return [...stateNodes(now)].flatMap(([uniqueId, node]): readonly Oversight[] => {
    const previous = old.get(uniqueId);
    if (previous === undefined) return [];
    const fields = [
      ...differing(FIELDS[node.resource_type] ?? [], previous, node),
      ...(node.resource_type === 'test'
        ? differing(TEST_CONFIGS, previous.config ?? {}, node.config ?? {})
        : []),
      ...(contractTermsDiffer(previous, node) ? ['contract'] : []),
    ];
    return fields.length > 0 ? [{ kind: 'not-compared', uniqueId, fields }] : [];
  });
}

/** Columns and constraints of a contract that both enforce. */
function contractTermsDiffer(old: ManifestNode, now: ManifestNode): boolean {
  const enforced = [old, now].every((node) => objectAt(node, 'contract')['enforced'] === true);
  return enforced && differing(['columns', 'constraints'], terms(old), terms(now)).length > 0;
}

function terms(node: ManifestNode): JsonObject {
  const columns = Object.entries(objectAt(node, 'columns')).map(([name, column]) => {
    const { data_type, constraints } = column as JsonObject;
    return [name, { data_type, constraints }];
  });
  return { columns: Object.fromEntries(columns), constraints: node['constraints'] };
}
