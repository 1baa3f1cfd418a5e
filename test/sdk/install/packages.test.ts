import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FolderCache } from '../../../sdk/install/environment.ts';
import { ensurePackages } from '../../../sdk/install/packages.ts';
import { type MissingPackages, packagesState } from '../../../sdk/install/packages-state.ts';
import { depsArguments } from '../../../sdk/install/run-deps.ts';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { PACKAGES_RECEIPT } from '../../../sdk/plan/fingerprint/list-files.ts';
import { type Given, type ProjectFolder, projectFolder } from '../../support/fingerprint-input.ts';

const UTILS = 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n';
/** As dbt writes it. */
const LOCK = `${UTILS}    name: dbt_utils\nsha1_hash: 0123\n`;

let folder: ProjectFolder;
beforeEach(async () => {
  folder = await projectFolder();
});
afterEach(() => folder.remove());

/** Undefined where none are named, and where those that are named are there by their names. */
async function missing(given?: Given): Promise<MissingPackages | undefined> {
  const state = await packagesState(await folder.input(given));
  return state.kind === 'missing' ? state.missing : undefined;
}

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
    expect(await missing()).toMatchObject({ projectDir: folder.root });
    expect(await missing()).not.toHaveProperty('folder');
  });

  test('a file only dbt can read counts where it may name some', async () => {
    await folder.put('packages.yml', 'packages: {% for x in y %}\n  - [\n');
    const found = await missing();
    expect(found).toBeDefined();
    expect(found).not.toHaveProperty('cacheKey');
  });
});

describe('packages of which some are there', () => {
  const GIT = '  - git: https://example.com/pkg.git\n    name: pkg\n    revision: 0123\n';
  const DBT_1_8 = LOCK.replace('    name: dbt_utils\n', '').replace('sha1', '  - package: a/b\nsha1');

  test.each([
    ['a folder for each', LOCK.replace('sha1', `${GIT}sha1`), ['dbt_utils', 'pkg'], true],
    ['one of two', LOCK.replace('sha1', `${GIT}sha1`), ['pkg'], false],
    ['another one', LOCK, ['dbt-utils-1.3.0'], false],
    ['fewer than an older lock without names has', DBT_1_8, ['dbt_utils'], false],
    ['as many as that has', DBT_1_8, ['dbt_utils', 'c'], true],
    ['none but local ones, which are links', 'packages: [{local: ../x, name: x}]\n', ['y'], true],
    ['what only dbt can read', 'packages: [\n', ['y'], true],
  ])('%s', async (_, lock, there, isEnough) => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', lock);
    for (const name of there) await folder.put(`dbt_packages/${name}/dbt_project.yml`, 'name: x\n');
    expect((await missing()) === undefined).toBe(isEnough);
  });

  test('a folder without its dbt_project.yml is no package', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    await folder.put('dbt_packages/dbt_utils/macros/a.sql', '');
    expect(await missing()).toBeDefined();
    await folder.put('dbt_packages/dbt_utils/dbt_project.yml', 'name: dbt_utils\n');
    expect(await missing()).toBeUndefined();
  });

  test('what is no folder is left to dbt', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    await folder.put('dbt_packages', 'mine');
    expect(await missing()).toBeUndefined();
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

  const UNCERTAIN = {
    'a local package': '  - local: ../shared\n',
    'an address': '  - tarball: https://example.com/a.tar.gz\n    name: a\n',
    'a variable': `  - git: https://example.com/a.git\n    revision: "{{ env_var('PKG_REV') }}"\n`,
    'a block of Jinja': `  - git: "{% if x %}a{% endif %}"\n    revision: main\n`,
    'Jinja without quotes': '  - git: a\n    revision: {{ rev }}\n',
    'Jinja that YAML hides': `  - git: a\n    revision: "\\x7b{ env_var('PKG_REV') }}"\n`,
  };
  test.each(
    Object.entries(UNCERTAIN).flatMap(([what, text]) =>
      ['packages.yml', 'dependencies.yml', 'package-lock.yml'].map((name) => [what, name, text] as const),
    ),
  )('%s in %s leaves none', async (_, name, text) => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    await folder.put(name, UTILS + text);
    expect(await missing()).toBeDefined();
    expect(await key()).toBeUndefined();
  });

  test('Jinja in a file that names no packages changes nothing', async () => {
    await folder.put('packages.yml', UTILS);
    await folder.put('package-lock.yml', LOCK);
    await folder.put('dependencies.yml', 'packages: [] # {{ x }}\n');
    expect(await key()).toBeDefined();
  });
});

describe('installing them', () => {
  /** A dbt that notes how it was called and installs one package. */
  async function fakeDbt(more = ''): Promise<string> {
    const path = join(folder.root, 'dbt');
    await writeFile(
      path,
      `#!/bin/sh\necho "$PWD $X $*" >> calls\nrm -rf dbt_packages\n${more}\nmkdir -p dbt_packages/dbt_utils && echo 'name: dbt_utils' > dbt_packages/dbt_utils/dbt_project.yml\necho installed\n`,
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
        await mkdir(join(place, 'dbt_utils'), { recursive: true });
        await writeFile(join(place, 'dbt_utils/dbt_project.yml'), 'name: dbt_utils\n');
        return true;
      },
      save: async (place, cacheKey) => {
        calls.push(`save ${cacheKey} ${await readdir(place)}`);
      },
    };
  }

  /** Where it looks once something is there. */
  const place = () => join(folder.root, 'dbt_packages');
  const mark = () => join(folder.root, 'dbt_packages.incomplete');

  async function ensure(dbt: string, cache?: FolderCache, signal = new AbortController().signal) {
    const found = await missing();
    if (found === undefined) throw new Error('none are missing');
    const said: string[] = [];
    const ending = ensurePackages(found, {
      ...{ command: [dbt], args: ['--project-dir', '.'], cwd: folder.root, cache, signal },
      env: { PATH: process.env['PATH'] ?? '', X: 'of-the-run', DBT_ENV_SECRET_T: 'sw0rdfish' },
      secrets: ['told-secret'],
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

  test('git’s own folders are not saved, a token in them least of all', async () => {
    await folder.put('elsewhere/.git/config', 'mine');
    const dbt = await fakeDbt(
      'for d in dbt_packages/dbt_utils dbt_packages/dbt_utils/a/sub; do mkdir -p $d/.git/objects; echo "url = https://$DBT_ENV_SECRET_T@h" > $d/.git/config; done; mkdir dbt_packages/b; echo "gitdir: x" > dbt_packages/b/.git; ln -s ../elsewhere dbt_packages/local',
    );
    const saved: string[] = [];
    const cache: FolderCache = {
      restore: async () => false,
      save: async (at) => void saved.push(...(await readdir(at, { recursive: true }))),
    };
    await ensure(dbt, cache);
    expect(saved).toContain('dbt_utils/a/sub');
    expect(saved.filter((name) => name.includes('.git') && !name.startsWith('local'))).toEqual([]);
    expect(await readFile(join(folder.root, 'elsewhere/.git/config'), 'utf8')).toBe('mine');
    expect(await missing()).toBeUndefined();
  });

  test.each([
    ['a secret of the environment', 'echo "a $DBT_ENV_SECRET_T b" > dbt_packages/dbt_utils/deep/x.bin'],
    ['a secret that was told', 'echo told-secret > dbt_packages/dbt_utils/deep/x.bin'],
  ])('%s in a package keeps them from being saved', async (_, writes) => {
    const cache = cacheOf();
    const { said, how } = await ensure(
      await fakeDbt(`mkdir -p dbt_packages/dbt_utils/deep; ${writes}`),
      cache,
    );
    expect(how).toBe('installed');
    expect(cache.calls).toEqual(['restore']);
    expect(said.at(-1)).toBe(
      'The dbt packages are not saved to the cache: dbt_utils/deep/x.bin holds a secret of this run',
    );
    expect(await missing()).toBeUndefined();
  });

  test('what is too large to be looked through is not saved', async () => {
    const cache = cacheOf();
    const dbt = await fakeDbt(
      'mkdir -p dbt_packages/dbt_utils; truncate -s 65M dbt_packages/dbt_utils/seed.csv',
    );
    expect((await ensure(dbt, cache)).said.at(-1)).toContain('too many to be looked through');
    expect(cache.calls).toEqual(['restore']);
  });

  test('packages count only once all are there, also after a kill', async () => {
    const seen: (string | undefined)[] = [];
    const note = async () => void seen.push((await missing())?.folder);
    const whole = cacheOf(new Set([(await missing())?.cacheKey ?? '']));
    const restoring: FolderCache = {
      ...whole,
      restore: async (at, key) => {
        await whole.restore(at, key);
        await note();
        return false;
      },
    };
    // While it comes back, and while dbt installs it.
    await ensure(await fakeDbt('ls dbt_packages.incomplete >> marks'), restoring);
    expect(seen).toEqual([place()]);
    expect(await readFile(join(folder.root, 'marks'), 'utf8')).toBe('dbt_packages.incomplete\n');
    expect(await missing()).toBeUndefined();
    // What a kill leaves.
    await writeFile(mark(), '');
    await folder.put('dbt_packages/other/dbt_project.yml', 'name: other\n');
    expect(await ensure(await fakeDbt(), whole)).toMatchObject({ how: 'restored' });
    expect(await readdir(place())).toEqual([PACKAGES_RECEIPT, 'dbt_utils']);
    expect(await readdir(folder.root)).not.toContain('dbt_packages.incomplete');
  });

  test('no mark stays where dbt fails or cannot be had', async () => {
    await expect(ensure(await fakeDbt('exit 2'), cacheOf())).rejects.toThrow('exit code 2');
    expect(await readdir(folder.root)).not.toContain('dbt_packages.incomplete');
    const found = await missing();
    if (found === undefined) throw new Error('none are missing');
    const failing = ensurePackages(found, {
      before: () => Promise.reject(new Error('no dbt')),
      ...{ command: ['none'], args: [], cwd: folder.root, env: {}, say: () => undefined },
      ...{ cache: cacheOf(), signal: new AbortController().signal },
    });
    await expect(failing).rejects.toThrow('no dbt');
    expect(await readdir(folder.root)).not.toContain('dbt_packages.incomplete');
  });

  test('a cache that brings back something else is no help', async () => {
    const cache: FolderCache = {
      restore: async (at) => {
        await mkdir(join(at, 'other'), { recursive: true });
        return true;
      },
      save: () => Promise.resolve(),
    };
    expect(await ensure(await fakeDbt(), cache)).toMatchObject({ how: 'installed' });
    expect(await readdir(place())).toEqual([PACKAGES_RECEIPT, 'dbt_utils']);
    expect(await missing()).toBeUndefined();
  });

  test.each(['a file', 'a link'])('%s in the place of the folder is not deleted', async (what) => {
    const found = await missing();
    if (found === undefined) throw new Error('none are missing');
    await folder.put('mine/keep', 'mine');
    if (what === 'a file') await writeFile(place(), 'mine');
    else await symlink('mine', place());
    const options = {
      ...{
        command: ['false'],
        args: [],
        cwd: folder.root,
        env: { PATH: process.env['PATH'] ?? '' },
      },
      ...{ cache: cacheOf(), signal: new AbortController().signal, say: () => undefined },
    };
    await ensurePackages(found, options).catch(() => undefined);
    const kept = what === 'a file' ? place() : join(place(), 'keep');
    expect(await readFile(kept, 'utf8')).toBe('mine');
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
