import { expect, test } from 'vitest';
import { renderKey } from '../../sdk/cli/render-key.ts';
import type { KeyPartDescription, RunKeyDescription } from '../../sdk/index.ts';

const DIGEST = 'ab'.repeat(32);

const part = (name: string, more: Partial<KeyPartDescription> = {}): KeyPartDescription => ({
  ...{ name, digest: DIGEST, items: [], leftOut: [] },
  ...more,
});
const key = (more: Partial<RunKeyDescription>): RunKeyDescription => ({
  ...{ kind: 'derived', digest: DIGEST, why: [], parts: [] },
  ...more,
});

const CODE = part('code', {
  items: [
    { name: 'dbt_project.yml', value: '1'.repeat(40) },
    { name: 'models/a.sql', value: '2'.repeat(64) },
    { name: 'models/staging/b.sql', value: '3'.repeat(64) },
  ],
});

test('a part is its name, its digest, its items and what was left out', () => {
  const env = part('env', {
    items: [
      { name: 'REGION', value: '=eu' },
      { name: 'TEAM', value: '' },
    ],
    leftOut: [{ name: 'DBT_ENV_SECRET_X', why: 'it is a secret' }],
  });
  const target = '[["type","duckdb"],["files","/data/x.duckdb"]]';
  expect(renderKey(key({ parts: [env], target }), { all: false })).toBe(
    `Key: ${DIGEST} (derived)
Writes to: type duckdb, files /data/x.duckdb

env  abababababab  2 items
  REGION: =eu
  TEAM: (nothing)
  left out: DBT_ENV_SECRET_X: it is a secret
`,
  );
});

test('files are told folder by folder, or all of them', () => {
  const brief = renderKey(key({ parts: [CODE] }), { all: false });
  expect(brief).toContain('code  abababababab  3 items\n  dbt_project.yml: 111111111111\n  models/: ');
  expect(brief).toMatch(/models\/: [0-9a-f]{12} \(2 files\)\n$/);
  const changed = { ...CODE, items: CODE.items.map((item) => ({ ...item, value: '4'.repeat(64) })) };
  expect(renderKey(key({ parts: [changed] }), { all: false }).split('models/: ')[1]).not.toBe(
    brief.split('models/: ')[1],
  );
  expect(renderKey(key({ parts: [CODE] }), { all: true })).toContain(
    '  models/staging/b.sql: 333333333333\n',
  );
  const vars = part('vars', { items: [{ name: 'a/b', value: '1' }] });
  expect(renderKey(key({ parts: [vars] }), { all: false })).toContain('  a/b: 1\n');
});

test('without a key, what is missing comes first, with the way out', () => {
  const parts = [CODE, part('data', { digest: null, why: 'nobody said' })];
  const text = renderKey({ kind: 'none', why: ['data: nobody said'], parts }, { all: false });
  expect(text).toMatch(
    /^There is no key:\n {2}data: nobody said\nOr name the run yourself: --idempotency-key <key>\.\n\ncode /,
  );
  expect(text.match(/nobody said/g)).toHaveLength(1);
  const never = renderKey({ kind: 'none', why: ['dbt retry has none.'], parts: [] }, { all: false });
  expect(never).toBe('There is no key:\n  dbt retry has none.\n');
});

test('with a given key, what is not known comes first', () => {
  const parts = [CODE, part('engine', { digest: null, why: 'its version could not be told' })];
  const text = renderKey(key({ kind: 'given', parts }), { all: false });
  expect(text).toContain(
    `Key: ${DIGEST} (given)\n\nengine  not known: its version could not be told\n\ncode `,
  );
});

test('nothing in it steers a terminal', () => {
  const evil = 'x\u001b[31m\u009b2J\ny';
  const parts = [part(evil, { items: [{ name: evil, value: evil }], leftOut: [{ name: evil, why: evil }] })];
  const text = renderKey(key({ parts, target: evil }), { all: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of those may be there.
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(text.split('\n')).toHaveLength(7);
});
