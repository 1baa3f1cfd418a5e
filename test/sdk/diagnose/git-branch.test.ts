import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findBranch } from '../../../sdk/diagnose/git-branch.ts';

const env = { PATH: process.env['PATH'] ?? '' };

function folder(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'branch-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function repository(): string {
  const dir = folder();
  git(dir, 'init', '--quiet', '--initial-branch', 'feature/rides');
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@b.example'];
  git(dir, ...who, 'commit', '--quiet', '--allow-empty', '--message', 'one');
  return dir;
}

function git(dir: string, ...args: string[]): void {
  execFileSync('git', args, { cwd: dir, env });
}

test('the branch that is checked out, from a folder inside as well', async () => {
  const dir = repository();
  mkdirSync(join(dir, 'dbt'));
  expect(await findBranch(join(dir, 'dbt'), env)).toEqual({ kind: 'named', branch: 'feature/rides' });
});

test('a commit without a branch', async () => {
  const dir = repository();
  git(dir, 'checkout', '--quiet', '--detach');
  expect(await findBranch(dir, env)).toEqual({ kind: 'detached' });
});

test('no repository, one that git cannot read, and no git', async () => {
  const dir = folder();
  expect(await findBranch(dir, env)).toEqual({ kind: 'no-repository' });
  writeFileSync(join(dir, '.git'), 'gitdir: nowhere\n');
  expect(await findBranch(dir, env)).toEqual({ kind: 'unreadable' });
  expect(await findBranch(dir, { PATH: join(dir, 'nothing') })).toEqual({ kind: 'no-git' });
});
