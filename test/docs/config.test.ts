import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { LEDGER_KEYS } from '../../action/ledger-inputs.ts';
import { STATE_KEYS } from '../../action/state-inputs.ts';
import { checkContent } from '../../sdk/config/check.ts';
import { LEDGER_SHAPE } from '../../sdk/config/ledger-schema.ts';
import { CONFIG_KEYS } from '../../sdk/config/schema.ts';
import { STATE_SHAPE } from '../../sdk/config/state-schema.ts';
import { REPOSITORY } from '../support/repository.ts';
import { codeSpans, readDoc, section, tableRows } from './markdown.ts';
import { samples } from './samples.ts';

test('the configuration files of the docs are valid', async () => {
  const files = (await samples())
    .filter(({ language }) => language === 'yaml')
    .map(({ place, code }) => ({ place, content: parse(code) as Record<string, unknown> }))
    .filter(({ content }) => CONFIG_KEYS.some((key) => key in content));
  expect(files.map(({ place }) => place.split(':')[0])).toEqual(
    expect.arrayContaining(['README.md', 'docs/config.md']),
  );
  for (const { place, content } of files) expect(checkContent(content), place).toHaveProperty('content');
});

test('the table of keys has every key with its variable', async () => {
  const text = await readFile(join(REPOSITORY, 'docs/config.md'), 'utf8');
  for (const key of CONFIG_KEYS) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${key}\` `));
    expect(row, key).toContain(`\`DBT_RUNCACHE_${key.toUpperCase().replaceAll('-', '_')}\``);
  }
});

test('all keys of the ledger but one are inputs of the Action, and the README shows inputs that there are', async () => {
  const keys = Object.keys(LEDGER_SHAPE).filter((key) => key !== 'idempotency-key');
  expect([...LEDGER_KEYS].toSorted()).toEqual(keys.toSorted());
  const { inputs } = parse(await readDoc('action.yml')) as {
    inputs: Record<string, { description: string }>;
  };
  expect(keys.filter((key) => !(key in inputs))).toEqual([]);
  const text = section(await readDoc('README.md'), 'In a workflow');
  const shown = tableRows(text).flatMap(([name = '']) => codeSpans(name));
  expect(shown).toContain('durable-target');
  // Those that stand in a sentence.
  const [, rest = ''] = text.split('The policies');
  const named = codeSpans(rest.split('are inputs too')[0] ?? '');
  expect([...shown, ...named].filter((name) => !(name in inputs))).toEqual([]);
  const told = [...shown, ...named].filter((name) => keys.includes(name));
  expect(told.toSorted()).toEqual(keys.toSorted());
});

test('all keys of the production state are inputs of the Action, with the words of the table', async () => {
  expect([...STATE_KEYS].toSorted()).toEqual(Object.keys(STATE_SHAPE).toSorted());
  const { inputs } = parse(await readDoc('action.yml')) as {
    inputs: Record<string, { description: string }>;
  };
  const rows = tableRows(section(await readDoc('docs/config.md'), 'The production state'));
  expect(rows.map(([key = '']) => codeSpans(key)[0])).toEqual(Object.keys(STATE_SHAPE));
  for (const [key = '', values = ''] of rows) {
    const [name = ''] = codeSpans(key);
    const told = codeSpans(inputs[name]?.description ?? '');
    for (const word of codeSpans(values)) expect(told, name).toContain(word);
  }
});
