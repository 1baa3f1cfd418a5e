import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchBundle, saveBundle } from '../../../sdk/dedup/bundle.ts';
import { problemOfPaths } from '../../../sdk/dedup/kept-paths.ts';
import { REPORT_PATH } from '../../../sdk/dedup/record.ts';
import { restoreFiles } from '../../../sdk/dedup/restore.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { seededRandom } from '../../support/random.ts';

const isWindows = process.platform === 'win32';

let root = '';
let target = '';
let outside = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'restore-'));
});
beforeEach(async () => {
  const folder = await mkdtemp(join(root, 'case-'));
  target = join(folder, 'target');
  outside = join(folder, 'outside');
  await mkdir(outside);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const contents = (files: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
const restore = (files: Readonly<Record<string, string>>, places?: ReadonlyMap<string, string>) =>
  restoreFiles(target, contents(files), places);
const text = (path: string): Promise<string> => readFile(join(target, path), 'utf8');

/** Everything below a folder, with its content. */
async function tree(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory());
  const read = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    return [path.slice(folder.length + 1).replaceAll('\\', '/'), await readFile(path, 'latin1')];
  });
  return Object.fromEntries((await Promise.all(read)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('bringing files back', () => {
  test('writes artifacts and compiled SQL, not the report, and leaves other files', async () => {
    await mkdir(join(target, 'compiled', 'shop'), { recursive: true });
    await writeFile(join(target, 'catalog.json'), 'old');
    await writeFile(join(target, 'manifest.json'), 'old, and longer than the new one');
    await writeFile(join(target, 'compiled', 'shop', 'old.sql'), 'old');
    const written = await restore({
      [REPORT_PATH]: 'r',
      'run_results.json': '{}',
      'manifest.json': '{"nodes":{}}',
      'compiled/shop/a.sql': 'select 1',
      'run/shop/models/schema.yml/not_null.sql': '',
    });
    expect(written).toEqual([
      'run_results.json',
      'manifest.json',
      'compiled/shop/a.sql',
      'run/shop/models/schema.yml/not_null.sql',
    ]);
    expect(await tree(target)).toEqual({
      'catalog.json': 'old',
      'compiled/shop/a.sql': 'select 1',
      'compiled/shop/old.sql': 'old',
      'manifest.json': '{"nodes":{}}',
      'run/shop/models/schema.yml/not_null.sql': '',
      'run_results.json': '{}',
    });
  });

  test('puts an artifact where it belongs', async () => {
    const elsewhere = join(outside, 'fresh', 'sources.json');
    const places = new Map([
      ['sources.json', elsewhere],
      ['compiled/a.sql', join(outside, 'no')],
    ]);
    expect(await restore({ 'sources.json': '{}', 'compiled/a.sql': 'x' }, places)).toHaveLength(2);
    expect(await tree(outside)).toEqual({ 'fresh/sources.json': '{}' });
    expect(await tree(target)).toEqual({ 'compiled/a.sql': 'x' });
  });

  test('replaces a hard link and leaves what else it names', async () => {
    await mkdir(target);
    await writeFile(join(outside, 'shared'), 'theirs');
    await link(join(outside, 'shared'), join(target, 'manifest.json'));
    await restore({ 'manifest.json': 'ours' });
    expect([await text('manifest.json'), await tree(outside)]).toEqual(['ours', { shared: 'theirs' }]);
  });

  test('takes a name as long as one can be', async () => {
    const path = `compiled/${'a'.repeat(251)}.sql`;
    await restore({ [path]: 'x' });
    expect(await tree(target)).toEqual({ [path]: 'x' });
  });
});

describe.skipIf(isWindows)('links in the target folder', () => {
  test.each(['run_results.json', 'compiled/shop/a.sql'])(
    'a link in place of %s is replaced',
    async (path) => {
      await writeFile(join(outside, 'victim'), 'theirs');
      await mkdir(dirname(join(target, path)), { recursive: true });
      await symlink(join(outside, 'victim'), join(target, path));
      await restore({ [path]: 'ours' });
      expect((await lstat(join(target, path))).isSymbolicLink()).toBe(false);
      expect([await text(path), await tree(outside)]).toEqual(['ours', { victim: 'theirs' }]);
    },
  );

  test('a link to nothing is replaced, and what it names is not made', async () => {
    await mkdir(target);
    await symlink(join(outside, 'new'), join(target, 'manifest.json'));
    await restore({ 'manifest.json': 'ours' });
    expect([await text('manifest.json'), await tree(outside)]).toEqual(['ours', {}]);
  });

  test.each([
    ['compiled', 'compiled/a.sql'],
    ['compiled/shop', 'compiled/shop/a.sql'],
    ['compiled/shop/models', 'compiled/shop/models/b/a.sql'],
    ['run', 'run/a.sql'],
  ])('a folder %s that is a link is refused, and nothing is changed', async (folder, path) => {
    await mkdir(dirname(join(target, folder)), { recursive: true });
    await symlink(outside, join(target, folder));
    await expect(restore({ 'run_results.json': '{}', [path]: 'ours' })).rejects.toMatchObject({
      code: 'replay-unwritable',
      message: expect.stringContaining('is a link'),
      hint: expect.stringContaining('--target-path'),
    });
    expect(await tree(outside)).toEqual({});
    expect(await readdir(target)).toEqual([folder.split('/')[0]]);
  });

  test('the target folder itself may be one', async () => {
    await symlink(outside, target);
    await restore({ 'run_results.json': '{}' });
    expect(await tree(outside)).toEqual({ 'run_results.json': '{}' });
  });
});

describe('what is refused', () => {
  test.each([
    '../x',
    '..',
    '/etc/passwd',
    'compiled/../../x',
    'compiled/..',
    'run/a/../../../x',
    'compiled/./a',
    'compiled//a',
    '/compiled/a',
    'compiled/',
    'compiled',
    'run',
    './manifest.json',
    'Compiled/a.sql',
    'manifest.json/',
    'compiled\\..\\..\\x',
    'compiled/..\\..\\x',
    'compiled/a\0.sql',
    'compiled/a\n.sql',
    'C:\\x',
    'C:compiled/a',
    '\\\\host\\share\\x',
    'partial_parse.msgpack',
    'other.html',
    'dbt_runcache_decisions.jsonl',
    `compiled/${'a/'.repeat(600)}a`,
    '__proto__',
    '',
  ])('%j', async (path) => {
    await expect(restore({ 'run_results.json': '{}', [path]: 'x' })).rejects.toMatchObject({
      code: 'replay-unwritable',
    });
    expect(await tree(dirname(target))).toEqual({});
  });

  test('tricks of any kind stay in the folder', async () => {
    const random = seededRandom('restored names');
    const words = [
      '..',
      '.',
      '',
      'a',
      'compiled',
      'run',
      '\\',
      'C:',
      '\0',
      'con',
      '/',
      '~',
      '%2e%2e',
      '..\\',
      '\u2024.',
    ];
    let written = 0;
    for (let round = 0; round < 400; round += 1) {
      const path = Array.from({ length: random.int(1, 6) }, () => random.pick(words)).join('/');
      const names = await restore({ [random.pick(['', 'compiled/', 'run/']) + path]: 'x' }).catch(() => []);
      written += names.length;
    }
    expect(written).toBeGreaterThan(5);
    expect(await readdir(dirname(target))).toEqual(expect.arrayContaining(['outside', 'target']));
    expect(await readdir(dirname(target))).toHaveLength(2);
    expect(new Set(await readdir(target))).toEqual(new Set(['compiled', 'run']));
  });

  test('names that mean something on Windows, there', () => {
    for (const name of [
      'con',
      'CON.sql',
      'aux.sql',
      'nul',
      'com1.sql',
      'lpt9',
      'COM¹.sql',
      'conin$',
      'prn .sql',
      'a:b.sql',
      'a.sql:stream',
      'a.',
      'a ',
      'a?.sql',
      'a*.sql',
      '<a>.sql',
      'a|b',
      '"a"',
    ]) {
      expect(problemOfPaths([`compiled/${name}`], 'win32'), name).toContain('may be brought back');
      expect(problemOfPaths([`compiled/${name}/a.sql`], 'win32'), name).toContain('may be brought back');
      expect(problemOfPaths([`compiled/${name}`], 'linux'), name).toBe(undefined);
    }
    for (const name of ['console.sql', 'auxiliary.sql', 'com10.sql', 'a.b.sql', '.a', 'a b.sql', 'é.sql'])
      expect(problemOfPaths([`compiled/${name}`], 'win32'), name).toBe(undefined);
  });

  test('names that are one file where case does not count', () => {
    const pairs = [
      ['compiled/A.sql', 'compiled/a.sql'],
      ['compiled/\u00e9.sql', 'compiled/e\u0301.sql'],
      ['compiled/A', 'compiled/a/b.sql'],
    ];
    for (const pair of pairs) {
      for (const platform of ['win32', 'darwin'] as const)
        expect(problemOfPaths(pair, platform)).toBeDefined();
      expect(problemOfPaths(pair, 'linux')).toBe(undefined);
    }
    expect(problemOfPaths(['compiled/a', 'compiled/a'], 'linux')).toContain('twice');
    for (const pair of [
      ['compiled/a', 'compiled/a/b/c'],
      ['compiled/a/b/c', 'compiled/a/b'],
    ])
      expect(problemOfPaths(pair, 'linux')).toContain('a file and a folder');
  });

  test.skipIf(process.platform !== 'linux')('names that differ in case are two files here', async () => {
    await restore({ 'compiled/A.sql': '1', 'compiled/a.sql': '2' });
    expect(await tree(target)).toEqual({ 'compiled/A.sql': '1', 'compiled/a.sql': '2' });
  });
});

describe('a target folder that cannot be written', () => {
  test('a folder in place of a file', async () => {
    await mkdir(join(target, 'manifest.json'), { recursive: true });
    await writeFile(join(target, 'run_results.json'), 'old');
    await expect(restore({ 'run_results.json': '{}', 'manifest.json': '{}' })).rejects.toMatchObject({
      code: 'replay-unwritable',
      message: expect.stringContaining('manifest.json is a folder'),
    });
    expect(await tree(target)).toEqual({ 'run_results.json': 'old' });
  });

  test.each(['compiled', 'compiled/shop'])('a file in place of the folder %s', async (path) => {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), 'x');
    await expect(restore({ 'compiled/shop/a.sql': 'x' })).rejects.toMatchObject({
      code: 'replay-unwritable',
    });
    expect(await tree(target)).toEqual({ [path]: 'x' });
  });

  test('a file in place of the target folder', async () => {
    await writeFile(target, 'x');
    await expect(restore({ 'run_results.json': '{}' })).rejects.toMatchObject({
      code: 'replay-unwritable',
      message: expect.stringContaining(target),
    });
  });

  test.skipIf(process.platform !== 'linux')(
    'a draft that cannot be written: the others are cleared away',
    async () => {
      await mkdir(target);
      await writeFile(join(target, 'run_results.json'), 'old');
      const files = { 'run_results.json': '{}', 'sources.json': '{}', 'compiled/a.sql': 'x' };
      await expect(restore(files, new Map([['sources.json', '/proc/sources.json']]))).rejects.toMatchObject({
        code: 'replay-unwritable',
      });
      expect(await tree(target)).toEqual({ 'run_results.json': 'old' });
    },
  );

  test('a failure half-way: each file is new or old as a whole, and no draft stays', async () => {
    await mkdir(target);
    await writeFile(join(target, 'run_results.json'), 'old');
    // The folder of one is in the way of the other by the time it gets its name.
    const places = new Map([
      ['sources.json', join(outside, 'x')],
      ['catalog.json', join(outside, 'x', 'y')],
    ]);
    const files = { 'run_results.json': '{}', 'sources.json': '{}', 'catalog.json': '[]' };
    await expect(restore(files, places)).rejects.toMatchObject({ code: 'replay-unwritable' });
    expect(await tree(target)).toEqual({ 'run_results.json': 'old' });
    expect(await tree(outside)).toEqual({ 'x/y': '[]' });
  });
});

test.each(['memory', 'file'])('what is saved in a %s store comes back byte for byte', async (kind) => {
  const random = seededRandom(`restored bytes, ${kind}`);
  const store = kind === 'memory' ? memoryStore() : fileStore({ dir: await mkdtemp(join(root, 'ledger-')) });
  for (let round = 0; round < 25; round += 1) {
    const from = await mkdtemp(join(root, 'from-'));
    const to = join(await mkdtemp(join(root, 'to-')), 'target');
    const names = ['run_results.json', 'manifest.json', 'sources.json', 'catalog.json'];
    const paths = names.filter(() => random.int(0, 3) > 0);
    for (let left = random.int(0, 30); left > 0; left -= 1) {
      const folder = random.pick(['compiled/shop', 'run/shop', 'compiled/shop/models/schema.yml', 'run']);
      paths.push(`${folder}/${random.pick(['a b', 'é', '表', '.hidden', "it's", '%s'])}_${left}.sql`);
    }
    for (const path of paths) {
      const bytes = Buffer.alloc(random.pick([0, 0, 1, 2, 100, 70_000]), random.int(0, 255));
      for (let at = 0; at < bytes.length; at += random.int(1, 50)) bytes[at] = random.int(0, 255);
      await mkdir(dirname(join(from, path)), { recursive: true });
      await writeFile(join(from, path), bytes);
    }
    const files = paths.map((path) => ({ path, from: join(from, path) }));
    const saved = await saveBundle(store, { report: '{}', files, retainMs: 60_000 });
    if (saved.kind !== 'saved') throw new Error(JSON.stringify(saved));
    const fetched = await fetchBundle(store, saved);
    if (fetched.kind !== 'fetched') throw new Error(JSON.stringify(fetched));
    expect(await restoreFiles(to, fetched.contents)).toHaveLength(paths.length);
    expect(await tree(to)).toEqual(await tree(from));
  }
});
