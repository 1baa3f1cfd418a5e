import { isCommentStart, readComment } from './comments.ts';
import { type Dialect, dialectNamed } from './dialects.ts';
import { dollarOpening, quotedEnd } from './quoted.ts';
import type { SqlToken } from './sql-token.ts';

/** White space in every dialect; they differ about the rest. */
const space = /[ \t\n\r]/;
const punctuation = '()[]{},;';
const wordStart = /[\p{L}\p{M}\p{N}_$]/u;
/** What may not stand directly after a quoted text: dialects differ about `'a'b`, `'a'"b"` and the like. */
const tooClose = /[\p{L}\p{M}\p{N}_$'"`]/u;

/**
 * The tokens of compiled SQL, without white space and comments; hints stay. Undefined for a dialect we do not know,
 * and for a text that ends in the middle of something or that versions or settings of the dialect read differently:
 * then the exact text is the only safe identity. Never throws; time grows with the length alone.
 * Only for SQL: the white space of a Python model has a meaning.
 */
export function tokenizeSql(text: string, dialect: string): readonly SqlToken[] | undefined {
  const rules = dialectNamed(dialect);
  if (rules === undefined) return undefined;
  const tokens: SqlToken[] = [];
  let lastEnd = 0;
  let at = 0;
  while (at < text.length) {
    if (space.test(text.charAt(at))) {
      at++;
      continue;
    }
    const comment = isCommentStart(text, at, rules) ? readComment(text, at, rules) : null;
    if (comment === undefined) return undefined;
    if (comment !== null && !comment.hint) {
      at = comment.end;
      continue;
    }
    const token: SqlToken | undefined =
      comment === null ? readToken(text, at, rules) : { kind: 'hint', text: text.slice(at, comment.end) };
    if (token === undefined) return undefined;
    if (token.kind === 'literal' && tokens.at(-1)?.kind === 'literal')
      tokens.push({ kind: 'gap', text: text.slice(lastEnd, at) });
    tokens.push(token);
    at += token.text.length;
    lastEnd = at;
  }
  return tokens;
}

function readToken(text: string, at: number, dialect: Dialect): SqlToken | undefined {
  const char = text.charAt(at);
  if (punctuation.includes(char)) return { kind: 'operator', text: char };
  if (dialect.quotes[char] !== undefined) return readQuoted(text, at, at, dialect);
  const dollar = dollarOpening(text, at, dialect.dollarQuotes);
  if (dollar !== undefined) {
    const close = text.indexOf(dollar, at + dollar.length);
    return close === -1 ? undefined : quotedToken(text, at, close + dollar.length, 'literal');
  }
  if (dialect.operators.includes(char)) return readOperator(text, at, dialect);
  return readRun(text, at, dialect);
}

/** Signs that stand together stay one token: no knowledge of operators is needed, and `- -1` never is `--1`. */
function readOperator(text: string, at: number, dialect: Dialect): SqlToken | undefined {
  let end = at + 1;
  while (
    end < text.length &&
    dialect.operators.includes(text.charAt(end)) &&
    !isCommentStart(text, end, dialect)
  )
    end++;
  // `#temp`, `#1`, `@x` and `:path` are not the same as with a space; a cast (`::`) is.
  const sigil = /[#@]$|(?:^|[^:]):$/.test(text.slice(Math.max(at, end - 2), end));
  const signs = text.slice(at, end);
  if (!sigil || !wordStart.test(codePointAt(text, end))) return { kind: 'operator', text: signs };
  const named = readRun(text, end, dialect);
  if (named?.kind !== 'word' && named?.kind !== 'number') return undefined;
  return { kind: 'operator', text: signs + named.text };
}

function readRun(text: string, at: number, dialect: Dialect): SqlToken | undefined {
  let end = runEnd(text, at, dialect);
  // White space and signs outside ASCII, control characters, a backslash: dialects differ.
  if (end === at) return undefined;
  if (/[\d._]e$/i.test(text.slice(Math.max(at, end - 2), end)) && /^[+-]\d/.test(text.slice(end, end + 2)))
    end = runEnd(text, end + 1, dialect);
  const written = text.slice(at, end);
  // A dollar quote may start inside it, or may not.
  if (written.indexOf('$') !== written.lastIndexOf('$')) return undefined;
  const next = text.charAt(end);
  if (next === '&' && /^u$/i.test(written) && /['"]/.test(text.charAt(end + 1)))
    return readQuoted(text, at, end + 1, dialect);
  // A word directly before a quote may be a prefix (E'', r'', date''): both stay together.
  const nameFollows = written.endsWith('.') && dialect.quotes[next]?.kind === 'name';
  if ((next === "'" || next === '"') && !nameFollows)
    return /^[a-z_]\w*$/i.test(written) ? readQuoted(text, at, end, dialect) : undefined;
  if (/^\.+$/.test(written)) return { kind: 'operator', text: written };
  return { kind: /^\.?\d/.test(written) ? 'number' : 'word', text: written };
}

function runEnd(text: string, at: number, dialect: Dialect): number {
  dialect.run.lastIndex = at;
  return at + (dialect.run.exec(text)?.[0].length ?? 0);
}

function readQuoted(text: string, at: number, quoteAt: number, dialect: Dialect): SqlToken | undefined {
  const rule = dialect.quotes[text.charAt(quoteAt)];
  if (rule === undefined) return undefined;
  const prefix = text.slice(at, quoteAt).toLowerCase();
  const prefixed = rule.kind === 'literal' && Object.hasOwn(dialect.prefixes, prefix);
  const end = quotedEnd(text, quoteAt, rule, prefixed ? dialect.prefixes[prefix] : undefined);
  return end === undefined ? undefined : quotedToken(text, at, end, rule.kind);
}

function quotedToken(text: string, at: number, end: number, kind: 'literal' | 'name'): SqlToken | undefined {
  return tooClose.test(codePointAt(text, end)) ? undefined : { kind, text: text.slice(at, end) };
}

function codePointAt(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) ?? 0) : '';
}
