import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultSelectorOf } from '../../../../sdk/plan/slim/default-selector.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'default-selector-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function found(text: string) {
  await writeFile(join(dir, 'selectors.yml'), text);
  return defaultSelectorOf(dir);
}

const selector = (name: string, more = '') =>
  `  - name: ${name}\n    definition: {method: tag, value: x}\n${more === '' ? '' : `    ${more}\n`}`;

test('none', async () => {
  expect(await defaultSelectorOf(dir)).toEqual({ kind: 'none' });
  for (const text of ['', '# nothing yet\n', 'selectors:\n', `selectors:\n${selector('a')}`, 'other: 1\n'])
    expect(await found(text), text).toEqual({ kind: 'none' });
  expect(await found(`selectors:\n${selector('a', 'default: false')}`)).toEqual({ kind: 'none' });
});

test('the one with default: true', async () => {
  const text = `version: 2\nselectors:\n${selector('a')}${selector('b', 'default: true')}${selector('c')}`;
  expect(await found(text)).toEqual({ kind: 'named', name: 'b' });
  // YAML 1.1, as dbt reads it.
  expect(await found(`selectors:\n${selector('a', 'default: yes')}`)).toEqual({ kind: 'named', name: 'a' });
});

test('one that only dbt can tell', async () => {
  const uncertain = { kind: 'uncertain', why: expect.stringContaining('selectors.yml') };
  // dbt v2 does work this out.
  expect(await found(`selectors:\n${selector('a', `default: "{{ true }}"`)}`)).toEqual(uncertain);
  expect(await found(`selectors:\n${selector(`"{{ 'a' }}"`, 'default: true')}`)).toEqual(uncertain);
  expect(await found('selectors: [}\n')).toEqual(uncertain);
  await rm(join(dir, 'selectors.yml'));
  await mkdir(join(dir, 'selectors.yml'));
  expect(await defaultSelectorOf(dir)).toEqual(uncertain);
});
