import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FolderCache } from '../../../sdk/install/environment.ts';
import { ensurePackages } from '../../../sdk/install/packages.ts';
import { type PackagesState, packagesState } from '../../../sdk/install/packages-state.ts';
import { PACKAGES_RECEIPT } from '../../../sdk/plan/fingerprint/list-files.ts';
import { listSources } from '../../../sdk/plan/fingerprint/list-sources.ts';
import { type Given, type ProjectFolder, projectFolder } from '../../support/fingerprint-input.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const NAMED = `packages:
  - package: dbt-labs/dbt_utils
    version: [">=1.0.0", "<2.0.0"]
  - git: https://example.com/pkg.git
    revision: main
  - local: local_packages/here
`;
/** As dbt Core writes it. */
const LOCK = `packages:
  - package: dbt-labs/dbt_utils
    name: dbt_utils
    version: 1.3.0
  - git: https://example.com/pkg.git
    name: pkg
    revision: ${COMMIT}
  - local: local_packages/here
    name: here
sha1_hash: 0123
`;

let folder: ProjectFolder;
beforeEach(async () => {
  folder = await projectFolder();
  await folder.put('local_packages/here/dbt_project.yml', 'name: here\n');
  await folder.put('packages.yml', NAMED);
  await folder.put('package-lock.yml', LOCK);
});
afterEach(() => folder.remove());

const place = (...names: string[]) => join(folder.root, 'dbt_packages', ...names);
const state = async (given?: Given) => packagesState(await folder.input(given));
const whyOf = (found: PackagesState) => (found.kind === 'unproven' ? found.why : found.kind);

/** A dbt whose `deps` makes the folder anew, as dbt's does. */
async function deps(more = '', given?: Given, cache?: FolderCache): Promise<string> {
  const found = await state(given);
  if (found.kind !== 'missing' && found.kind !== 'unproven') throw new Error(`nothing to do: ${found.kind}`);
  const path = join(folder.root, 'home', 'dbt');
  await folder.put(
    'home/dbt',
    `#!/bin/sh
set -e
rm -rf dbt_packages
mkdir -p dbt_packages/dbt_utils/macros dbt_packages/pkg/.git
echo "{{ 1 }}" > dbt_packages/dbt_utils/macros/a.sql
for name in dbt_utils pkg; do printf "name: $name\\nversion: 0.1.0\\n" > dbt_packages/$name/dbt_project.yml; done
ln -s ../local_packages/here dbt_packages/here
${more}
`,
  );
  await chmod(path, 0o755);
  const { how } = await ensurePackages(found.missing, {
    ...{ command: [path], args: [], cwd: folder.root, env: { PATH: process.env['PATH'] ?? '' }, cache },
    ...{ signal: new AbortController().signal, say: () => undefined },
  });
  return how;
}

describe('packages that agree with their lock', () => {
  test('after dbt deps they do, and dbt deps is not run again', async () => {
    expect(await state()).toMatchObject({ kind: 'missing' });
    expect(await deps()).toBe('installed');
    expect(await state()).toEqual({ kind: 'agree' });
  });

  test('a local package may change: dbt reads it where it lies', async () => {
    await deps();
    await folder.put('local_packages/here/models/a.sql', 'select 1');
    expect(await state()).toEqual({ kind: 'agree' });
  });

  test('what says so is no part of the key', async () => {
    await deps();
    expect(await readdir(place())).toContain(PACKAGES_RECEIPT);
    const { packages } = await listSources(await folder.input());
    const names = packages.map(({ name }) => name);
    expect(names).toContain('dbt_packages/dbt_utils/macros/a.sql');
    expect(names.filter((name) => name.includes(PACKAGES_RECEIPT))).toEqual([]);
  });

  const SEVERAL = 'there are packages in several places, or in another than asked for';
  const OTHERS =
    'packages.yml, package-lock.yml or the version of dbt is another than when they were installed';
  const FILES = 'their files were changed since they were installed';
  const UNTOLD = 'nothing tells by what they were installed';
  const CHANGES: Readonly<Record<string, readonly [string, () => Promise<unknown>]>> = {
    'packages.yml names others': [OTHERS, () => folder.put('packages.yml', NAMED.replace('2.0.0', '3.0.0'))],
    'dependencies.yml is new': [OTHERS, () => folder.put('dependencies.yml', 'projects: []\n')],
    'the lock names another version': [
      OTHERS,
      () => folder.put('package-lock.yml', LOCK.replace('1.3.0', '1.2.0')),
    ],
    'the lock names another commit': [
      OTHERS,
      () => folder.put('package-lock.yml', LOCK.replace('revision: 0', 'revision: a')),
    ],
    'the lock is gone': ['there is no package-lock.yml', () => rm(join(folder.root, 'package-lock.yml'))],
    'a file of a package is another': [FILES, () => folder.put('dbt_packages/pkg/macros/a.sql', 'x')],
    'a file has other bytes': [FILES, () => folder.put('dbt_packages/dbt_utils/macros/a.sql', '{{ 2 }}\n')],
    'the version in a package is another': [
      FILES,
      () => folder.put('dbt_packages/dbt_utils/dbt_project.yml', 'name: dbt_utils\nversion: 9.9.9\n'),
    ],
    'a file of a package is gone': [FILES, () => rm(place('dbt_utils/macros/a.sql'))],
    'git’s own files of a package are others': [FILES, () => folder.put('dbt_packages/pkg/.git/HEAD', 'x')],
    'there is one more package': [FILES, () => folder.put('dbt_packages/more/dbt_project.yml', 'name: more')],
    'a package is gone': ['missing', () => rm(place('pkg'), { recursive: true })],
    'all packages are gone': ['missing', () => rm(place(), { recursive: true })],
    'dbt deps was killed': ['missing', () => folder.put('dbt_packages.incomplete', '')],
    'someone else has installed them': [UNTOLD, () => rm(place(PACKAGES_RECEIPT))],
    'the receipt is a link': [
      UNTOLD,
      async () => {
        await rename(place(PACKAGES_RECEIPT), join(folder.root, 'home', 'receipt'));
        await symlink('../home/receipt', place(PACKAGES_RECEIPT));
      },
    ],
    'the receipt is no JSON': [UNTOLD, () => folder.put(`dbt_packages/${PACKAGES_RECEIPT}`, 'null')],
    'the local package has another name': [
      'here is no link to local_packages/here',
      () => folder.put('local_packages/here/dbt_project.yml', 'name: elsewhere\n'),
    ],
    'the local package is gone': [
      'here is no link to local_packages/here',
      () => rm(join(folder.root, 'local_packages'), { recursive: true }),
    ],
    'there are packages in a second place': [
      SEVERAL,
      async () => {
        await folder.put('dbt_project.yml', 'name: shop\nprofile: shop\npackages-install-path: [b, a]\n');
        for (const name of ['a', 'b'])
          await cp(place(), join(folder.root, name), { recursive: true, verbatimSymlinks: true });
      },
    ],
  };
  test.each(Object.entries(CHANGES))('no more when %s', async (_, [why, change]) => {
    await deps();
    expect(await state()).toEqual({ kind: 'agree' });
    await change();
    expect(whyOf(await state())).toBe(why);
  });

  test.each([
    ['another dbt', { versions: { dbt: '1.11.2' } }, OTHERS],
    ['another hub', { env: { DBT_PACKAGE_HUB_URL: 'https://hub.example.com' } }, OTHERS],
    ['another place', { args: ['build', '--packages-install-path', 'there'] }, SEVERAL],
  ])('not for %s', async (_, given, why) => {
    await deps();
    expect(whyOf(await state(given))).toBe(why);
  });

  test('not where the version of dbt is not known', async () => {
    await deps();
    const { dbt: _dbt, ...versions } = (await folder.input()).versions;
    expect(whyOf(await packagesState({ ...(await folder.input()), versions }))).toBe(
      'the version of dbt is not known',
    );
  });
});

describe('a lock that leaves something open', () => {
  test.each([
    ['a tarball', '  - tarball: https://example.com/a.tar.gz\n    name: pkg\n', /address of pkg/],
    [
      'a branch',
      '  - git: https://example.com/a.git\n    name: pkg\n    revision: main\n',
      /no commit of pkg/,
    ],
    ['no revision', '  - private: org/a\n    name: pkg\n', /no commit of pkg/],
    ['a range', '  - package: a/pkg\n    name: pkg\n    version: ">=1.0.0"\n', /no exact version of pkg/],
    ['several versions', '  - package: a/pkg\n    name: pkg\n    version: ["1.0.0"]\n', /no exact version/],
    ['no name', `  - git: https://example.com/a.git\n    revision: ${COMMIT}\n`, /without a name/],
    ['an unknown kind', '  - wheel: a\n    name: pkg\n', /unknown kind/],
    ['Jinja', '  - git: "{{ env_var(\'A\') }}"\n    name: pkg\n    revision: a\n', /only dbt can tell/],
    ['what is no list', 'packages: {a: b}\n', /only dbt can tell/],
  ])('%s: dbt deps is run each time', async (_, entry, why) => {
    await folder.put('package-lock.yml', entry.startsWith('packages') ? entry : `packages:\n${entry}`);
    await deps();
    expect(whyOf(await state())).toMatch(why);
  });

  test.each(['packages.yml', 'dependencies.yml'])('Jinja in %s likewise', async (name) => {
    await folder.put(name, `${NAMED}  - git: "{{ env_var('A') }}"\n`);
    await deps();
    expect(whyOf(await state())).toBe('only dbt can tell which packages the project names');
  });

  test('a private package is pinned by its commit', async () => {
    await folder.put(
      'package-lock.yml',
      LOCK.replace('git: https://example.com/pkg.git', 'private: org/pkg'),
    );
    await deps();
    expect(await state()).toEqual({ kind: 'agree' });
  });

  test('a local package that was copied can be older than its folder', async () => {
    await deps('rm dbt_packages/here; cp -r local_packages/here dbt_packages/here');
    expect(whyOf(await state())).toBe('here is no link to local_packages/here');
  });

  test('a link to another folder of the same name', async () => {
    await folder.put('elsewhere/here/dbt_project.yml', 'name: here\n');
    await deps('rm dbt_packages/here; ln -s ../elsewhere/here dbt_packages/here');
    expect(whyOf(await state())).toBe('here is no link to local_packages/here');
  });
});

describe('what dbt deps has done', () => {
  test('a lock that it wrote is the one that counts', async () => {
    await rm(join(folder.root, 'package-lock.yml'));
    await folder.put('home/lock', LOCK);
    await deps('cp home/lock package-lock.yml');
    expect(await state()).toEqual({ kind: 'agree' });
  });

  test('packages.yml that was written to meanwhile proves nothing', async () => {
    await deps('echo "# more" >> packages.yml');
    expect(whyOf(await state())).toBe('nothing tells by what they were installed');
  });

  test('a folder that it did not make anew is not the one it has filled', async () => {
    await folder.put('dbt_packages/dbt_utils/dbt_project.yml', 'name: dbt_utils\n');
    await folder.put('dbt_packages/pkg/dbt_project.yml', 'name: pkg\n');
    // dbt deps fills another folder, and this one is there as it was.
    const found = await state();
    if (found.kind !== 'unproven') throw new Error(found.kind);
    await folder.put('home/dbt', '#!/bin/sh\nmkdir elsewhere\n');
    await chmod(join(folder.root, 'home/dbt'), 0o755);
    await ensurePackages(found.missing, {
      ...{ command: [join(folder.root, 'home/dbt')], args: [], cwd: folder.root, say: () => undefined },
      ...{ env: { PATH: process.env['PATH'] ?? '' }, signal: new AbortController().signal },
    });
    expect(whyOf(await state())).toBe('nothing tells by what they were installed');
    expect(await readdir(place())).toEqual(['dbt_utils', 'pkg']);
  });

  test('a failure before it has touched the folder leaves the packages that were there', async () => {
    await deps();
    await folder.put('package-lock.yml', `${LOCK}# edited\n`);
    const found = await state();
    if (found.kind !== 'unproven') throw new Error(found.kind);
    const options = {
      ...{ args: [], cwd: folder.root, env: {}, say: () => undefined },
      signal: new AbortController().signal,
    };
    const failing = ensurePackages(found.missing, { ...options, command: [join(folder.root, 'no-dbt')] });
    await expect(failing).rejects.toMatchObject({ code: 'install-failed' });
    expect((await readdir(place())).sort()).toEqual(['dbt_utils', 'here', 'pkg']);
    expect(whyOf(await state())).toBe('nothing tells by what they were installed');
    await expect(deps('exit 3')).rejects.toMatchObject({ code: 'install-failed' });
    expect(await state()).toMatchObject({ kind: 'missing' });
  });

  test('of two at once one does it, also where the lock leaves something open', async () => {
    await folder.put('package-lock.yml', 'packages:\n  - tarball: https://example.com/a.gz\n    name: pkg\n');
    const ended = await Promise.all([deps('sleep 0.3'), deps('sleep 0.3')]);
    expect(ended.sort()).toEqual(['installed', 'there']);
    expect(await deps()).toBe('installed');
  });
});

describe('what a cache has brought', () => {
  const WITHOUT_LOCAL = (text: string) => text.replace(/ {2}- local: .*\n(?: {4}name: here\n)?/, '');
  const SECRET = 'my own file\n';

  beforeEach(async () => {
    await folder.put('packages.yml', WITHOUT_LOCAL(NAMED));
    await folder.put('package-lock.yml', WITHOUT_LOCAL(LOCK));
  });

  async function restored(more: (at: string) => Promise<unknown>): Promise<string> {
    const cache: FolderCache = {
      restore: async (at) => {
        for (const name of ['dbt_utils', 'pkg']) {
          await mkdir(join(at, name), { recursive: true });
          await writeFile(join(at, name, 'dbt_project.yml'), `name: ${name}\n`);
        }
        await more(at);
        return true;
      },
      save: () => Promise.resolve(),
    };
    return deps('rm dbt_packages/here', undefined, cache);
  }

  test('agrees from then on', async () => {
    expect(await restored(() => Promise.resolve())).toBe('restored');
    expect(await state()).toEqual({ kind: 'agree' });
    await folder.put('dbt_packages/pkg/a.sql', 'select 1');
    expect(await state()).toMatchObject({ kind: 'unproven' });
  });

  test.each<[string, (at: string) => Promise<unknown>]>([
    ['one more package', (at) => mkdir(join(at, 'more'))],
    ['a link in place of a package', (at) => symlink('pkg', join(at, 'more'))],
    ['a package without its dbt_project.yml', (at) => rm(join(at, 'pkg', 'dbt_project.yml'))],
    ['another package', (at) => rename(join(at, 'pkg'), join(at, 'other'))],
  ])('is not taken with %s', async (_, change) => {
    expect(await restored(change)).toBe('installed');
    expect((await readdir(place())).sort()).toEqual([PACKAGES_RECEIPT, 'dbt_utils', 'pkg']);
  });

  test('its own word of what it is does not count, nor is it followed', async () => {
    await folder.put('home/mine', SECRET);
    // A link in the place of what is written there: refused as all links are.
    expect(await restored((at) => symlink('../home/mine', join(at, PACKAGES_RECEIPT)))).toBe('installed');
    expect(await readFile(join(folder.root, 'home/mine'), 'utf8')).toBe(SECRET);
    await rm(place(), { recursive: true });
    const claim = JSON.stringify({ version: 1, by: 'x', tree: 'x' });
    expect(await restored((at) => writeFile(join(at, PACKAGES_RECEIPT), claim))).toBe('restored');
    expect(await state()).toEqual({ kind: 'agree' });
  });
});
