import { DbtRunCacheError } from '../errors.ts';

/**
 * Splits one text into words without a shell: white space (line breaks included) separates, quotes and backslashes
 * keep together, and nothing is expanded: `$HOME`, `*`, `~` and `;` stay as they are.
 *
 * Inside single quotes everything is literal. Inside double quotes a backslash escapes `"` and `\` only. Outside a
 * backslash escapes white space, quotes and itself, and before a line break it joins the lines; before anything else
 * it is an ordinary character, so that a Windows path keeps its backslashes.
 * @throws DbtRunCacheError `invalid-options` for a quote that is not closed, naming where it begins.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (isSpace(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(text, at, char);
      word = (word ?? '') + quoted.value;
      at = quoted.end;
    } else if (char === '\\') {
      const escaped = readEscape(text, at);
      if (escaped.value !== undefined) word = (word ?? '') + escaped.value;
      at = escaped.end;
    } else {
      word = (word ?? '') + char;
      at += 1;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readQuoted(text: string, start: number, quote: string): { value: string; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) return { value, end: at + 1 };
    const next = text.charAt(at + 1);
    if (quote === '"' && char === '\\' && (next === '"' || next === '\\')) {
      value += next;
      at += 1;
    } else {
      value += char;
    }
  }
  const before = text.slice(0, start);
  const line = before.split('\n').length;
  const column = start - before.lastIndexOf('\n');
  throw new DbtRunCacheError(`The ${quote} quote at line ${line}, column ${column} is never closed`, {
    code: 'invalid-options',
    hint: `Close the quote, or write \\${quote} for the character itself.`,
  });
}

function readEscape(text: string, start: number): { value: string | undefined; end: number } {
  const next = text.charAt(start + 1);
  if (next === '\n') return { value: undefined, end: start + 2 };
  if (next === '\r' && text.charAt(start + 2) === '\n') return { value: undefined, end: start + 3 };
  if (next === '\\' || next === '"' || next === "'" || isSpace(next)) return { value: next, end: start + 2 };
  return { value: '\\', end: start + 1 };
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}
