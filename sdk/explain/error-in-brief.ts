import { clause } from './format.ts';

/** `Database Error in model orders (models/orders.sql)`: says where, the line after it says what. */
const WHERE_LINE = /^((?:[A-Z]\w+ )+(?:Error|Exception))(?: in \w+ .*)?:?$/;

/** The telling part of a message of dbt's, on one line and without its final full stop; empty for none. */
export function errorInBrief(message: string | undefined): string {
  if (message === undefined) return '';
  const lines = firstLines(message, 2);
  const [first = '', second] = lines;
  const kind = second === undefined ? undefined : WHERE_LINE.exec(first)?.[1];
  return clause(kind === undefined ? first : `${kind}: ${second}`);
}

/** The first lines that hold anything, trimmed; reads no further than it needs. */
function firstLines(text: string, limit: number): string[] {
  const lines: string[] = [];
  let start = 0;
  while (lines.length < limit && start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, Math.min(end, start + 1000)).trim();
    if (line !== '') lines.push(line);
    start = end + 1;
  }
  return lines;
}
