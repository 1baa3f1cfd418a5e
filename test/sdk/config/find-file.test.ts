import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findFile } from '../../../sdk/config/find-file.ts';
import { loadConfig } from '../../../sdk/config/load-config.ts';
import { failure, makeFolder } from './folder.ts';

const load = (cwd: string, path?: string, env: Record<string, string> = {}) => loadConfig({ cwd, env, path });

test('walks up to the repository, and not out of it', async () => {
  const outer = makeFolder({
    'dbt-runcache.yml': 'timeout: 1h',
    'repo/.git/HEAD': '',
    'repo/shop/models/a.sql': '',
  });
  expect(await load(join(outer, 'repo/shop'))).toEqual({
    settings: { labels: {}, 'redact-env': [], 'key-env': [], 'key-ignore': [] },
  });
  writeFileSync(join(outer, 'repo/dbt-runcache.yaml'), 'timeout: 2h');
  expect(await load(join(outer, 'repo/shop/models'))).toMatchObject({
    path: join(outer, 'repo/dbt-runcache.yaml'),
    settings: { timeout: { value: 7_200_000 } },
  });
});

test('a worktree and a submodule have a .git file: the search ends there too', async () => {
  const outer = makeFolder({ 'dbt-runcache.yml': 'timeout: 1h', 'sub/.git': 'gitdir: ../.git/modules/sub' });
  expect((await load(join(outer, 'sub'))).path).toBeUndefined();
});

test('without a repository it goes on upward', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'config-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'a/b/c'), { recursive: true });
  writeFileSync(join(folder, 'dbt-runcache.yml'), '');
  expect(findFile(join(folder, 'a/b/c'))).toBe(join(folder, 'dbt-runcache.yml'));
});

test('in a monorepo the nearest counts alone; nothing is merged', async () => {
  const repo = makeFolder({
    'dbt-runcache.yml': 'timeout: 1h\nlabels: {team: platform}\n',
    'shop/dbt-runcache.yml': 'on-target-busy: wait\n',
    'bikes/models/a.sql': '',
  });
  expect(await load(join(repo, 'shop'))).toEqual({
    path: join(repo, 'shop/dbt-runcache.yml'),
    settings: {
      'on-target-busy': { value: 'wait', source: 'file', where: `${join(repo, 'shop/dbt-runcache.yml')}:1` },
      labels: {},
      'redact-env': [],
      'key-env': [],
      'key-ignore': [],
    },
  });
  expect((await load(join(repo, 'bikes/models'))).settings.timeout?.value).toBe(3_600_000);
});

test('both names in one folder', async () => {
  const repo = makeFolder({ 'dbt-runcache.yml': '', 'dbt-runcache.yaml': '' });
  expect(await failure(load(repo))).toMatchObject({
    code: 'config-invalid',
    message: `${repo} holds both dbt-runcache.yml and dbt-runcache.yaml`,
  });
});

test('a folder of that name and a link to nowhere are no files', async () => {
  const repo = makeFolder({ 'dbt-runcache.yml/x': '' });
  symlinkSync('nowhere', join(repo, 'dbt-runcache.yaml'));
  expect((await load(repo)).path).toBeUndefined();
});

test('a file that is named: by the call, else by the environment; none reads none', async () => {
  const repo = makeFolder({
    'dbt-runcache.yml': 'timeout: 1h',
    'ci/one.yml': 'timeout: 2h',
    'ci/two.yml': 'timeout: 3h',
  });
  const env = { DBT_RUNCACHE_CONFIG: 'ci/two.yml' };
  const hours = async (path?: string, variables = {}) =>
    ((await load(repo, path, variables)).settings.timeout?.value ?? 0) / 3_600_000;
  expect(await hours()).toBe(1);
  expect(await hours(undefined, env)).toBe(3);
  expect(await hours('ci/one.yml', env)).toBe(2);
  expect(await hours('none', env)).toBe(0);
  expect(await hours('./none.yml', env).catch(() => 'an error')).toBe('an error');
  expect(await hours(undefined, { DBT_RUNCACHE_CONFIG: 'none' })).toBe(0);
  expect(await hours(undefined, { DBT_RUNCACHE_CONFIG: '' })).toBe(1);
  expect((await loadConfig({ cwd: join(repo, 'ci'), env, base: repo })).path).toBe(join(repo, 'ci/two.yml'));
});

test('none leaves the environment', async () => {
  const repo = makeFolder({ 'dbt-runcache.yml': 'timeout: nonsense' });
  expect((await load(repo, 'none', { DBT_RUNCACHE_REPORT: 'false' })).settings.report?.value).toBe(false);
});

test.each(['missing.yml', 'folder'])('a named file that is not there: %s', async (path) => {
  const repo = makeFolder({ 'folder/x': '' });
  const error = await failure(load(repo, path));
  expect(error.code).toBe('config-not-found');
  expect(error.message).toContain(join(repo, path));
});

test('a file of another user in a folder everybody may write to is not trusted', async () => {
  const shared = realpathSync(mkdtempSync(join(tmpdir(), 'shared-')));
  onTestFinished(() => rmSync(shared, { recursive: true }));
  mkdirSync(join(shared, 'mine'));
  const file = join(shared, 'dbt-runcache.yml');
  writeFileSync(file, 'dbt: /tmp/evil');
  // Root may give a file away; others look at their own as somebody else.
  const me = process.getuid?.() ?? 0;
  if (me === 0) chownSync(file, 4242, 4242);
  const other = me === 0 ? 0 : me + 1;
  expect(findFile(join(shared, 'mine'), other)).toBe(file);
  chmodSync(shared, 0o775);
  expect(findFile(join(shared, 'mine'), other)).toBe(file);
  for (const mode of [0o777, 0o1777]) {
    chmodSync(shared, mode);
    expect(() => findFile(join(shared, 'mine'), other)).toThrow(/belongs to another user/);
  }
  expect(findFile(join(shared, 'mine'), me === 0 ? 4242 : me)).toBe(file);
});

test('a file that cannot be looked at is told with a way out, found or named', async () => {
  const repo = makeFolder({ '.git/HEAD': '' });
  symlinkSync('dbt-runcache.yml', join(repo, 'dbt-runcache.yml'));
  const found = await failure(load(repo));
  expect(found).toMatchObject({ code: 'config-invalid', hint: expect.stringContaining('--no-config') });
  expect(found.message).toBe(`${join(repo, 'dbt-runcache.yml')}: it cannot be read (ELOOP)`);
  const named = await failure(load(repo, 'dbt-runcache.yml'));
  expect(named).toMatchObject({ code: 'config-not-found', hint: expect.any(String) });
  expect(named.message).toContain('it cannot be read (ELOOP)');
  expect(await failure(load(repo, 'x'.repeat(5000)))).toMatchObject({ code: 'config-not-found' });
});
