import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetFilesOf } from '../../../sdk/plan/target-files.ts';
import { type Given, type ProjectFolder, projectFolder } from '../../support/fingerprint-input.ts';

let folder: ProjectFolder;
beforeAll(async () => {
  folder = await projectFolder();
});
afterAll(() => folder.remove());

const filesOf = async (target: string, given: Given = {}) => {
  const found = targetFilesOf(await folder.input({ target, ...given }));
  return found.kind === 'files' ? found.paths.map((path) => path.replace(folder.root, '')) : found.kind;
};

test.each<[string, readonly string[] | string]>([
  ['type: duckdb, path: x.duckdb', ['/x.duckdb']],
  ['type: duckdb, path: /data/x.duckdb', ['/data/x.duckdb']],
  ['type: duckdb, path: "duckdb:x.duckdb"', ['/x.duckdb']],
  [
    'type: duckdb, path: x.duckdb, attach: [{path: y.duckdb}, {path: z.db, type: sqlite}]',
    ['/x.duckdb', '/y.duckdb', '/z.db'],
  ],
  ['type: duckdb, path: x.duckdb, attach: [{path: x.duckdb, alias: b}]', ['/x.duckdb']],
  ['type: duckdb, attach: [{path: y.duckdb}]', ['/y.duckdb']],
  [
    'type: duckdb, path: x.duckdb, attach: [{path: "md:y"}, {path: "dbname=z", type: postgres}]',
    ['/x.duckdb'],
  ],
  ['type: duckdb', 'memory'],
  ['type: duckdb, path: ":memory:"', 'memory'],
  ['type: duckdb, path: "md:shop"', 'none'],
  ['type: duckdb, path: "motherduck:shop"', 'none'],
  ['type: duckdb, attach: [{path: "s3://bucket/x.duckdb"}]', 'none'],
  ['type: duckdb, remote: {host: h, port: 1, user: u}', 'none'],
  ['type: duckdb, path: "{{ x }}"', 'unknown'],
  ['type: duckdb, path: ~/x.duckdb', 'unknown'],
  ['type: duckdb, path: "ducklake:x.ducklake"', 'unknown'],
  ['type: duckdb, path: x, is_ducklake: true', 'unknown'],
  ['type: duckdb, path: x, is_ducklake: Yes', 'unknown'],
  ['type: duckdb, path: x, is_ducklake: false', ['/x']],
  ['type: duckdb, path: x, attach: [{path: z, is_ducklake: true}]', 'unknown'],
  ['type: duckdb, path: x, attach: [{path: z, type: something}]', 'unknown'],
  ['type: duckdb, path: x, attach: [{path: z, options: {type: something}}]', 'unknown'],
  ['type: duckdb, path: x, attach: [{alias: y}]', 'unknown'],
  ['type: duckdb, path: x, attach: "{{ y }}"', 'unknown'],
  ['type: duckdb, path: "odd:x"', 'unknown'],
  ['type: sqlite, schemas_and_paths: {main: a.db, other: /b.db}, schema_directory: .', ['/a.db', '/b.db']],
  ['type: sqlite, path: a.db', ['/a.db']],
  ['type: sqlite, schemas_and_paths: {main: ":memory:"}', 'memory'],
  ['type: sqlite, schema_directory: .', 'unknown'],
  ['type: sqlite', 'unknown'],
  ['type: postgres, host: localhost', 'none'],
  ['type: snowflake, account: a', 'none'],
  ['type: "{{ x }}"', 'unknown'],
])('{%s}: %j', async (target, expected) => {
  expect(await filesOf(target)).toEqual(expected);
});

test('a path is relative to where dbt is started', async () => {
  await folder.put('sub/x', '');
  const target = 'type: duckdb, path: x.duckdb';
  expect(await filesOf(target, { cwd: 'sub' })).toEqual(['/sub/x.duckdb']);
  expect(await filesOf(target, { cwd: 'sub', engine: 'fusion' })).toBe('unknown');
  expect(await filesOf(target, { engine: 'fusion' })).toEqual(['/x.duckdb']);
  expect(targetFilesOf(await folder.input({ more: { profile: undefined } }))).toEqual({ kind: 'unknown' });
});
