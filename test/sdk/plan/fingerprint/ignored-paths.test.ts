import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ignoredPaths } from '../../../../sdk/plan/fingerprint/ignored-paths.ts';

let root: string;
let dir: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ignored-paths-')));
  dir = join(root, 'project');
  await mkdir(join(dir, 'docs'), { recursive: true });
  await writeFile(join(dir, 'dbt_project.yml'), 'name: shop\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const names = async (given: readonly string[], from = dir) =>
  (await ignoredPaths(given, from)).map(({ name }) => name);

test('paths are relative to the project, each once and in order, there or not', async () => {
  expect(
    await ignoredPaths(['reports/run.md', './docs/', 'docs', join(dir, 'docs'), join(root, 'shared')], dir),
  ).toEqual([
    { name: join(root, 'shared'), path: join(root, 'shared') },
    { name: 'docs', path: join(dir, 'docs') },
    { name: 'reports/run.md', path: join(dir, 'reports/run.md') },
  ]);
});

test('the same folder by another spelling is the same', async () => {
  const link = join(root, 'link');
  await symlink(dir, link);
  expect(await names([join(link, 'docs')])).toEqual(['docs']);
  expect(await names([join(dir, 'docs')], link)).toEqual(['docs']);
});

describe('what cannot be meant is refused', () => {
  const PROJECT = /holds the whole project$/;
  test.each<[string, RegExp]>([
    ['.', PROJECT],
    ['docs/..', PROJECT],
    ['..', PROJECT],
    ['@', PROJECT],
    ['@/..', PROJECT],
    ['/', PROJECT],
    ['dbt_project.yml', /dbt_project\.yml$/],
    ['docs/../dbt_project.yml', /dbt_project\.yml$/],
    ['@/dbt_project.yml', /dbt_project\.yml$/],
    ['../shared', /leads out of the project's folder$/],
    ['@@', PROJECT],
    ['@@/dbt_project.yml', /dbt_project\.yml$/],
  ])('%s', async (text, message) => {
    await symlink(dir, join(root, 'link'));
    const given = text.replace(/^@@/, join(root, 'link')).replace(/^@/, dir);
    await expect(ignoredPaths([given], dir)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\.$/),
    });
  });

  test('a file called dbt_project.yml elsewhere may be ignored', async () => {
    expect(await names(['docs/dbt_project.yml'])).toEqual(['docs/dbt_project.yml']);
  });
});
