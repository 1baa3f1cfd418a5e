import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.ts';

export function readDoc(path: string): Promise<string> {
  return readFile(join(REPOSITORY, path), 'utf8');
}

/** The text below each heading of a level, by heading. */
export function sections(markdown: string, level: number): ReadonlyMap<string, string> {
  const marks = '#'.repeat(level);
  const parts = markdown.split(new RegExp(`^${marks} (.+)$`, 'm')).slice(1);
  const bodies = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) {
    const [heading = '', body = ''] = [parts[at], parts[at + 1]];
    if (bodies.has(heading)) throw new Error(`There are two sections ${heading}.`);
    // A higher heading ends it as well.
    bodies.set(heading, body.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '');
  }
  return bodies;
}

export function section(markdown: string, heading: string, level = 2): string {
  const body = sections(markdown, level).get(heading);
  if (body === undefined) throw new Error(`There is no section ${heading}.`);
  return body;
}

/** What stands in backticks, one pair or two. */
export function codeSpans(markdown: string): string[] {
  return [...markdown.matchAll(/(`+)(.+?)\1(?!`)/g)].map((match) => (match[2] ?? '').trim());
}

/** The cells of the rows of every table, the head and the rule under it left out. */
export function tableRows(markdown: string): string[][] {
  const lines = markdown.split('\n');
  return lines.flatMap((line, at) => {
    const isRow = line.startsWith('|') && !/^\|[ :|-]+\|$/.test(line);
    const isHead = /^\|[ :|-]+\|$/.test(lines[at + 1] ?? '');
    return isRow && !isHead
      ? [
          line
            .slice(1, -1)
            .split(/(?<!\\)\|/)
            .map((cell) => cell.trim()),
        ]
      : [];
  });
}

/** Fenced blocks of a language. */
export function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

/**
 * What stands between the markers of a name, which is made from the code. With `UPDATE_DOCS=1` it is first replaced by
 * what the code makes of it now; `npm run format` then aligns tables.
 */
export async function generated(path: string, name: string, made: string): Promise<string> {
  const start = `<!-- ${name}: made by a test; UPDATE_DOCS=1 npx vitest run test/docs rewrites it -->\n`;
  const end = `<!-- ${name}: end -->`;
  const text = await readDoc(path);
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${path} lacks the markers of ${name}.`);
  if (process.env['UPDATE_DOCS'] === '1') {
    await writeFile(join(REPOSITORY, path), text.slice(0, from + start.length) + made + text.slice(to));
    return made;
  }
  return text.slice(from + start.length, to);
}
