import { evaluate, type JinjaContext } from './jinja-expression.ts';
import { pythonText, type Rendered } from './jinja-values.ts';

export type { JinjaContext } from './jinja-expression.ts';
export { type JinjaValue, pythonText, type Rendered } from './jinja-values.ts';

/**
 * A value of dbt_project.yml or profiles.yml with its Jinja worked out, as far as that can be done exactly: text,
 * comments and expressions of literals, `env_var()`, `var()`, common filters, comparison and conditions. Whatever is
 * beyond that is `unknown`; a required variable that is not set is `missing`.
 *
 * Like dbt, one expression alone keeps its type; together with text it becomes text.
 */
export function renderJinja(source: string, context: JinjaContext): Rendered {
  const parts = splitTemplate(source);
  if (parts === undefined) return { kind: 'unknown' };
  const values: Rendered[] = [];
  for (const part of parts) {
    if (part.kind === 'text') values.push({ kind: 'value', value: part.text });
    else values.push(evaluate(part.text, context));
  }
  // Jinja stops at the first failure, and what is unknown may be one.
  const stop = values.find((value) => value.kind !== 'value');
  if (stop !== undefined) return stop;
  const known = values.filter((value) => value.kind === 'value');
  const [only] = known;
  if (only === undefined) return { kind: 'value', value: '' };
  if (known.length === 1) return only;
  return { kind: 'value', value: known.map((part) => pythonText(part.value)).join('') };
}

interface Part {
  readonly kind: 'text' | 'expression';
  readonly text: string;
}

/** Undefined for a template with statements or with a tag that does not end. */
function splitTemplate(source: string): Part[] | undefined {
  const parts: Part[] = [];
  // Jinja drops one line break at the very end.
  let rest = source.replace(/\r?\n$/, '');
  while (rest !== '') {
    const open = /\{[{%#]/.exec(rest);
    if (open === null) {
      parts.push({ kind: 'text', text: rest });
      break;
    }
    const tag = open[0];
    if (tag === '{%') return undefined;
    const end = tag === '{#' ? rest.indexOf('#}', open.index) + 2 : endOfExpression(rest, open.index + 2);
    if (end === undefined || end < 2) return undefined;
    let before = rest.slice(0, open.index);
    let inside = rest.slice(open.index + 2, end - 2);
    let after = rest.slice(end);
    if (inside.startsWith('-')) {
      before = before.trimEnd();
      inside = inside.slice(1);
    }
    if (inside.endsWith('-')) {
      after = after.trimStart();
      inside = inside.slice(0, -1);
    }
    if (before !== '') parts.push({ kind: 'text', text: before });
    if (tag === '{{') parts.push({ kind: 'expression', text: inside });
    rest = after;
  }
  return parts;
}

/** Where the expression's `}}` ends: one inside a string does not count. */
function endOfExpression(source: string, from: number): number | undefined {
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (source.startsWith('}}', at)) {
      return at + 2;
    }
  }
  return undefined;
}
