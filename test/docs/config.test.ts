import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkContent } from '../../sdk/config/check.ts';
import { CONFIG_KEYS } from '../../sdk/config/schema.ts';
import { REPOSITORY } from '../support/repository.ts';
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
