import { access, link, mkdir, mkdtemp, readdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { ageFile } from '../../support/age-file.ts';
import { seededRandom } from '../../support/random.ts';

const DAY = 86_400_000;
let dir = '';
let store: DedupStore;
let folder = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-sweep-'));
  store = fileStore({ dir });
  folder = join(dir, 'entries', 'claims', 'a@');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const NAME = 'claims/a';
const make = (value: string) => store.write({ name: NAME, value, expected: undefined, retainMs: DAY });
const sweep = () => store.sweep({ blobAgeMs: 31 * DAY, signal: new AbortController().signal });
const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
async function age(path: string, ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(path, then, then);
}

describe('an entry that is dead', () => {
  beforeEach(async () => {
    await make('dead');
    await ageFile(dir, 'entries', NAME, 3 * DAY);
  });

  test('goes with its folder', async () => {
    expect(await sweep()).toEqual({ kind: 'swept', entries: 1, blobs: 0 });
    expect(await isThere(folder)).toBe(false);
  });

  test('stays while a writer has its temporary file there, and goes when that one has died', async () => {
    const temporary = join(folder, '.writer');
    await writeFile(temporary, 'x');
    expect(await sweep()).toMatchObject({ entries: 0 });
    expect((await readdir(folder)).sort()).toEqual(['.writer', '1']);
    await age(temporary, 2 * DAY);
    expect(await sweep()).toMatchObject({ entries: 1 });
    expect(await isThere(folder)).toBe(false);
  });

  test('leaves its folder when something else is in it by then', async () => {
    await writeFile(join(folder, 'late'), 'x');
    expect(await sweep()).toMatchObject({ entries: 0 });
    expect(await readdir(folder)).toEqual(['late']);
  });

  test('a listing clears it away as well', async () => {
    const names: string[] = [];
    for await (const name of store.list('')) names.push(name);
    expect(names).toEqual([]);
    expect(await isThere(folder)).toBe(false);
  });
});

describe('a folder that is being cleared away, with a late writer still in it', () => {
  test('is written to by that one alone', async () => {
    await make('x');
    const late = join(folder, '.late');
    await link(join(folder, '1'), late);
    await unlink(join(folder, '1'));
    const writing = make('y');
    // It must not take the number 1 while the late one may take another.
    await expect.poll(async () => (await readdir(folder)).length, { interval: 1 }).toBeGreaterThan(1);
    expect(await readdir(folder)).not.toContain('1');
    await link(late, join(folder, '2'));
    await unlink(late);
    expect(await writing).toEqual({ kind: 'conflict' });
    expect(await store.read(NAME)).toMatchObject({ entry: { value: 'x' } });
  });

  test('is made anew when the late one is gone', async () => {
    await mkdir(folder, { recursive: true });
    expect(await make('y')).toMatchObject({ kind: 'written' });
    expect(await store.read(NAME)).toMatchObject({ entry: { value: 'y' } });
    expect(await readdir(folder)).toEqual(['1']);
  });
});

test('what cannot be read is listed, and stays', async () => {
  await make('x');
  await writeFile(join(folder, '2'), 'no JSON');
  const names: string[] = [];
  for await (const name of store.list('claims/')) names.push(name);
  expect(names).toEqual([NAME]);
  await ageFile(dir, 'entries', NAME, 90 * DAY);
  expect(await sweep()).toMatchObject({ entries: 0 });
  expect(await store.read(NAME)).toMatchObject({ kind: 'unknown' });
});

test('what processes left that died over it goes after a day, and nothing else', async () => {
  await make('x');
  const blob = join(dir, 'blobs', 'bundles');
  await store.putBlob('bundles/b', new Uint8Array(3), DAY);
  const left = [join(folder, '.t'), join(blob, '.t')];
  for (const path of left) await writeFile(path, 'x');
  const leftFolder = join(dir, 'entries', 'claims', '.t');
  await mkdir(leftFolder);
  await writeFile(join(leftFolder, '1'), 'x');
  await sweep();
  for (const path of [...left, leftFolder]) expect(await isThere(path)).toBe(true);
  for (const path of [...left, leftFolder]) await age(path, 2 * DAY);
  expect(await sweep()).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
  expect(await readdir(blob)).toEqual(['b']);
  expect(await readdir(folder)).toEqual(['1']);
  expect(await readdir(join(dir, 'entries', 'claims'))).toEqual(['a@']);
});

test('a blob that is put while it is cleared away is there afterwards', async () => {
  const random = seededRandom('blobs that are put while they are cleared away');
  const bytes = new Uint8Array([1, 2, 3]);
  const names = Array.from({ length: 40 }, (_, at) => `bundles/b${at}`);
  const put = (name: string) => store.putBlob(name, bytes, DAY);
  await Promise.all(names.map(put));
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(names.map((name) => ageFile(dir, 'blobs', name, 40 * DAY)));
    const putLater = async (name: string): Promise<void> => {
      for (let ticks = random.int(0, 40); ticks > 0; ticks -= 1) await tick();
      await put(name);
    };
    await Promise.all([sweep(), ...names.map(putLater), sweep()]);
    for (const name of names) expect(await store.getBlob(name, 10)).toMatchObject({ kind: 'found' });
  }
  expect(await readdir(join(dir, 'blobs', 'bundles'))).toHaveLength(names.length);
});

test('a ledger that is not there yet has nothing to clear away', async () => {
  expect(
    await fileStore({ dir: join(dir, 'nowhere') }).sweep({
      blobAgeMs: DAY,
      signal: new AbortController().signal,
    }),
  ).toEqual({
    kind: 'swept',
    entries: 0,
    blobs: 0,
  });
});
