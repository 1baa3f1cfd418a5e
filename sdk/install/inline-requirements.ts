import { isAbsolute, resolve } from 'node:path';

const TAKES_PATH = /^(?:-[rcef]|--(?:requirement|constraint|editable|find-links))$/;
const TAKES_VALUE =
  /^(?:-[rcefiC]|--(?:requirement|constraint|editable|find-links|index-url|pypi-url|extra-index-url|no-binary|only-binary|trusted-host|use-feature|config-settings))$/;

/**
 * Requirements that are written one after the other, as lines of a file. Blanks and line ends separate them, quotes
 * keep one together; what follows a `;` on its line is a marker of the requirement before it.
 */
export function inlineRequirements(text: string, cwd: string): string[] {
  const joined = text.replaceAll(/\\\r?\n/g, ' ');
  return joined.split(/\r\n|\r|\n/).flatMap((line) => {
    const plain = line.replace(/(^|\s)#.*$/, '').trim();
    return plain === '' ? [] : linesOf(wordsOf(plain), cwd);
  });
}

function linesOf(words: readonly string[], cwd: string): string[] {
  const lines: string[] = [];
  const extend = (word: string): void => {
    lines.push(`${lines.pop() ?? ''} ${word}`.trim());
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const before = lines.at(-1) ?? '';
    if (word.startsWith('--hash')) extend(word);
    else if (TAKES_VALUE.test(word)) {
      at += 1;
      const value = words[at] ?? '';
      const isPath = TAKES_PATH.test(word) && !/^[a-z][a-z0-9+.-]*:/i.test(value) && !isAbsolute(value);
      // The file that they are put into lies somewhere else.
      lines.push(`${word} ${isPath && value !== '' ? quoted(resolve(cwd, value)) : value}`.trim());
    } else if (/^[=<>!~@;,]/.test(word) || (/[=<>!~@,]$/.test(before) && !before.startsWith('-')))
      extend(word);
    else lines.push(word);
  }
  return lines;
}

function quoted(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}

/** Quotes that begin a word keep it together; those inside of one are part of it. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const { 0: whole, 1: double, 2: single, index } of line.matchAll(
    /"([^"]*)"(?=\s|$)|'([^']*)'(?=\s|$)|\S+/g,
  )) {
    const inQuotes = double ?? single;
    if (inQuotes === undefined && whole.includes(';')) return [...words, line.slice(index)];
    words.push(inQuotes ?? whole);
  }
  return words;
}
