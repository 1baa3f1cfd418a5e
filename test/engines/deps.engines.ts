import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunOptions } from '../../sdk/index.ts';
import { CORE_1_11, CORE_1_12, ENGINES, FUSION } from '../support/engine.ts';
import { type Library, library } from './library.ts';
import { testIf } from './test-if.ts';

const run = promisify(execFile);
const AGREE = 'The dbt packages agree with package-lock.yml: dbt deps is not needed';
const INSTALLING = 'Installing the dbt packages (dbt deps)';
const OTHERS = `${INSTALLING}, since packages.yml, package-lock.yml or the version of dbt is another than when they were installed`;
const CHANGED = `${INSTALLING}, since their files were changed since they were installed`;

/** A test is up to fifteen runs of dbt. */
const TIMEOUT = { timeout: 400_000 };

// The whole way is gone on dbt Core 1.12 and v2. 1.11 installs as 1.12 does, by the same lock file: it goes the first part of it.
describe.each(ENGINES)('$requirements', TIMEOUT, (engine) => {
  const isShort = engine === CORE_1_11;
  const long = testIf(!isShort);
  // What our own reading of the files decides, and no dbt.
  const onFusion = testIf(engine.kind === 'fusion');
  let shop: Library;
  beforeEach(async () => {
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false' });
    await makePackage('local_pkg');
    await makePackage('git_pkg');
    await git('init', '--quiet', '--initial-branch', 'main');
    await commit('v1');
    await shop.write('packages.yml', NAMED());
  });
  afterEach(() => shop?.remove());

  const at = (...names: string[]) => join(shop.root, ...names);
  const git = (...args: string[]) =>
    run('git', ['-C', at('git_pkg'), '-c', 'user.email=a@example.com', '-c', 'user.name=a', ...args]);
  const NAMED = (more = '') =>
    `packages:\n  - local: ../local_pkg\n  - git: file://${at('git_pkg')}\n    revision: v1\n${more}`;

  async function makePackage(name: string, macro = name): Promise<void> {
    await put(`${name}/dbt_project.yml`, `name: ${name}\nversion: 0.1.0\nconfig-version: 2\n`);
    await put(`${name}/macros/a.sql`, `{% macro ${macro}_it() %}1{% endmacro %}\n`);
  }

  async function put(path: string, text: string): Promise<void> {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  }

  async function commit(tag: string): Promise<void> {
    await git('add', '-A');
    await git('commit', '--quiet', '-m', tag);
    await git('tag', tag);
  }

  /** What a run says of packages. */
  async function said(args: readonly string[] = ['parse'], options: RunOptions = {}): Promise<string[]> {
    const lines: string[] = [];
    const running = shop.run(args, { deps: 'auto', ...options });
    for await (const event of running)
      if (event.kind === 'dbt-message' && event.name === 'InstallingPackages') lines.push(event.message);
    const result = await running;
    expect(result.failure).toBeUndefined();
    return lines;
  }

  test('dbt deps is run once, and again for each change', async () => {
    expect(await said()).toEqual([INSTALLING, expect.stringMatching(/^Installed the dbt packages in /)]);
    expect(
      (await readdir(at('project/dbt_packages'))).filter((name) => !name.startsWith('.')).sort(),
    ).toEqual(['git_pkg', 'local_pkg']);
    // The folder of a local package is a link, and a tag that moves is nothing to a lock.
    await put('local_pkg/macros/b.sql', '{% macro b() %}1{% endmacro %}\n');
    await put('git_pkg/macros/b.sql', '{% macro c() %}1{% endmacro %}\n');
    await commit('v2');
    await git('tag', '--force', 'v1');
    expect(await said(['build'])).toEqual([AGREE]);
    // A build leaves the packages as they are.
    if (!isShort) expect(await said()).toEqual([AGREE]);

    await shop.write('packages.yml', NAMED().replace('v1', 'v2'));
    expect((await said())[0]).toBe(OTHERS);
    await access(at('project/dbt_packages/git_pkg/macros/b.sql'));
    if (isShort) return;

    // Another branch is checked out, and the packages stay as they were.
    const lock = await readFile(at('project/package-lock.yml'), 'utf8');
    const { stdout } = await git('rev-list', '--max-parents=0', 'HEAD');
    const older = lock.replace(/revision: .*/, `revision: ${stdout.trim()}`);
    await shop.write('package-lock.yml', older);
    expect((await said())[0]).toBe(OTHERS);
    expect(await shop.read('package-lock.yml')).toBe(older);
    await expect(access(at('project/dbt_packages/git_pkg/macros/b.sql'))).rejects.toThrow('ENOENT');

    if (engine.kind === 'core') return;

    // What was installed by hand: nothing tells from which lock.
    expect((await shop.bare(['deps'])).code).toBe(0);
    expect((await said())[0]).toContain('since nothing tells by what they were installed');

    await shop.append('dbt_packages/git_pkg/macros/a.sql', '-- edited\n');
    expect((await said())[0]).toBe(CHANGED);
    expect(await shop.read('dbt_packages/git_pkg/macros/a.sql')).not.toContain('edited');

    await rm(at('project/dbt_packages/git_pkg'), { recursive: true });
    expect((await said())[0]).toBe(INSTALLING);
    expect(await said()).toEqual([AGREE]);
  });

  onFusion('what an address leads to is fetched each time; never is never', async () => {
    const server = await serveTarball();
    try {
      await shop.write(
        'packages.yml',
        `packages:\n  - tarball: http://127.0.0.1:${(server.address() as AddressInfo).port}/a.tar.gz\n    name: tar_pkg\n`,
      );
      expect((await said())[0]).toBe(INSTALLING);
      expect((await said())[0]).toContain(
        'since what the address of tar_pkg leads to can be another file each time',
      );
      expect(await said(['parse'], { deps: 'never' })).toEqual([]);
      expect(await said(['parse'], { deps: undefined })).toEqual([]);
      // dbt deps itself is always run.
      expect(await said(['deps'])).toEqual([]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  onFusion('packages are proven in another place too', async () => {
    const project = await shop.read('dbt_project.yml');
    await shop.write('dbt_project.yml', `${project}\npackages-install-path: elsewhere\n`);
    expect((await said())[0]).toBe(INSTALLING);
    await access(at('project/elsewhere/git_pkg/dbt_project.yml'));
    expect(await said()).toEqual([AGREE]);
    await rm(at('project/elsewhere'), { recursive: true });
    expect((await said())[0]).toBe(INSTALLING);
  });

  long('a failing dbt deps ends the run with what dbt said', async () => {
    await shop.write('packages.yml', NAMED().replace('v1', 'no-such-tag'));
    const result = await shop.run(['parse'], { deps: 'auto' });
    expect(result.failure).toMatchObject({ code: 'install-failed' });
    expect(await readdir(at('project'))).not.toContain('dbt_packages.incomplete');
  });

  async function serveTarball(): Promise<Server> {
    await makePackage('tar_pkg');
    await run('tar', ['czf', at('a.tar.gz'), '-C', shop.root, 'tar_pkg']);
    const bytes = await readFile(at('a.tar.gz'));
    const server = createServer((_, response) => response.end(bytes));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }
});

test('packages of one dbt are not those of another', TIMEOUT, async () => {
  const shop = await library(FUSION, { DBT_ENGINE_MANAGE_STATE: 'false' });
  const other = await library(CORE_1_12, { DBT_ENGINE_MANAGE_STATE: 'false' });
  try {
    await mkdir(join(shop.root, 'local_pkg'));
    await writeFile(join(shop.root, 'local_pkg/dbt_project.yml'), 'name: local_pkg\nversion: 0.1.0\n');
    await shop.write('packages.yml', 'packages:\n  - local: ../local_pkg\n');
    const said = async (options: RunOptions) => {
      const lines: string[] = [];
      for await (const event of shop.run(['parse'], { deps: 'auto', ...options }))
        if (event.kind === 'dbt-message' && event.name === 'InstallingPackages') lines.push(event.message);
      return lines[0];
    };
    expect(await said({})).toBe(INSTALLING);
    expect(await said({})).toBe(AGREE);
    expect(await said({ dbt: other.dbt })).toBe(OTHERS);
    expect(await said({ dbt: other.dbt })).toBe(AGREE);
  } finally {
    await shop.remove();
    await other.remove();
  }
});
