import type { Manifest } from '../artifacts/types.ts';
import { macroCallers } from './macro-callers.ts';
import { changedMacros, macrosOf, reachedMacros } from './macro-changes.ts';
import { isOfDbt, NAMING, undispatched } from './macro-names.ts';
import type { KnownChanges, Oversight } from './oversight.ts';
import { readersAmongMacros } from './reads.ts';
import { stateNodes } from './state-nodes.ts';

/** Changed macros, or macros that read what has changed, where dbt does not see all that they change. */
export function overlookedMacros(
  before: Manifest,
  now: Manifest,
  known: KnownChanges,
  listed: ReadonlySet<string>,
): readonly Oversight[] {
  const changed = changedMacros(before, now);
  const reading = readersAmongMacros(now, known);
  if (changed.size === 0 && reading.size === 0) return [];
  const macros = { ...macrosOf(before), ...macrosOf(now) };
  const nodes = stateNodes(now);
  const ofDbt = new Set(Object.values(macros).filter(isOfDbt).map(undispatched));
  const reached = reachedMacros([...nodes.values()], macros);
  const callersOf = macroCallers(before, now);
  return [...new Set([...changed, ...reading])].flatMap((macro): readonly Oversight[] => {
    const itself = macros[macro] ?? {};
    // One that came with dbt and that nodes call is compared like any other.
    if (isOfDbt(itself) && reached.has(macro)) return [];
    const callers = callersOf(macro);
    const names = callers.macros.map((id) => undispatched(macros[id] ?? {}));
    const found: Oversight[] = [];
    if (names.some((name) => NAMING.includes(name))) found.push({ kind: 'naming-macro', macro });
    if (names.some((name) => ofDbt.has(name) && !NAMING.includes(name) && !isTest(name)))
      found.push({ kind: 'built-in-macro', macro });
    const mentionedBy = changed.has(macro) ? callers.nodes.filter((id) => !listed.has(id)) : [];
    return found.length === 0 && mentionedBy.length > 0
      ? [{ kind: 'untracked-macro', macro, mentionedBy }]
      : found;
  });
}

/** What a test is made of stands at the test in either engine's manifest. */
function isTest(name: string): boolean {
  return name.startsWith('test_');
}
