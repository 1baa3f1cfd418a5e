import { createHash } from 'node:crypto';
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TargetFile } from '../../../sdk/dedup/record.ts';
import { checkTargetFiles, describeTargetFiles } from '../../../sdk/dedup/target-file.ts';

const TOO_LARGE = (256 << 20) + 1;

let root = '';
let folder = '';
let database = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'target-file-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
  database = join(folder, 'shop.duckdb');
  await writeFile(database, 'the tables');
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** As if its content had been written a minute ago. */
async function age(path: string): Promise<void> {
  const then = new Date(Date.now() - 60_000);
  await utimes(path, then, then);
}

async function described(path: string): Promise<TargetFile> {
  const [file, ...others] = await describeTargetFiles([path]);
  expect(others).toEqual([]);
  return file as TargetFile;
}

describe('a description', () => {
  test('has the size, the digest of the content and, for a file at rest, its identity', async () => {
    await age(database);
    expect(await described(database)).toEqual({
      path: database,
      bytes: 10,
      identity: expect.stringMatching(/^\d+-\d+-10-\d+-\d+$/),
      sha256: createHash('sha256').update('the tables').digest('hex'),
    });
  });

  test('has no identity for a file that was just written, or is from the future', async () => {
    expect(await described(database)).toMatchObject({ identity: '', sha256: expect.any(String) });
    const later = new Date(Date.now() + 60_000);
    await utimes(database, later, later);
    expect(await described(database)).toMatchObject({ identity: '' });
  });

  test('has the logs that hold something, and no file that is not there', async () => {
    await writeFile(`${database}.wal`, 'more');
    await writeFile(`${database}-journal`, '');
    const files = await describeTargetFiles([database, join(folder, 'gone.duckdb'), database]);
    expect(files.map(({ path }) => path)).toEqual([database, `${database}.wal`]);
    expect(await describeTargetFiles([join(database, 'x')])).toEqual([]);
    expect(await describeTargetFiles([])).toEqual([]);
  });

  test('does not read a file that is too large, and tells it by its identity', async () => {
    await truncate(database, TOO_LARGE);
    await age(database);
    const file = await described(database);
    expect(file).toEqual({ path: database, bytes: TOO_LARGE, identity: expect.stringMatching(/^\d+-/) });
    expect(await checkTargetFiles([file], [database])).toBe(undefined);
  });

  test('of a large file that was just written waits until a change would show', async () => {
    await truncate(database, TOO_LARGE);
    const file = await described(database);
    expect(file.identity).not.toBe('');
    expect(Date.now() - (await stat(database)).mtimeMs).toBeGreaterThanOrEqual(2000);
    expect(await checkTargetFiles([file], [database])).toBe(undefined);
  });

  test('of what is no file never fits', async () => {
    const file = await described(folder);
    expect(file.identity).toBe('');
    expect(await checkTargetFiles([file], [folder])).toContain('is no file');
  });
});

describe('files that are as a run left them', () => {
  test.each([true, false])('untouched, at rest: %s', async (atRest) => {
    if (atRest) await age(database);
    const files = await describeTargetFiles([database]);
    expect(await checkTargetFiles(files, [database])).toBe(undefined);
  });

  test('are not read while nothing has touched them', async () => {
    await age(database);
    const [file] = await describeTargetFiles([database]);
    const unread = { ...(file as TargetFile), sha256: 'b'.repeat(64) };
    expect(await checkTargetFiles([unread], [database])).toBe(undefined);
  });

  test('touched, copied or moved to another folder: the content counts', async () => {
    await writeFile(`${database}.wal`, 'more');
    await age(database);
    const files = await describeTargetFiles([database]);
    await age(database);
    expect(await checkTargetFiles(files, [database])).toBe(undefined);
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    const copy = join(elsewhere, 'shop.duckdb');
    await copyFile(database, copy);
    expect(await checkTargetFiles(files, [copy])).toBe(`${database}.wal is gone.`);
    await copyFile(`${database}.wal`, `${copy}.wal`);
    expect(await checkTargetFiles(files, [copy])).toBe(undefined);
    await rm(database);
    await rename(copy, database);
    expect(await checkTargetFiles(files, [database])).toBe(undefined);
  });

  test('an empty log may come and go', async () => {
    const without = await describeTargetFiles([database]);
    await writeFile(`${database}.wal`, '');
    expect(await checkTargetFiles(without, [database])).toBe(undefined);
    const withEmpty = await describeTargetFiles([database]);
    await rm(`${database}.wal`);
    expect(await checkTargetFiles(withEmpty, [database])).toBe(undefined);
  });

  test('two of one name are told apart by their order', async () => {
    const paths = ['a', 'b'].map((name) => join(folder, name, 'shop.duckdb'));
    const moved = ['c', 'd'].map((name) => join(folder, name, 'shop.duckdb'));
    for (const [at, path] of [...paths, ...moved].entries()) {
      await mkdir(join(path, '..'));
      await writeFile(path, at % 2 === 0 ? 'first' : 'other');
    }
    const files = await describeTargetFiles(paths);
    expect(await checkTargetFiles(files, moved)).toBe(undefined);
    expect(await checkTargetFiles(files, [...moved].reverse())).toContain('has been changed');
  });
});

describe('files that are not as a run left them', () => {
  const check = async (change: () => Promise<unknown>, atRest = true): Promise<string | undefined> => {
    if (atRest) await age(database);
    const files = await describeTargetFiles([database]);
    await change();
    return checkTargetFiles(files, [database]);
  };

  test.each([true, false])(
    'one that was changed in place, its size and time the same, at rest: %s',
    async (atRest) => {
      const why = await check(async () => {
        const { atime, mtime } = await stat(database);
        const file = await open(database, 'r+');
        await file.write('THE', 0);
        await file.close();
        await utimes(database, atime, mtime);
      }, atRest);
      expect(why).toBe(`${database} has been changed.`);
    },
  );

  test('one whose identity was seen too early is compared by its content', async () => {
    const [file] = await describeTargetFiles([database]);
    // What a coarse clock may show after a second write: all the same.
    const same = await stat(database, { bigint: true });
    const identity = [same.dev, same.ino, same.size, same.mtimeNs, same.ctimeNs].join('-');
    expect((file as TargetFile).identity).not.toBe(identity);
    const other = { ...(file as TargetFile), sha256: 'b'.repeat(64) };
    expect(await checkTargetFiles([other], [database])).toContain('has been changed');
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ['gone', 'is gone', () => rm(database)],
    ['shorter', 'has 4 bytes, and had 10', () => truncate(database, 4)],
    ['longer', 'has 12 bytes, and had 10', () => truncate(database, 12)],
    ['empty', 'has 0 bytes, and had 10', () => truncate(database, 0)],
    ['a folder now', 'is no file any more', () => rm(database).then(() => mkdir(database))],
    ['beside a log', '.wal was not there', () => writeFile(`${database}.wal`, 'x')],
    ["beside SQLite's log", '-wal was not there', () => writeFile(`${database}-wal`, 'x')],
  ])('one that is %s', async (_what, why, change) => {
    expect(await check(change)).toContain(why);
  });

  test('a log that was emptied', async () => {
    await writeFile(`${database}.wal`, 'x');
    expect(await check(() => truncate(`${database}.wal`, 0))).toBe(`${database}.wal is gone.`);
  });

  test('a large one that was touched', async () => {
    await truncate(database, TOO_LARGE);
    expect(await check(() => age(database))).toContain('its content is not known');
  });

  test('another set of files', async () => {
    const other = join(folder, 'other.duckdb');
    await copyFile(database, other);
    const files = await describeTargetFiles([database]);
    expect(await checkTargetFiles(files, [other])).toBe(`${database} is gone.`);
    expect(await checkTargetFiles(files, [database, other])).toBe(
      `${other} was not there when that run ended.`,
    );
    expect(await checkTargetFiles(files, [])).toBe(`${database} is gone.`);
    expect(await checkTargetFiles([], [join(folder, 'none.duckdb')])).toContain('is no file of that run');
    expect(await checkTargetFiles([], [])).toBe(undefined);
  });

  test('one that is written all the time', async () => {
    const file = await open(database, 'r+');
    await file.truncate(64 << 20);
    let going = true;
    const writing = (async () => {
      for (let round = 0; going; round += 1) await file.write(String(round % 10), 0);
    })();
    const files = await describeTargetFiles([database]);
    const why = await checkTargetFiles(files, [database]);
    going = false;
    await writing;
    await file.close();
    expect(files[0]).toMatchObject({ identity: '' });
    expect(files[0]?.sha256).toBe(undefined);
    expect(why).toContain('its content is not known');
  });
});
