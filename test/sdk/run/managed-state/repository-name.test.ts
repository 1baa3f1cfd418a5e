import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { repositoryNameOf } from '../../../../sdk/run/managed-state/repository-name.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import { CHECKOUT_ENV, type Checkout, newCheckout } from '../../../support/checkout.ts';
import { hostileRepository } from '../../../support/hostile-repository.ts';

let root: string;
let checkout: Checkout;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'repository-name-'));
  checkout = await newCheckout(join(root, 'clone'));
  await mkdir(join(checkout.dir, 'teams/Core dbt'), { recursive: true });
});
afterEach(() => {
  for (const name of checkout.git('remote').split('\n'))
    if (name !== '') checkout.git('remote', 'remove', name);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const nameOf = (projectDir = checkout.dir, env: Readonly<Record<string, string>> = {}) =>
  repositoryNameOf({ projectDir, env: { ...CHECKOUT_ENV, ...env }, run: askProgram });

describe('the remote', () => {
  test.each([
    ['git@github.com:Acme/Shop.git', 'github.com/acme/shop'],
    ['github.com:acme/shop', 'github.com/acme/shop'],
    ['ssh://git@github.com:22/acme/shop.git', 'github.com/acme/shop'],
    ['ssh://git@ssh.github.com:443/acme/shop.git', 'github.com/acme/shop'],
    ['https://github.com/acme/shop', 'github.com/acme/shop'],
    ['https://x-access-token:secret@github.com/acme/shop.git/', 'github.com/acme/shop'],
    ['https://git.example.com:8443/group/sub/shop.git', 'git.example.com:8443/group/sub/shop'],
    ['git@git.example.com:/group/shop.git', 'git.example.com/group/shop'],
    ['https://github.com/', ''],
    ['file:///srv/git/shop.git', ''],
    ['/srv/git/shop.git', ''],
    ['../shop', ''],
    ['C:\\git\\shop', ''],
    ['c:/git/shop', ''],
  ])('%s', async (url, repository) => {
    checkout.git('remote', 'add', 'origin', url);
    expect(await nameOf()).toEqual({ repository, path: '' });
  });

  test('origin is taken, else the only one, else none', async () => {
    expect(await nameOf()).toEqual({ repository: '', path: '' });
    checkout.git('remote', 'add', 'a', 'https://github.com/acme/a');
    expect(await nameOf()).toMatchObject({ repository: 'github.com/acme/a' });
    checkout.git('remote', 'add', 'b', 'https://github.com/acme/b');
    expect(await nameOf()).toMatchObject({ repository: '' });
    checkout.git('remote', 'add', 'origin', 'https://github.com/acme/shop');
    checkout.git('remote', 'set-url', '--add', 'origin', 'https://github.com/acme/mirror');
    expect(await nameOf()).toMatchObject({ repository: 'github.com/acme/shop' });
  });
});

test('inside of GitHub Actions the variables win, and only there', async () => {
  checkout.git('remote', 'add', 'origin', 'https://github.com/acme/fork');
  const named = { GITHUB_REPOSITORY: 'Acme/Shop', GITHUB_SERVER_URL: 'https://GHE.example.com' };
  expect(await nameOf(checkout.dir, { GITHUB_ACTIONS: 'true', ...named })).toMatchObject({
    repository: 'ghe.example.com/acme/shop',
  });
  expect(await nameOf(checkout.dir, named)).toMatchObject({ repository: 'github.com/acme/fork' });
});

test('the folder of the project, in a repository and outside of one', async () => {
  expect(await nameOf(join(checkout.dir, 'teams/Core dbt'))).toEqual({
    repository: '',
    path: 'teams/Core dbt',
  });
  expect(await nameOf(root)).toEqual({ repository: '', path: '' });
});

test('a repository among the project’s files names nothing and starts nothing', async () => {
  const hostile = await hostileRepository(join(root, 'hostile'));
  expect(await nameOf(hostile.dir)).toEqual({ repository: '', path: '' });
  expect(await hostile.wasStarted()).toBe(false);
});
