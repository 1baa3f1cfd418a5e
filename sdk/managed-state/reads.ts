import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import { macrosOf } from './macro-changes.ts';
import { isOfDbt } from './macro-names.ts';
import type { KnownChanges } from './oversight.ts';

export type Reading = 'var' | 'env_var';

/**
 * Whether a template reads the variable, or one whose name only dbt can work out.
 * @param name `*`: any. `?`: only the latter.
 */
export function reads(text: string, call: Reading, name: string): boolean {
  if (name === '*') return new RegExp(`(?<!\\w)${call}(?:\\.has_var)?\\(`).test(text);
  const given = name.replace(/[^\w]/g, '\\$&');
  if (new RegExp(`(?<!\\w)${call}(?:\\.has_var)?\\(\\s*(['"])${given}\\1`).test(text)) return true;
  const unclear = new RegExp(`(?<![\\w.])${call}(?:\\.has_var)?\\(\\s*[^'"\\s)]`);
  return [...text.matchAll(/\{[{%][\s\S]*?[%}]\}/g)].some(([tag]) => unclear.test(tag));
}

/** What of a node is rendered: its code, its configs as they are written, where its table is. */
export function textOf(node: ManifestNode): string {
  const written = ['unrendered_config', 'unrendered_database', 'unrendered_schema', 'test_metadata'].map(
    (field) => JSON.stringify(node[field] ?? '').replaceAll('\\"', '"'),
  );
  return [node.raw_code ?? '', ...written].join('\n');
}

/** The macros, those that came with dbt apart, that read something that has another value now. */
export function readersAmongMacros(now: Manifest, known: KnownChanges): ReadonlySet<string> {
  const changed = [
    ...(known.variables ?? []).map((name) => ['var', name] as const),
    ...(known.environment ?? []).map((name) => ['env_var', name] as const),
  ];
  if (changed.length === 0) return new Set();
  const readers = Object.entries(macrosOf(now)).filter(([, macro]) => {
    if (isOfDbt(macro)) return false;
    const text = String(macro['macro_sql'] ?? '');
    return changed.some(([call, name]) => reads(text, call, name));
  });
  return new Set(readers.map(([id]) => id));
}
