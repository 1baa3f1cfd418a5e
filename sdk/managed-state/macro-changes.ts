import type { JsonObject, Manifest, ManifestNode } from '../artifacts/types.ts';
import type { MacroChange } from './node-change.ts';
import { objectAt } from './state-nodes.ts';

/** A manifest's macros by unique id. */
export function macrosOf(manifest: Manifest): Readonly<Record<string, JsonObject>> {
  return objectAt(manifest, 'macros') as Record<string, JsonObject>;
}

/** Macros that are new, gone or different: `_macros_modified` in dbt Core. */
export function changedMacros(before: Manifest, now: Manifest): ReadonlySet<string> {
  const [old, current] = [macrosOf(before), macrosOf(now)];
  const ids = new Set([...Object.keys(old), ...Object.keys(current)]);
  return new Set([...ids].filter((id) => old[id]?.['macro_sql'] !== current[id]?.['macro_sql']));
}

/**
 * Every changed macro that a node reaches through the macros it calls, by the shortest way.
 * dbt Core's `recursively_check_macros_modified` stops at the first; this one names them all.
 */
export function macroChangesInCore(
  node: ManifestNode,
  changed: ReadonlySet<string>,
  macros: Readonly<Record<string, JsonObject>>,
): readonly MacroChange[] {
  if (changed.size === 0) return [];
  const found: MacroChange[] = [];
  const visited = new Set<string>();
  let level = calledBy(node).map((macro): MacroChange => ({ macro, via: [] }));
  while (level.length > 0) {
    const next: MacroChange[] = [];
    for (const step of level) {
      if (visited.has(step.macro)) continue;
      visited.add(step.macro);
      if (changed.has(step.macro)) found.push(step);
      const called = calledBy(macros[step.macro] ?? {});
      next.push(...called.map((macro) => ({ macro, via: [...step.via, step.macro] })));
    }
    level = next;
  }
  return found;
}

/**
 * The same for dbt v2. It looks at the macros that it notes at the node while it parses: those it reaches at any depth within
 * its own project. What a build writes names the nearest alone, so the others are looked for. A macro that is new or gone it
 * takes for one that has not changed.
 */
export function macroChangesInFusion(
  node: ManifestNode,
  before: Readonly<Record<string, JsonObject>>,
  now: Readonly<Record<string, JsonObject>>,
): readonly MacroChange[] {
  const sqlOf = (macro: JsonObject | undefined) => macro?.['macro_sql'];
  const differs = ({ macro }: MacroChange) => {
    const [old, current] = [sqlOf(before[macro]), sqlOf(now[macro])];
    return typeof old === 'string' && typeof current === 'string' && old.trim() !== current.trim();
  };
  const isOwn = (macro: string) => now[macro]?.['package_name'] === node.package_name;
  const steps = calledBy(node).map((macro): MacroChange => ({ macro, via: [] }));
  const reached = new Set(steps.map(({ macro }) => macro));
  // Grows while it is gone through.
  for (const { macro, via } of steps) {
    if (!isOwn(macro)) continue;
    for (const called of calledBy(now[macro] ?? {})) {
      if (reached.has(called) || !isOwn(called)) continue;
      reached.add(called);
      steps.push({ macro: called, via: [...via, macro] });
    }
  }
  return steps.filter(differs);
}

/** The macros that any of the nodes calls, to any depth. */
export function reachedMacros(
  nodes: readonly ManifestNode[],
  macros: Readonly<Record<string, JsonObject>>,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = nodes.flatMap(calledBy);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...calledBy(macros[next] ?? {}));
  }
  return reached;
}

/** The macros that stand at a node or a macro. */
export function calledBy(caller: JsonObject): readonly string[] {
  const macros = objectAt(caller, 'depends_on')['macros'];
  return Array.isArray(macros) ? macros.filter((macro) => typeof macro === 'string') : [];
}
