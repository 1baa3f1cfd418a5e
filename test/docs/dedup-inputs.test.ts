import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { runKey, splitWords } from '../../sdk/index.ts';
import { MARKS } from '../../sdk/plan/fingerprint/list-files.ts';
import { storeProject } from '../support/store-example.ts';
import { codeSpans, readDoc, section } from './markdown.ts';

let text = '';
beforeAll(async () => {
  text = section(await readDoc('docs/dedup.md'), 'The key');
});

/** What is named in a paragraph or an item of a list, up to a word. */
function namedIn(start: string, end: string): readonly string[] {
  const [, rest] = text.split(start);
  expect(rest, start).toBeDefined();
  return codeSpans(rest?.split(end)[0] ?? '');
}

test('the folders that are left out are those of the code', async () => {
  const source = await readDoc('sdk/plan/fingerprint/list-files.ts');
  const [, listed = ''] = /TOOL_FOLDERS = new Set\(\[([\s\S]*?)\]\);/.exec(source) ?? [];
  const folders = [...listed.matchAll(/'([^']+)'/g)].map(([, name]) => name);
  expect(folders).toContain('node_modules');
  expect(namedIn('- folders of tools', ';').toSorted()).toEqual(folders.toSorted());
  expect(namedIn('- folders with a mark', ';').toSorted()).toEqual([...MARKS].toSorted());
});

test('the commands that have a derived key, a given one alone, and none', async () => {
  const project = await storeProject('postgres');
  onTestFinished(project.remove);
  const kindOf = async (command: string, idempotencyKey?: string) => {
    const dedup = idempotencyKey === undefined ? { data: 'ignore' as const } : { idempotencyKey };
    return (await runKey(splitWords(command), { ...project.options, dedup })).kind;
  };
  const derived = namedIn('Derived keys are for', '.\n');
  const given = namedIn('It makes', 'repeatable');
  const none = namedIn('No key, derived or given, is for', ':');
  expect([derived.length, given.length, none.length]).toEqual([8, 2, 8]);
  for (const command of derived) expect(await kindOf(command), command).toBe('derived');
  for (const command of given) {
    expect(await kindOf(command), command).toBe('none');
    expect(await kindOf(command, 'delivery 1'), command).toBe('given');
  }
  for (const command of none) expect(await kindOf(command, 'delivery 1'), command).toBe('none');
  await expect(kindOf('retry', 'delivery 1')).rejects.toMatchObject({ code: 'invalid-options' });
});
