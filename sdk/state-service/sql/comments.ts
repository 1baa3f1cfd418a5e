import type { Dialect } from './dialects.ts';

/** Where a comment ends, and whether it can change what the database does. */
export interface Comment {
  readonly end: number;
  readonly hint: boolean;
}

/** Some readers end a line at more than a line feed. */
const lineEnds = /[\n\v\f\r\u0085\u2028\u2029]/g;
const blockEdges = /\/\*|\*\//g;

export function isCommentStart(text: string, at: number, dialect: Dialect): boolean {
  return text.startsWith('/*', at) || dialect.lineComments.some((start) => text.startsWith(start, at));
}

/** The comment that starts here; undefined where it does not end, or where dialects or versions differ about its end. */
export function readComment(text: string, at: number, dialect: Dialect): Comment | undefined {
  return text.startsWith('/*', at) ? readBlock(text, at, dialect) : readLine(text, at, dialect);
}

function readBlock(text: string, at: number, dialect: Dialect): Comment | undefined {
  const hint = text[at + 2] === '+';
  const nests = dialect.nestedComments === 'nested' && !hint;
  if (!nests && text[at + 2] === '/') return undefined;
  blockEdges.lastIndex = at + 2;
  for (let depth = 1; ; ) {
    const edge = blockEdges.exec(text);
    if (edge === null) return undefined;
    if (edge[0] === '*/') {
      if (--depth === 0) return { end: blockEdges.lastIndex, hint };
    } else {
      // A hint in a comment: whether it is one is up to who reads it.
      if (!nests || text[blockEdges.lastIndex] === '+') return undefined;
      depth++;
    }
  }
}

function readLine(text: string, at: number, dialect: Dialect): Comment | undefined {
  lineEnds.lastIndex = at;
  const end = lineEnds.exec(text)?.index ?? text.length;
  if (end < text.length && text[end] !== '\n' && !text.startsWith('\r\n', end)) return undefined;
  if (dialect.backslashContinuesLineComment && text[end - 1] === '\\') return undefined;
  // BigQuery: a first line `#legacySQL` chooses another language.
  return { end, hint: /^#(?:legacy|standard)sql/i.test(text.slice(at, at + 16)) };
}
