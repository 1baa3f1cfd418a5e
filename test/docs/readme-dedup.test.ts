import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { splitWords } from '../../sdk/index.ts';
import { storeProject } from '../support/store-example.ts';
import { blocks, readDoc, section } from './markdown.ts';

/** What differs from run to run and from project to project. */
function settled(lines: readonly string[]): string {
  return (
    lines
      .join(' ')
      .replace(/\s+/g, ' ')
      .replace(/\d+(?:\.\d+)? m?s\b/g, 'TIME')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC(?: \([^)]*\))?/g, 'WHEN')
      // Of a project as small as the one here there is nothing to save.
      .replace(/: TIME saved\b/, '')
      .replaceAll('models/marts/rides.sql', 'models/orders.sql')
      .replaceAll(/ (?:with 1 warning|\(1 warning in the earlier run\))/g, '')
  );
}

test('the three runs of the README say what it says: executed, replayed, executed with the nearest miss', async () => {
  const text = section(await readDoc('README.md'), 'Identical runs, once');
  const lines = (blocks(text, 'sh')[0] ?? '').split('\n').filter((line) => line.startsWith('npx'));
  const said = (blocks(text, 'text')[0] ?? '').split('\n\n');
  expect([lines.length, said.length]).toEqual([3, 3]);
  const project = await storeProject('duckdb');
  onTestFinished(project.remove);
  for (const [at, line] of lines.entries()) {
    if (at === 2) await appendFile(join(project.options.cwd, 'models/orders.sql'), '-- edited\n');
    const [npx, command, ...args] = splitWords(line.replace(/ +# .*/, ''));
    expect([npx, command]).toEqual(['npx', 'dbt-runcache']);
    const { err } = await project.script('sdk/cli/main.ts', args);
    // The headline, then one text.
    const [headline = '', ...more] = (said[at] ?? '').split('\n');
    for (const one of [[headline], more]) expect(settled(err)).toContain(settled(one).trim());
  }
});
