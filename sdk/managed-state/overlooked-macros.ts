import type { JsonObject, Manifest } from '../artifacts/types.ts';
import { changedMacros, macrosOf, reachedMacros } from './macro-changes.ts';
import type { Oversight } from './oversight.ts';
import { stateNodes } from './state-nodes.ts';

const NAMING = ['generate_schema_name', 'generate_alias_name', 'generate_database_name'];

/** Changed macros that no node is said to call. */
export function overlookedMacros(before: Manifest, now: Manifest): readonly Oversight[] {
  const macros = { ...macrosOf(before), ...macrosOf(now) };
  const nodes = stateNodes(now);
  const reached = reachedMacros([...nodes.values()], macros);
  const builtIn = new Set(Object.values(macros).filter(isOfDbt).map(undispatched));
  return [...changedMacros(before, now)].flatMap((macro): readonly Oversight[] => {
    if (reached.has(macro)) return [];
    const name = undispatched(macros[macro] ?? {});
    if (NAMING.includes(name)) return [{ kind: 'naming-macro', macro }];
    if (builtIn.has(name)) return [{ kind: 'built-in-macro', macro }];
    const from = String(macros[macro]?.['package_name']);
    const project = now.metadata.project_name ?? undefined;
    const mentionedBy = [...nodes]
      .filter(([, node]) => mentions(node, name, from, from === project || from === node.package_name))
      .map(([uniqueId]) => uniqueId);
    return mentionedBy.length > 0 ? [{ kind: 'untracked-macro', macro, mentionedBy }] : [];
  });
}

function isOfDbt({ package_name: name }: JsonObject): boolean {
  return (
    typeof name === 'string' &&
    /^dbt(_(duckdb|postgres|redshift|snowflake|bigquery|spark|databricks))?$/.test(name)
  );
}

/** The name that a macro is called by: `default__current_timestamp` is called as `current_timestamp`. */
function undispatched({ name }: JsonObject): string {
  return String(name).replace(/^[a-z0-9]+__/, '');
}

/** In its code, or in a hook or another config; by the name alone where that means this package's macro. */
function mentions(node: JsonObject, name: string, from: string, withoutPackage: boolean): boolean {
  const call = new RegExp(`(?<![\\w.])(?:(\\w+)\\.)?${name.replace(/\W/g, '')}\\s*\\(`, 'g');
  const text = `${node['raw_code'] ?? ''}\n${JSON.stringify(node['config'] ?? {})}`;
  return [...text.matchAll(call)].some(([, prefix]) =>
    prefix === undefined ? withoutPackage : prefix === from,
  );
}
