import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findBranch } from '../../../../sdk/diagnose/git-branch.ts';
import { gitGrep } from '../../../../sdk/plan/fingerprint/git-grep.ts';
import { gitObjects } from '../../../../sdk/plan/fingerprint/git-objects.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import { GIT_GUARD } from '../../../../sdk/util/git-guard.ts';
import type { RunProgram } from '../../../../sdk/util/run-program.ts';
import { hostileRepository } from '../../../support/hostile-repository.ts';

const env = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' };

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ask-git-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const grep = (folder: string, run: RunProgram = askProgram) =>
  gitGrep({ folder, env, run }, ['env_var'], ['sql']);

describe('a repository among the files that are checked in', () => {
  test('would start a program of its own, were git not told otherwise', async () => {
    const { dir, wasStarted } = await hostileRepository(root);
    const unguarded: RunProgram = (file, args, options) =>
      askProgram(
        file,
        args.filter((_, at) => !isGuard(args[at]) && !(args[at] === '-c' && isGuard(args[at + 1]))),
        { ...options, env },
      );
    await grep(dir, unguarded);
    expect(await wasStarted()).toBe(true);
  });

  test('starts nothing, and is not taken for the folder’s', async () => {
    const { dir, wasStarted } = await hostileRepository(root);
    await gitObjects(dir, env, askProgram);
    await grep(dir);
    await findBranch(dir, env);
    expect(await wasStarted()).toBe(false);
    // git stops there; everything is read from the disk then.
    expect(await gitObjects(dir, env, askProgram)).toBeUndefined();
    expect(await findBranch(dir, env)).toEqual({ kind: 'unreadable' });
  });

  // An older git does not know of the former.
  test.each(['safe.bareRepository=explicit', 'protocol.allow=never'])(
    'starts nothing where git heeds all but %s',
    async (option) => {
      const { dir, wasStarted } = await hostileRepository(root);
      await grep(dir, (file, args, options) =>
        askProgram(
          file,
          args.filter((arg, at) => arg !== option && !(arg === '-c' && args[at + 1] === option)),
          options,
        ),
      );
      expect(await wasStarted()).toBe(false);
    },
  );

  test('that allows itself a protocol starts nothing, also where git knows no safe.bareRepository', async () => {
    const { dir, wasStarted } = await hostileRepository(root, '[protocol "ssh"]\nallow = always');
    await grep(dir, (file, args, options) =>
      askProgram(
        file,
        args.filter((arg, at) => !isBare(arg) && !(arg === '-c' && isBare(args[at + 1]))),
        { ...options, env: { ...options.env, GIT_NO_LAZY_FETCH: '0' } },
      ),
    );
    expect(await wasStarted()).toBe(false);
  });
});

describe('a repository of the usual kind is asked', () => {
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync(
      'git',
      ['-c', 'user.name=x', '-c', 'user.email=x@y', '-c', 'protocol.file.allow=always', ...args],
      { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );

  async function repository(name: string): Promise<string> {
    const dir = join(root, name);
    await mkdir(join(dir, 'dbt'), { recursive: true });
    await writeFile(join(dir, 'dbt/a.sql'), "{{ env_var('A') }}\n");
    git(dir, 'init', '-q', '-b', 'main');
    git(dir, 'add', '-A');
    git(dir, 'commit', '-qm', 'all');
    return dir;
  }

  /** As if it had been checked out long enough ago for the index to be believed. */
  async function answers(dir: string) {
    const index = resolve(dir, git(dir, 'rev-parse', '--git-path', 'index').trim());
    const later = Date.now() / 1000 + 10;
    await utimes(index, later, later);
    const [objects, found, branch] = [
      await gitObjects(dir, env, askProgram),
      await grep(dir),
      await findBranch(dir, env),
    ];
    return { names: [...(objects?.ids.keys() ?? [])], found: [...(found ?? [])], branch };
  }

  const FOUND = { names: ['a.sql'], found: ['a.sql'], branch: { kind: 'named', branch: 'main' } };

  test('in a folder of it', async () => {
    expect(await answers(join(await repository('plain'), 'dbt'))).toEqual(FOUND);
  });

  test('in a further work tree, of a bare repository as well', async () => {
    const dir = await repository('plain');
    git(dir, 'worktree', 'add', '-q', '-b', 'other', '../tree');
    const other = { ...FOUND, branch: { kind: 'named', branch: 'other' } };
    expect(await answers(join(root, 'tree/dbt'))).toEqual(other);
    git(root, 'clone', '-q', '--bare', 'plain', 'bare.git');
    git(join(root, 'bare.git'), 'worktree', 'add', '-q', '-b', 'third', '../bare-tree');
    expect(await answers(join(root, 'bare-tree/dbt'))).toMatchObject({ names: ['a.sql'], found: ['a.sql'] });
  });

  test('in a submodule', async () => {
    await repository('inner');
    const outer = await repository('outer');
    git(outer, 'submodule', '--quiet', 'add', '../inner', 'sub');
    expect(await answers(join(outer, 'sub/dbt'))).toEqual(FOUND);
  });
});

function isGuard(arg: string | undefined): boolean {
  return arg !== undefined && arg !== '-c' && GIT_GUARD.options.some((one) => one === arg);
}

function isBare(arg: string | undefined): boolean {
  return arg === 'safe.bareRepository=explicit';
}
