import type { Manifest } from '../artifacts/types.ts';
import { macrosOf } from './macro-changes.ts';
import { isOfDbt, materializationOf, undispatched } from './macro-names.ts';
import { stateNodes } from './state-nodes.ts';

/** Who comes to a macro, directly or through others. */
export interface MacroCallers {
  /** Unique ids of nodes whose code, configs or hooks name it, or that have a materialization that does. */
  readonly nodes: readonly string[];
  /** Unique ids of the macros on the way, itself included. */
  readonly macros: readonly string[];
}

interface Call {
  readonly by: string;
  readonly fromPackage: string;
  /** `helpers` in `helpers.day()`; null for a name handed to `adapter.dispatch()`, which looks in many. */
  readonly prefix: string | null | undefined;
}

/**
 * Finds who calls a macro by what is written: neither engine's manifest tells it for hooks, overrides and materializations, and
 * that of dbt v2 not for packages. Macros of dbt's own are not looked into: what they call has a name of dbt's.
 */
export function macroCallers(before: Manifest, now: Manifest): (macro: string) => MacroCallers {
  const macros = { ...macrosOf(before), ...macrosOf(now) };
  const nodes = stateNodes(now);
  const calls = new Map<string, Call[]>();
  const read = (by: string, fromPackage: string, text: string) => {
    for (const { name, prefix } of callsIn(text)) {
      const known = calls.get(name);
      const call = { by, fromPackage, prefix };
      if (known === undefined) calls.set(name, [call]);
      else known.push(call);
    }
  };
  for (const [id, macro] of Object.entries(macrosOf(now))) {
    if (!isOfDbt(macro)) read(id, String(macro['package_name']), String(macro['macro_sql'] ?? ''));
  }
  for (const [id, node] of nodes) {
    const written = [node.config, node['unrendered_config'], node.test_metadata].map((part) =>
      JSON.stringify(part ?? {}).replaceAll('\\"', '"'),
    );
    read(id, node.package_name, [node.raw_code ?? '', ...written].join('\n'));
  }
  const project = now.metadata.project_name;

  return (macro) => {
    const [foundNodes, foundMacros] = [new Set<string>(), new Set([macro])];
    for (const id of foundMacros) {
      const called = macros[id] ?? {};
      const from = called['package_name'];
      const made = materializationOf(String(called['name']));
      if (made !== undefined)
        for (const [node, { config }] of nodes)
          if (config !== undefined && config['materialized'] === made) foundNodes.add(node);
      for (const name of new Set([String(called['name']), undispatched(called)])) {
        for (const { by, fromPackage, prefix } of calls.get(name) ?? []) {
          const means =
            prefix === null || prefix === from
              ? true
              : prefix === undefined && (from === project || from === fromPackage);
          if (!means) continue;
          if (nodes.has(by)) foundNodes.add(by);
          else foundMacros.add(by);
        }
      }
    }
    return { nodes: [...foundNodes], macros: [...foundMacros] };
  };
}

/** A call (a filter is none, nor is the head of a macro), or a name handed to something that looks a macro up. */
const CALL = /(?<![\w.])(?<!\|\s*|\b(?:macro|test)\s+)(?:(\w+)\.)?(\w+)\s*\(/g;
const LOOKED_UP = /(?:dispatch\s*\(\s*(?:macro_name\s*=\s*)?|\[\s*|\.get\s*\(\s*)(['"])(\w+)\1/g;

function callsIn(
  text: string,
): readonly { readonly name: string; readonly prefix: string | null | undefined }[] {
  return [...text.matchAll(/\{[{%][\s\S]*?[%}]\}/g)].flatMap(([tag]) => [
    ...[...tag.matchAll(CALL)].map(([, prefix, name]) => ({ name: name ?? '', prefix })),
    ...[...tag.matchAll(LOOKED_UP)].map(([, , name]) => ({ name: name ?? '', prefix: null })),
  ]);
}
