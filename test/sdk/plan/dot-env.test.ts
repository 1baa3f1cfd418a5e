import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDotEnv } from '../../../sdk/plan/dot-env.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dot-env-'));
  await mkdir(join(root, 'shop/models'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const text = [
  '# comment',
  'PLAIN=dev # note',
  'export EXPORTED = x',
  'SINGLE=\'a "b"\'',
  'QUOTED="a b"',
  'EMPTY=',
  'SET=file',
  'FROM=$PLAIN',
  'ESCAPED="a\\nb"',
  'TWICE=1',
  'TWICE=2',
  'not a setting',
].join('\n');

test('dbt 1.12 reads the nearest file, and what is set stays', async () => {
  await writeFile(join(root, '.env'), text);
  const env = { SET: 'environment' };
  const read = await readDotEnv({ cwd: join(root, 'shop/models'), env, dbtVersion: '1.12.6' });
  expect(read.env).toEqual({
    PLAIN: 'dev',
    EXPORTED: 'x',
    QUOTED: 'a b',
    EMPTY: '',
    SET: 'environment',
    TWICE: '2',
  });
  expect([...read.uncertain].sort()).toEqual(['ESCAPED', 'FROM', 'SINGLE']);
});

test('dbt 1.11 reads none', async () => {
  await writeFile(join(root, '.env'), text);
  const read = await readDotEnv({ cwd: root, env: { A: '1' }, dbtVersion: '1.11.16' });
  expect(read).toEqual({ env: { A: '1' }, uncertain: new Set() });
});

test('of a dbt of unknown version nothing in the file is certain', async () => {
  await writeFile(join(root, '.env'), 'TARGET=prod\n');
  const read = await readDotEnv({ cwd: root, env: {} });
  expect(read).toEqual({ env: {}, uncertain: new Set(['TARGET']) });
});

test('no file', async () => {
  expect((await readDotEnv({ cwd: root, env: {}, dbtVersion: '1.12.0' })).uncertain.size).toBe(0);
});
