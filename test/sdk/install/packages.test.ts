import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FolderCache } from '../../../sdk/install/environment.ts';
import { depsArguments, ensurePackages, missingPackages } from '../../../sdk/install/packages.ts';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { type Given, type ProjectFolder, projectFolder } from '../../support/fingerprint-input.ts';

const UTILS = 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n';
const LOCK = `${UTILS}sha1_hash: 0123\n`;

let folder: ProjectFolder;
beforeEach(async () => {
  folder = await projectFolder();
});
afterEach(() => folder.remove());

const missing = async (given?: Given) => missingPackages(await folder.input(given));

describe('packages that are missing', () => {
  test('a project without packages misses none', async () => {
    expect(await missing()).toBeUndefined();
    await folder.put('packages.yml', '');
    await folder.put('dependencies.yml', 'projects:\n  - name: other\n');
    expect(await missing()).toBeUndefined();
    await folder.put('packages.yml', 'packages: []\n');
    expect(await missing()).toBeUndefined();
  });

  test.each(['packages.yml', 'dependencies.yml', 'package-lock.yml'])('%s names them', async (name) => {
    await folder.put(name, UTILS);
    expect(await missing()).toMatchObject({
      projectDir: folder.root,
      folder: join(folder.root, 'dbt_packages'),
    });
    await mkdir(join(folder.root, 'dbt_packages'));
    expect(await missing()).toBeDefined();
    await folder.put('dbt_packages/dbt_utils/dbt_project.yml', 'name: dbt_utils\n');
    expect(await missing()).toBeUndefined();
  });

  test('they are looked for where the project says, or an argument or variable', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('dbt_project.yml', 'name: shop\nprofile: shop\npackages-install-path: in_project\n');
    const where = async (given?: Given) => (await missing(given))?.folder;
    expect(await where()).toBe(join(folder.root, 'in_project'));
    expect(await where({ args: ['build', '--packages-install-path', 'in_argument'] })).toBe(
      join(folder.root, 'in_argument'),
    );
    expect(await where({ env: { DBT_PACKAGES_INSTALL_PATH: 'in_variable' } })).toBe(
      join(folder.root, 'in_variable'),
    );
    await folder.put('in_project/dbt_utils/dbt_project.yml', 'name: dbt_utils\n');
    expect(await where()).toBeUndefined();
  });

  test('where only dbt can tell the place, they count as missing', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put(
      'dbt_project.yml',
      `name: shop\nprofile: shop\npackages-install-path: "{{ 'a'.join(x) }}"\n`,
    );
    expect(await missing()).toEqual({ projectDir: folder.root });
  });

  test('a file only dbt can read counts where it may name some', async () => {
    await folder.put('packages.yml', 'packages: {% for x in y %}\n  - [\n');
    const found = await missing();
    expect(found).toBeDefined();
    expect(found).not.toHaveProperty('cacheKey');
  });
});

describe('the key of packages', () => {
  const key = async (given?: Given) => (await missing(given))?.cacheKey;

  test('there is one for a lock alone', async () => {
    await folder.put('packages.yml', UTILS);
    expect(await key()).toBeUndefined();
    await folder.put('package-lock.yml', LOCK);
    expect(await key()).toMatch(/^dbt-runcache-packages-[0-9a-f]{64}$/);
  });

  test('every file that names packages, dbt’s version and the place change it', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    const keys = [await key()];
    await folder.put('package-lock.yml', LOCK.replace('1.3.0', '1.3.1'));
    keys.push(await key());
    await folder.put('packages.yml', UTILS.replace('1.3.0', '[">=1.3.0"]'));
    keys.push(await key());
    await folder.put('dependencies.yml', 'projects: []\n');
    keys.push(await key());
    keys.push(await key({ versions: { dbt: '1.11.0' } }));
    keys.push(await key({ env: { DBT_PACKAGES_INSTALL_PATH: 'elsewhere' } }));
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(['packages.yml', 'package-lock.yml'])('a local package in %s leaves none', async (name) => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    await folder.put(name, `${UTILS}  - local: ../shared\n`);
    expect(await missing()).toBeDefined();
    expect(await key()).toBeUndefined();
  });
});

describe('installing them', () => {
  /** A dbt that notes how it was called and installs one package. */
  async function fakeDbt(more = ''): Promise<string> {
    const path = join(folder.root, 'dbt');
    await writeFile(
      path,
      `#!/bin/sh\necho "$PWD $X $*" >> calls\n${more}\nmkdir -p dbt_packages/dbt_utils && echo 1 > dbt_packages/dbt_utils/a\necho installed\n`,
    );
    await chmod(path, 0o755);
    return path;
  }

  function cacheOf(saved: ReadonlySet<string> = new Set()): FolderCache & { readonly calls: string[] } {
    const calls: string[] = [];
    return {
      calls,
      restore: async (place, cacheKey) => {
        calls.push('restore');
        if (!saved.has(cacheKey)) return false;
        await mkdir(join(place, 'restored'), { recursive: true });
        return true;
      },
      save: async (place, cacheKey) => {
        calls.push(`save ${cacheKey} ${await readdir(place)}`);
      },
    };
  }

  async function ensure(dbt: string, cache?: FolderCache, signal = new AbortController().signal) {
    const found = await missing();
    if (found === undefined) throw new Error('none are missing');
    const said: string[] = [];
    const ending = ensurePackages(found, {
      ...{ command: [dbt], args: ['--project-dir', '.'], cwd: folder.root, cache, signal },
      env: { PATH: process.env['PATH'] ?? '', X: 'of-the-run', DBT_ENV_SECRET_T: 'sw0rdfish' },
      say: (line) => said.push(line),
    });
    const ended = await ending.catch((error: unknown) => {
      (error as { said?: unknown }).said = said;
      throw error;
    });
    return { ...ended, said };
  }

  beforeEach(async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
  });

  test('dbt deps installs them, in the run’s folder and environment, and the cache gets them', async () => {
    const cache = cacheOf();
    const key = (await missing())?.cacheKey;
    const { said, ...ended } = await ensure(await fakeDbt(), cache);
    expect(ended).toEqual({ how: 'installed', wallMs: expect.any(Number), wroteLock: false });
    expect(await readFile(join(folder.root, 'calls'), 'utf8')).toBe(
      `${folder.root} of-the-run deps --project-dir .\n`,
    );
    expect(cache.calls).toEqual(['restore', `save ${key} dbt_utils`]);
    expect(said[0]).toContain('dbt deps');
    expect(said.join()).not.toContain('installed\n');
    expect(await missing()).toBeUndefined();
  });

  test('of two at once one installs; before that dbt is brought', async () => {
    const dbt = await fakeDbt('sleep 0.2');
    const found = await missing();
    if (found === undefined) throw new Error('none are missing');
    const brought: number[] = [];
    const one = async (id: number) =>
      ensurePackages(found, {
        before: async () => {
          brought.push(id);
        },
        ...{ command: [dbt], args: [], cwd: folder.root, env: {}, say: () => undefined },
        signal: new AbortController().signal,
      });
    const ended = await Promise.all([one(1), one(2)]);
    expect(ended.map(({ how }) => how).sort()).toEqual(['installed', 'there']);
    expect(brought).toHaveLength(1);
    expect((await readFile(join(folder.root, 'calls'), 'utf8')).trim().split('\n')).toHaveLength(1);
  });

  test('what a cache brings back is not installed', async () => {
    const cache = cacheOf(new Set([(await missing())?.cacheKey ?? '']));
    expect(await ensure(await fakeDbt(), cache)).toMatchObject({ how: 'restored', wroteLock: false });
    expect(cache.calls).toEqual(['restore']);
    await expect(readFile(join(folder.root, 'calls'))).rejects.toThrow('ENOENT');
  });

  test('without a lock no cache is asked, and a new lock is told', async () => {
    await rm(join(folder.root, 'package-lock.yml'));
    const cache = cacheOf();
    expect(await ensure(await fakeDbt('echo x > package-lock.yml'), cache)).toMatchObject({
      wroteLock: true,
    });
    expect(cache.calls).toEqual([]);
  });

  test('what a lock did not name is not saved under it', async () => {
    const cache = cacheOf();
    expect(await ensure(await fakeDbt('echo x > package-lock.yml'), cache)).toMatchObject({
      wroteLock: true,
    });
    expect(cache.calls).toEqual(['restore']);
  });

  test('a lock that is written in another way names the same', async () => {
    const cache = cacheOf();
    const rewritten = LOCK.replaceAll('  - ', '- ').replaceAll('    ', '  ');
    const dbt = await fakeDbt(`printf '${rewritten.replaceAll('\n', '\\n')}' > package-lock.yml`);
    expect(await ensure(dbt, cache)).toMatchObject({ wroteLock: true });
    expect(cache.calls).toEqual(['restore', expect.stringMatching(/^save /)]);
  });

  test('a failure tells dbt’s last words, without secrets', async () => {
    const failing = ensure(
      await fakeDbt(
        'mkdir -p dbt_packages/half; echo "$DBT_ENV_SECRET_T Running"; echo "Error: no host $DBT_ENV_SECRET_T"; exit 2',
      ),
    );
    const error = (await failing.catch((thrown: unknown) => thrown)) as Error & { said: readonly string[] };
    expect(error).toMatchObject({
      code: 'install-failed',
      message: expect.stringMatching(/dbt deps ended with exit code 2: Error: no host \*\*\*/),
      hint: expect.any(String),
    });
    expect(error.said).toContain('*** Running');
    expect(await missing()).toBeDefined();
    expect([error.message, ...error.said].join()).not.toContain('sw0rdfish');
  });

  test('a dbt that cannot be started is told as such', async () => {
    await expect(ensure(join(folder.root, 'none'))).rejects.toMatchObject({ code: 'install-failed' });
  });

  test('a stop ends it', async () => {
    const controller = new AbortController();
    const cache: FolderCache = {
      restore: () => {
        controller.abort(new Error('stopped'));
        return new Promise(() => undefined);
      },
      save: () => Promise.resolve(),
    };
    await expect(ensure(await fakeDbt(), cache, controller.signal)).rejects.toThrow('stopped');
  });
});

test('dbt deps is told of the run’s project, profile and variables', () => {
  const args = [
    ...[
      'build',
      '--project-dir',
      'shop',
      '--profiles-dir',
      'p',
      '-t',
      'ci',
      '--vars',
      '{a: 1}',
      '--select',
      'x',
    ],
    ...['--log-path', 'l', '--packages-install-path=there'],
  ];
  expect(depsArguments(parseCommandLine(args, 'core'), args)).toEqual([
    ...[
      '--project-dir',
      'shop',
      '--profiles-dir',
      'p',
      '--target',
      'ci',
      '--log-path',
      'l',
      '--vars',
      '{a: 1}',
    ],
    '--packages-install-path=there',
  ]);
});
