import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import { macrosOf, reachedMacros } from './macro-changes.ts';
import type { NodeChange } from './node-change.ts';
import type { KnownChanges, Oversight } from './oversight.ts';
import { stateNodes } from './state-nodes.ts';

/** Nodes that dbt does not list and whose code reads a variable that has changed: dbt compares code before it is rendered. */
export function overlookedVariables(
  now: Manifest,
  known: KnownChanges,
  changes: readonly NodeChange[],
): readonly Oversight[] {
  const listed = new Set(
    changes.filter(({ selectedBy }) => selectedBy.includes('modified')).map((each) => each.uniqueId),
  );
  const others = [...stateNodes(now)].filter(([uniqueId]) => !listed.has(uniqueId));
  const readersOf = (call: string, name: string) =>
    others.filter(([, node]) => reads(node, call, name, now)).map(([uniqueId]) => uniqueId);
  const oversights = [
    ...(known.variables ?? []).map((name) => {
      return { kind: 'variable', name, uniqueIds: readersOf('var', name) } as const;
    }),
    ...(known.environment ?? []).map((name) => {
      return { kind: 'environment-variable', name, uniqueIds: readersOf('env_var', name) } as const;
    }),
  ];
  return oversights.filter(({ uniqueIds }) => uniqueIds.length > 0);
}

function reads(node: ManifestNode, call: string, name: string, now: Manifest): boolean {
  const macros = macrosOf(now);
  const code = [node.raw_code, ...[...reachedMacros([node], macros)].map((id) => macros[id]?.['macro_sql'])];
  const pattern = new RegExp(`(?<!\\w)${call}\\(\\s*(['"])${name.replace(/[^\w]/g, '\\$&')}\\1`);
  return code.some((text) => typeof text === 'string' && pattern.test(text));
}
