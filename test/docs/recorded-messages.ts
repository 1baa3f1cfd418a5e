import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { REPOSITORY } from '../support/repository.ts';

/** Outputs of real runs, and the tests that compare what a real run says now. */
const FIXTURES = ['test/fixtures/dbt-core-1.11', 'test/fixtures/dbt-core-1.12', 'test/fixtures/dbt-v2'];
const REAL_RUNS = ['test/e2e', 'test/engines'];

/** Everything dbt and the State plugin said in recorded runs, and what tests of real runs expect them to say. */
export async function recordedMessages(): Promise<readonly string[]> {
  const recorded = await Promise.all((await filesIn(FIXTURES, /\.(txt|jsonl|json)$/)).map(textsOf));
  const expected = await Promise.all((await filesIn(REAL_RUNS, /\.ts$/)).map(literalsOf));
  return [...recorded.flat(), ...expected.flat()];
}

async function filesIn(folders: readonly string[], names: RegExp): Promise<string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && names.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return found.flat();
}

async function textsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  if (file.endsWith('.txt')) return [asLine(text)];
  if (file.endsWith('.json')) return stringsIn(JSON.parse(text));
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? stringsIn(JSON.parse(line)) : []));
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [asLine(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Texts in quotes: what an assertion looks for. */
async function literalsOf(file: string): Promise<string[]> {
  const source = await readFile(file, 'utf8');
  return [...source.matchAll(/'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"/g)].map((match) =>
    asLine((match[1] ?? match[2] ?? '').replace(/\\(['"])/g, '$1')),
  );
}

/** Without colours, and with breaks and runs of blanks as one blank: messages are wrapped in many ways. */
export function asLine(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').trim();
}

/** Whether a quote, whose `…` stand for what was left out, is in one of the messages. */
export function isSaid(quote: string, messages: Iterable<string>): boolean {
  const parts = asLine(quote)
    .split('…')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  for (const message of messages) {
    let from = 0;
    const isAll = parts.every((part) => {
      const at = message.indexOf(part, from);
      from = at + part.length;
      return at !== -1;
    });
    if (isAll) return true;
  }
  return false;
}
