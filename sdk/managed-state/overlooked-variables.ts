import type { Manifest } from '../artifacts/types.ts';
import { macroCallers } from './macro-callers.ts';
import { macrosOf, reachedMacros } from './macro-changes.ts';
import type { KnownChanges, Oversight } from './oversight.ts';
import { type Reading, readersAmongMacros, reads, textOf } from './reads.ts';
import { stateNodes } from './state-nodes.ts';

/**
 * Nodes that dbt does not list and whose code or configs read a variable that has changed: dbt compares both before they are
 * rendered. Through macros as well, whichever way a node comes to them.
 */
export function overlookedVariables(
  before: Manifest,
  now: Manifest,
  known: KnownChanges,
  listed: ReadonlySet<string>,
): readonly Oversight[] {
  const [variables, environment] = [known.variables ?? [], known.environment ?? []];
  if (variables.length === 0 && environment.length === 0) return [];
  const callersOf = macroCallers(before, now);
  const macros = macrosOf(now);
  const others = [...stateNodes(now)]
    .filter(([uniqueId]) => !listed.has(uniqueId))
    .map(([uniqueId, node]) => ({ uniqueId, text: textOf(node), reached: reachedMacros([node], macros) }));
  const readersOf = (call: Reading, name: string): readonly string[] => {
    const changed = call === 'var' ? { variables: [name] } : { environment: [name] };
    const reading = readersAmongMacros(now, changed);
    const through = new Set([...reading].flatMap((macro) => callersOf(macro).nodes));
    const found = others.filter(
      ({ uniqueId, text, reached }) =>
        reads(text, call, name) || through.has(uniqueId) || [...reading].some((macro) => reached.has(macro)),
    );
    return found.map(({ uniqueId }) => uniqueId);
  };
  const oversights = [
    ...variables.map((name) => ({ kind: 'variable', name, uniqueIds: readersOf('var', name) }) as const),
    ...environment.map(
      (name) => ({ kind: 'environment-variable', name, uniqueIds: readersOf('env_var', name) }) as const,
    ),
  ];
  return oversights.filter(({ uniqueIds }) => uniqueIds.length > 0);
}
