import type { Manifest } from '../artifacts/types.ts';
import { builtInConcerns } from './built-in-concerns.ts';
import { descendants, withDescendants } from './descendants.ts';
import { macroCallers } from './macro-callers.ts';
import { macrosOf } from './macro-changes.ts';
import { isOfDbt, NAMING, undispatched } from './macro-names.ts';
import { modifiedNodes } from './modified-nodes.ts';
import type { Oversight } from './oversight.ts';
import { selectState } from './select-state.ts';
import { selectionToken } from './selection-token.ts';
import { type ManagedStateEngine, stateNodes } from './state-nodes.ts';

/** What `slim: strict` builds beside what dbt selects. */
export type StrictSelection =
  | {
      readonly kind: 'nodes';
      /** Nodes that `state:modified+` does not list, those that stand below others included. */
      readonly uniqueIds: readonly string[];
      /** The words that select them for dbt. */
      readonly tokens: readonly string[];
    }
  /** Nobody can tell which nodes this changes. */
  | { readonly kind: 'everything'; readonly because: Oversight };

/** Works out the nodes that dbt's comparison overlooks. What nobody can tell is everything. */
export function strictSelection({
  before,
  now,
  engine,
  oversights,
}: {
  readonly before: Manifest;
  readonly now: Manifest;
  readonly engine: ManagedStateEngine;
  /** As `overlooked()` names them. */
  readonly oversights: readonly Oversight[];
}): StrictSelection {
  const concerned = new Set<string>();
  const behindBuiltIn = behindBuiltIns(before, now);
  for (const oversight of oversights) {
    const nodes = concernedBy(oversight, behindBuiltIn);
    if (nodes === undefined) return { kind: 'everything', because: oversight };
    for (const uniqueId of nodes) concerned.add(uniqueId);
  }
  const listed = stateNodes(now);
  const modified = selectState(modifiedNodes(before, now, engine), 'modified', now);
  const selected = new Set([...modified, ...descendants(modified, now)]);
  const roots = [...concerned].filter((uniqueId) => listed.has(uniqueId) && !selected.has(uniqueId));
  const below = descendants(roots, now);
  const tokens = roots.flatMap((uniqueId) => {
    const node = listed.get(uniqueId);
    // What stands below another root comes with that.
    return node === undefined || below.has(uniqueId) ? [] : [selectionToken(node)];
  });
  return {
    kind: 'nodes',
    uniqueIds: withDescendants(roots, now).filter((uniqueId) => !selected.has(uniqueId)),
    tokens: [...new Set(tokens)],
  };
}

type BehindBuiltIn = (macro: string) => readonly string[] | undefined;

function concernedBy(oversight: Oversight, behindBuiltIn: BehindBuiltIn): readonly string[] | undefined {
  switch (oversight.kind) {
    case 'built-in-macro':
      return behindBuiltIn(oversight.macro);
    case 'untracked-macro':
      return oversight.mentionedBy;
    case 'variable':
    case 'environment-variable':
      return oversight.uniqueIds;
    case 'relation':
    case 'not-compared':
      return [oversight.uniqueId];
    // What it renames stands beside it, as `relation`.
    case 'naming-macro':
    // Hooks of the project run anyway.
    case 'project-hook':
    case 'removed':
    case 'false-alarm':
    // dbt itself ends with an error.
    case 'contract-refused':
      return [];
  }
}

/** The nodes that a macro in front of one of dbt's own changes; undefined where nobody can tell. */
function behindBuiltIns(before: Manifest, now: Manifest): BehindBuiltIn {
  const macros = { ...macrosOf(before), ...macrosOf(now) };
  const nodes = [...stateNodes(now)];
  const ofDbt = new Set(Object.values(macros).filter(isOfDbt).map(undispatched));
  let callersOf: ReturnType<typeof macroCallers> | undefined;
  return (macro) => {
    callersOf ??= macroCallers(before, now);
    const callers = callersOf(macro);
    const found = new Set(callers.nodes);
    for (const id of callers.macros) {
      const name = undispatched(macros[id] ?? {});
      if (!ofDbt.has(name) || NAMING.includes(name)) continue;
      const concerns = builtInConcerns(name);
      if (concerns === undefined) return undefined;
      for (const [uniqueId, node] of nodes) if (concerns(node)) found.add(uniqueId);
    }
    return [...found];
  };
}
