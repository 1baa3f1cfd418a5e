import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRepository } from '../../action/repository.ts';

let workspace: string;
beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'repository-')));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

function file(path: string, content = ''): string {
  mkdirSync(join(workspace, path, '..'), { recursive: true });
  writeFileSync(join(workspace, path), content);
  return join(workspace, path);
}

const env = () => ({
  GITHUB_WORKSPACE: workspace,
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_SERVER_URL: 'https://github.example.com',
  GITHUB_SHA: 'c0ffee',
});

test('a path starts at the repository, not at the dbt project', () => {
  const model = file('transform/models/orders.sql');
  const repository = findRepository(join(workspace, 'transform'), env());
  expect(repository.pathOf(model)).toBe('transform/models/orders.sql');
  expect(repository.pathOf('models/orders.sql')).toBe('transform/models/orders.sql');
});

test('an address names server, commit, path and line, with odd names encoded', () => {
  const model = file('shop/models/100% #1?.sql');
  const repository = findRepository(join(workspace, 'shop'), env());
  expect(repository.urlOf(model, 7)).toBe(
    'https://github.example.com/acme/shop/blob/c0ffee/shop/models/100%25%20%231%3F.sql#L7',
  );
  expect(repository.urlOf(model)).not.toContain('#L');
});

test('no address where GitHub did not tell the commit', () => {
  const model = file('a.sql');
  expect(findRepository(workspace, { ...env(), GITHUB_SHA: undefined }).urlOf(model)).toBeUndefined();
});

test('a file that is not there, or is not in the repository, has no path', () => {
  const repository = findRepository(workspace, env());
  expect(repository.pathOf(join(workspace, 'gone.sql'))).toBeUndefined();
  expect(repository.pathOf('/etc/hosts')).toBeUndefined();
  expect(repository.pathOf(workspace)).toBeUndefined();
  expect(findRepository(tmpdir(), env()).pathOf(file('a.sql'))).toBeUndefined();
});

test('without a workspace nothing has a path', () => {
  expect(findRepository(workspace, {}).pathOf(file('a.sql'))).toBeUndefined();
});

test.each([
  'https://github.example.com/Acme/shop',
  'https://github.example.com/acme/shop.git',
  'git@github.example.com:acme/shop.git',
])('checked out below the workspace from %s: its folder is the root', (url) => {
  file('checkout/.git/config', `[remote "origin"]\n\turl = ${url}\n`);
  const model = file('checkout/dbt/models/a.sql');
  expect(findRepository(join(workspace, 'checkout/dbt'), env()).pathOf(model)).toBe('dbt/models/a.sql');
});

test.each(['https://github.example.com/acme/other', 'https://github.example.com/badacme/shop'])(
  'a checkout of %s is another repository: no paths',
  (url) => {
    file('checkout/.git/config', `[remote "origin"]\n\turl = ${url}\n`);
    const model = file('checkout/a.sql');
    expect(findRepository(join(workspace, 'checkout'), env()).pathOf(model)).toBeUndefined();
  },
);

test('a submodule is another repository', () => {
  file('modules/.git', 'gitdir: ../.git/modules/modules\n');
  expect(findRepository(join(workspace, 'modules'), env()).pathOf(file('modules/a.sql'))).toBeUndefined();
});

test('a workspace reached through a link is the same workspace', () => {
  const model = file('shop/a.sql');
  const link = `${workspace}-link`;
  symlinkSync(workspace, link);
  try {
    expect(findRepository(join(link, 'shop'), env()).pathOf('a.sql')).toBe('shop/a.sql');
    expect(findRepository(join(workspace, 'shop'), { ...env(), GITHUB_WORKSPACE: link }).pathOf(model)).toBe(
      'shop/a.sql',
    );
  } finally {
    rmSync(link);
  }
});
