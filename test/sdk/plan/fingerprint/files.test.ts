import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestFiles } from '../../../../sdk/plan/fingerprint/digest-files.ts';
import { gitObjects } from '../../../../sdk/plan/fingerprint/git-objects.ts';
import { listFiles } from '../../../../sdk/plan/fingerprint/list-files.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fingerprint-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ENV = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' };
const git = (...args: readonly string[]): void =>
  void execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], { cwd: dir, env: ENV });

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(dir, name, '..'), { recursive: true });
  await writeFile(join(dir, name), text);
}

/** One after the other. */
async function steps(...all: readonly (() => unknown)[]): Promise<void> {
  for (const step of all) await step();
}

const list = (skip: readonly string[] = []) => listFiles(dir, new Set(skip.map((name) => join(dir, name))));
const read = async () => digestFiles(await list(), undefined);
const withGit = async () => {
  const objects = await gitObjects(dir, ENV, askProgram);
  return { objects, digests: await digestFiles(await list(), objects) };
};

test('every file is listed, hidden and deep ones too, without what is to be left out', async () => {
  for (const name of ['b.sql', 'a/b/c.yml', 'a/.hidden', 'target/x', 'a/target/y', '.git/z', 'é ü.csv'])
    await write(name, name);
  const names = (await list(['target'])).map(({ name }) => name);
  expect(names).toEqual(['a/.hidden', 'a/b/c.yml', 'a/target/y', 'b.sql', 'é ü.csv']);
});

test('links to folders are followed; one that leads back above itself is refused', async () => {
  await write('real/a.sql', 'x');
  await symlink('real', join(dir, 'linked'));
  expect((await list()).map(({ name }) => name)).toEqual(['linked/a.sql', 'real/a.sql']);
  await symlink('..', join(dir, 'real', 'loop'));
  await expect(list()).rejects.toThrow('a link to a folder it lies in');
});

test('what is left out is so by any name', async () => {
  await write('a.sql', 'x');
  await write('target/b.sql', 'x');
  await write('target/deep/c.sql', 'x');
  await symlink('target', join(dir, 'link'));
  await symlink('target/deep', join(dir, 'deep'));
  expect((await list(['target'])).map(({ name }) => name)).toEqual(['a.sql', 'deep/c.sql']);
});

describe('with git', () => {
  beforeEach(async () => {
    await write('models/a.sql', 'select 1\n');
    await write('models/b.sql', 'select 2\n');
    await write('seeds/é.csv', 'a\r\nb\n');
    await write('empty.sql', '');
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'all');
    // The index of a moment ago is not believed yet.
    const later = Date.now() / 1000 + 10;
    await utimes(join(dir, '.git', 'index'), later, later);
  });

  test('a clean tree is told from the index alone, with the digests that reading gives', async () => {
    const { objects, digests } = await withGit();
    expect([...(objects?.ids.keys() ?? [])].sort()).toEqual(Object.keys(digests).sort());
    expect(digests).toEqual(await read());
  });

  test.each<[string, () => Promise<void>]>([
    ['changed', () => write('models/a.sql', 'select 9\n')],
    ['untracked', () => write('models/new.sql', 'select 3\n')],
    [
      'ignored',
      () =>
        steps(
          () => write('.gitignore', 'seeds/local.csv\n'),
          () => write('seeds/local.csv', 'x'),
        ),
    ],
    ['deleted', () => rm(join(dir, 'models/a.sql'))],
    ['renamed', () => rename(join(dir, 'models/a.sql'), join(dir, 'models/z.sql'))],
    [
      'staged and then changed',
      () =>
        steps(
          () => write('models/a.sql', '7'),
          () => git('add', '-A'),
          () => write('models/a.sql', '8'),
        ),
    ],
    ['touched only', () => utimes(join(dir, 'models/a.sql'), 1, 1)],
    [
      'a link now',
      () =>
        steps(
          () => rm(join(dir, 'models/a.sql')),
          () => symlink('b.sql', join(dir, 'models/a.sql')),
        ),
    ],
    ['a broken link', () => symlink('nowhere', join(dir, 'models/l.sql'))],
    [
      'under a filter',
      () =>
        steps(
          () => write('.gitattributes', '*.csv filter=lfs\n'),
          () => write('seeds/é.csv', 'pointer'),
        ),
    ],
    [
      'with line ends converted',
      () =>
        steps(
          () => write('.gitattributes', '*.sql text\n'),
          () => write('models/a.sql', 'select 1\r\n'),
        ),
    ],
    [
      'autocrlf',
      () =>
        steps(
          () => git('config', 'core.autocrlf', 'input'),
          () => write('models/a.sql', 'select 1\r\n'),
        ),
    ],
    [
      'assumed unchanged',
      () =>
        steps(
          () => git('update-index', '--assume-unchanged', 'models/a.sql'),
          () => write('models/a.sql', 'other\n'),
        ),
    ],
    [
      'skipped in the work tree',
      () =>
        steps(
          () => git('update-index', '--skip-worktree', 'models/a.sql'),
          () => write('models/a.sql', 'other\n'),
        ),
    ],
  ])('what is %s has the digest of its content', async (_what, change) => {
    const before = await read();
    await change();
    const { digests } = await withGit();
    expect(digests).toEqual(await read());
    if (_what !== 'touched only') expect(digests).not.toEqual(before);
  });

  test('a file changed within the second of its commit, at the same size, is seen', async () => {
    for (let round = 0; round < 20; round += 1) {
      await write('models/a.sql', `select ${round % 10}\n`);
      git('add', '-A');
      git('commit', '-qm', String(round), '--allow-empty');
      await write('models/a.sql', `select ${(round + 5) % 10}\n`);
      expect((await withGit()).digests).toEqual(await read());
    }
  });
});

test('without a repository, or without git, everything is read', async () => {
  await write('a.sql', 'x');
  expect((await withGit()).objects).toBeUndefined();
  expect(await gitObjects(dir, { PATH: '/nowhere' }, askProgram)).toBeUndefined();
});
