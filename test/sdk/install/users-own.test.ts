import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isUsersOwn } from '../../../sdk/install/users-own.ts';
import { type ProjectFolder, projectFolder } from '../../support/fingerprint-input.ts';

const git = (...args: string[]) => promisify(execFile)('git', ['-C', folder.root, ...args]);

let folder: ProjectFolder;
beforeEach(async () => {
  folder = await projectFolder();
  await folder.put('dbt_packages/dbt_utils/dbt_project.yml', 'name: dbt_utils\n');
});
afterEach(() => folder.remove());

const answer = (name = 'dbt_packages') =>
  isUsersOwn(
    { projectDir: folder.root, folder: join(folder.root, name) },
    { PATH: process.env['PATH'] ?? '' },
  );

test('packages that git does not keep are dbt deps’s', async () => {
  expect(await answer()).toBe(false);
  await git('init', '--quiet');
  expect(await answer()).toBe(false);
});

test('checked in packages are the user’s own', async () => {
  await git('init', '--quiet');
  await git('add', 'dbt_packages');
  expect(await answer()).toBe(true);
});

test('a link in the place of the folder is the user’s own, and what is outside of the repository is not', async () => {
  await symlink('dbt_packages', join(folder.root, 'link'));
  expect(await answer('link')).toBe(true);
  const elsewhere = await mkdtemp(join(tmpdir(), 'packages-'));
  await git('init', '--quiet');
  expect(await isUsersOwn({ projectDir: folder.root, folder: elsewhere }, {})).toBe(false);
  await rm(elsewhere, { recursive: true });
});
