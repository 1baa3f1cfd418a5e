import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { parseCommandLine } from '../../sdk/plan/command-line.ts';
import { optionKindsOf } from '../../sdk/plan/dbt-options.ts';
import { environmentOf, FUSION } from '../support/engine.ts';

const run = promisify(execFile);

/** `dbt <words> --help` of the real program. */
let help: (words: string) => Promise<string>;
beforeAll(async () => {
  const { dbt, env } = await environmentOf(FUSION);
  help = async (words) => {
    const args = [...words.split(' ').filter((word) => word !== ''), '--help'];
    return (await run(dbt, args, { env: { ...process.env, ...env } })).stdout;
  };
});

/** Names under `Commands:`, or at the top those with two spaces before them. */
function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/^ {2}([a-z][a-z-]+) {2,}\S?/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
}

/** Options of a help text with what it says they take: nothing, a value, or words. */
function optionsIn(text: string): ReadonlyMap<string, 'nothing' | 'value' | 'words'> {
  const found = new Map<string, 'nothing' | 'value' | 'words'>();
  for (const [, short, long, takes = ''] of text.matchAll(
    /^ {2,6}(?:(-\w), )?(--[\w-]+)(?: (<[^>\n]+>(?:\.\.\.)?|\[<[^>\n]+>(?:\.\.\.)?\]))?$/gm,
  )) {
    const kind = takes === '' ? 'nothing' : takes.includes('...') ? 'words' : 'value';
    for (const name of [short, long]) if (name !== undefined) found.set(name, kind);
  }
  return found;
}

async function allCommands(): Promise<readonly string[]> {
  const top = commandsIn(await help(''));
  const below = await Promise.all(
    ['docs', 'license', 'sl', 'source', 'system'].map(async (group) =>
      commandsIn(await help(group)).map((name) => `${group} ${name}`),
    ),
  );
  const groups = new Set(below.flat().map((words) => words.split(' ')[0]));
  return [...top.filter((name) => !groups.has(name)), ...below.flat()];
}

test('every command of dbt v2 is known', async () => {
  const commands = await allCommands();
  expect(commands.length).toBeGreaterThan(25);
  for (const words of commands)
    expect(parseCommandLine(words.split(' '), 'fusion'), words).toMatchObject({ isKnown: true });
});

test('every option of dbt v2 takes what dbt v2 says it takes', async () => {
  const kinds = optionKindsOf('fusion');
  let seen = 0;
  const wrong: string[] = [];
  for (const words of ['', ...(await allCommands())]) {
    // Asked for its help, it first installs itself from the network.
    if (words === 'wizard') continue;
    for (const [name, takes] of optionsIn(await help(words))) {
      seen += 1;
      // The one name with two meanings. That command reads no project and writes no artifact either way.
      if (words === 'system update' && name === '--version') continue;
      const read = kinds.get(name)?.takes ?? 'nothing';
      if (read !== takes) wrong.push(`${words} ${name}: ${read}, to dbt ${takes}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(500);
});
