import { plainLine, plainText, quietCommands } from './plain-text.ts';

/**
 * GitHub-flavoured markdown out of text nobody vouches for. Every builder takes raw text unless it says `markdown`,
 * and what comes out can neither form markup of its own nor leave the place it was put in.
 *
 * Punctuation becomes character references rather than backslash escapes: those hold inside HTML (a `<summary>`)
 * as well as in paragraphs and table cells.
 */

/** Means nothing to markdown wherever it stands. */
const HARMLESS = /^[A-Za-z0-9][A-Za-z0-9 ,;%'"/?]*$/;

/**
 * What is replaced, in one pass so that no replacement is replaced again: punctuation markdown gives a meaning
 * (`_` within a word is only a letter; `$` begins mathematics on GitHub); what begins a list, heading or rule at the
 * start of a line; what turns into a link by itself; and what GitHub turns into a mention or a reference.
 */
const SPECIAL =
  /[&<>\\`*~[\]|$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=:#]|^\d+[.)](?=\s|$)|:(?=\/\/)|\b(?:mailto|xmpp):|\bwww\.|@(?=[\w-])|#(?=\d)|\bGH-(?=\d)/gi;

/** Size as GitHub counts it. */
export function bytes(markdown: string): number {
  return Buffer.byteLength(markdown, 'utf8');
}

/** Text in a paragraph, heading, table cell or `<summary>`: one line. */
export function text(raw: string): string {
  return escaped(plainLine(raw));
}

function escaped(line: string): string {
  return HARMLESS.test(line) ? line : line.replace(SPECIAL, disarmed);
}

/** As {@link text}, with what stands between backticks as code: hints name commands and options that way. */
export function prose(raw: string): string {
  return plainLine(raw)
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 0 ? escaped(part) : code(part)))
    .join('');
}

function disarmed(special: string, offset: number): string {
  const last = special.slice(-1);
  // GitHub looks for these in the finished page, where a reference is a character again: only a gap helps.
  if (last === '@' || (special === '#' && offset > 0) || /^gh-$/i.test(special)) return `${special}&#8203;`;
  return special.slice(0, -1) + reference(last);
}

function reference(character: string): string {
  if (character === '&') return '&amp;';
  if (character === '<') return '&lt;';
  if (character === '>') return '&gt;';
  return `&#${character.charCodeAt(0)};`;
}

/** Text as inline code, anywhere but in a table. */
export function code(raw: string): string {
  const line = quietCommands(plainLine(raw));
  if (line === '') return '';
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Text as inline code in a table cell, where only a backslash keeps `|` from ending the cell. */
export function codeInCell(raw: string): string {
  return code(raw).replaceAll('|', '\\|');
}

/** Text as code inside HTML such as a `<summary>`. */
export function codeInHtml(raw: string): string {
  return `<code>${text(raw)}</code>`;
}

/** Many lines of text as a block of their own, fenced so that nothing inside can end it. */
export function codeBlock(raw: string, language = ''): string {
  const lines = plainText(raw).split('\n').map(quietCommands);
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1));
  return `${fence}${language}\n${lines.join('\n')}\n${fence}\n\n`;
}

function longestRun(line: string): number {
  let longest = 0;
  for (const [run] of line.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

/** A heading of the given level. `markdown` is trusted. */
export function heading(level: 2 | 3 | 4, markdown: string): string {
  return `${'#'.repeat(level)} ${markdown}\n\n`;
}

/** A paragraph. `markdown` is trusted. */
export function paragraph(markdown: string): string {
  return `${markdown}\n\n`;
}

/** A list. Each item is trusted markdown on one line. */
export function list(items: readonly string[]): string {
  return `${items.map((item) => `- ${item}\n`).join('')}\n`;
}

/** Short text in a cell that is not to be broken into two lines. */
export function unbroken(raw: string): string {
  return text(raw).replaceAll(' ', '&nbsp;');
}

/** One row of a table. Cells are trusted markdown made for cells: no line break, no bare `|`. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/** The head of a table; rows follow. `right` aligns numbers. */
export function tableHead(columns: readonly { readonly title: string; readonly right?: boolean }[]): string {
  return `${row(columns.map(({ title }) => title))}${row(columns.map(({ right }) => (right ? '---:' : ':---')))}`;
}

/** A part that opens on a click. `summaryHtml` and `markdown` are trusted; blank lines let markdown be read again. */
export function details(summaryHtml: string, markdown: string): string {
  return `<details>\n<summary>${summaryHtml}</summary>\n\n${markdown.trimEnd()}\n\n</details>\n\n`;
}

/** `label` (trusted markdown) as a link; only the label where the address is not plain http. */
export function link(label: string, url: string | undefined): string {
  const safe = url === undefined ? undefined : safeUrl(url);
  return safe === undefined ? label : `[${label}](${safe})`;
}

/** The same inside HTML. */
export function linkInHtml(labelHtml: string, url: string | undefined): string {
  const safe = url === undefined ? undefined : safeUrl(url);
  return safe === undefined ? labelHtml : `<a href="${safe.replaceAll('&', '&amp;')}">${labelHtml}</a>`;
}

function safeUrl(url: string): string | undefined {
  if (!/^https?:\/\/[^\s/]/i.test(url)) return undefined;
  return plainLine(url).replace(/[^A-Za-z0-9\-._~:/?#@!$&*+,;=%]/gu, encodeURIComponentFully);
}

function encodeURIComponentFully(character: string): string {
  return encodeURIComponent(character).replace(
    /[^%A-F0-9]/g,
    (left) => `%${left.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
