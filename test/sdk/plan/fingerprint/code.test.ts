import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestFiles } from '../../../../sdk/plan/fingerprint/digest-files.ts';
import { listFiles } from '../../../../sdk/plan/fingerprint/list-files.ts';
import {
  itemsOf,
  namesOf,
  type PartsOptions,
  type ProjectFolder,
  projectFolder,
  whyOf,
} from './project-folder.ts';

let project: ProjectFolder;
beforeEach(async () => {
  project = await projectFolder();
});
afterEach(() => rm(project.root, { recursive: true, force: true }));

const code = async (more?: PartsOptions) => (await project.parts(more)).code;
const packages = async (more?: PartsOptions) => (await project.parts(more)).packages;
const beside = async (name: string, text: string): Promise<void> => project.write(join('..', name), text);
describe('the files of the project folder', () => {
  test('are all there with their digests, and what dbt and we write is not', async () => {
    for (const name of [
      ...[
        'target/manifest.json',
        'logs/dbt.log',
        '.env',
        '.user.yml',
        'models/.env',
        'node_modules/x.js',
        '.venv/y.py',
      ],
      ...[
        'py/pyvenv.cfg',
        'py/lib/z.sql',
        'ledger/entry',
        'dev.duckdb',
        'dev.duckdb.wal',
        'dev.duckdb.tmp/spill',
      ],
      // Of a run that was given another target folder.
      ...['other-target/dbt_runcache_report.json', 'other-target/manifest.json'],
      ...['third-target/partial_parse.msgpack', 'third-target/compiled/a.sql', '.github/workflows/ci.yml'],
      ...['models/__pycache__/m.pyc', 'package-lock.yml', 'dbt_packages/p/x.sql'],
    ])
      await project.write(name, name);
    await project.write('README.md', 'text');
    await project.write('models/.hidden.sql', 'select 2');
    const part = await code({ notInputs: [join(project.dir, 'ledger'), join(project.dir, 'dev.duckdb')] });
    expect(namesOf(part)).toEqual(['README.md', 'dbt_project.yml', 'models/.hidden.sql', 'models/a.sql']);
    expect(itemsOf(part)['models/a.sql']).toBe(createHash('sha1').update('blob 9\0select 1\n').digest('hex'));
  });

  test('of key-ignore count neither files nor folders, wherever they are named besides', async () => {
    await beside('shared/macros/m.sql', 'x');
    for (const name of [
      'docs/a.md',
      'docs.md',
      'notes/b.md',
      'run.log',
      'run.log.tmp',
      'dbt_packages/p/x.sql',
    ])
      await project.write(name, name);
    await project.write(
      'dbt_project.yml',
      'name: shop\nmodel-paths: [models]\ndocs-paths: [docs, docs/a.md, notes]\nmacro-paths: [../shared/macros]\n',
    );
    const outside = join(project.root, 'shared');
    const keyIgnore = [
      ...['docs', 'run.log', 'dbt_packages'].map((name) => ({ name, path: join(project.dir, name) })),
      { name: outside, path: outside },
    ];
    const { code: part, packages: installed } = await project.parts({ keyIgnore });
    expect(namesOf(part)).toEqual([
      ...['dbt_project.yml', 'docs.md', 'models/a.sql', 'notes/b.md', 'run.log.tmp'],
    ]);
    expect(namesOf(installed)).toEqual([]);
    expect(part).toMatchObject({
      leftOut: { docs: 'ignored by key-ignore', [outside]: 'ignored by key-ignore' },
    });
    expect(namesOf(await code())).toEqual(
      expect.arrayContaining(['../shared/macros/m.sql', 'docs/a.md', 'run.log']),
    );
  });

  test('of a link in key-ignore only the link: what it leads to counts', async () => {
    await symlink(join(project.dir, 'models'), join(project.dir, 'latest'));
    const keyIgnore = [{ name: 'latest', path: join(project.dir, 'latest') }];
    expect(namesOf(await code({ keyIgnore }))).toEqual(['dbt_project.yml', 'models/a.sql']);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a dirty file', () => project.write('models/a.sql', 'select 2\n')],
    ['an untracked file', () => project.write('models/b.sql', 'select 3\n')],
    ['an ignored file', () => project.write('seeds/local.csv', 'a\n1\n')],
    ['a file that is gone', () => project.remove('models/a.sql')],
    [
      'a file of another name',
      () => rename(join(project.dir, 'models/a.sql'), join(project.dir, 'models/z.sql')),
    ],
    ['a file called __proto__', () => project.write('__proto__', 'x')],
    [
      'the same size and time of change',
      async () => {
        const path = join(project.dir, 'models/a.sql');
        const before = await stat(path);
        await writeFile(path, 'select 7\n');
        await utimes(path, before.atime, before.mtime);
      },
    ],
  ])('%s makes a difference, with git and without', async (_, change) => {
    await project.write('.gitignore', 'seeds/\n');
    const bare = await code();
    await project.commitAll();
    const committed = await code();
    expect(committed).toEqual(bare);
    await change();
    const changed = await code();
    expect(itemsOf(changed)).not.toEqual(itemsOf(committed));
    await rm(join(project.dir, '.git'), { recursive: true });
    expect(await code()).toEqual(changed);
  });

  test('the same size and time is seen although git was told to look at little', async () => {
    const path = join(project.dir, 'models/a.sql');
    await utimes(path, 1_000_000, 1_000_000);
    await project.commitAll();
    project.git('config', 'core.trustctime', 'false');
    project.git('config', 'core.checkStat', 'minimal');
    await writeFile(path, 'select 7\n');
    await utimes(path, 1_000_000, 1_000_000);
    expect(itemsOf(await code())['models/a.sql']).toBe(
      createHash('sha1').update('blob 9\0select 7\n').digest('hex'),
    );
  });

  test('line ends that git converts count as they are on disk', async () => {
    await project.commitAll();
    project.git('config', 'core.autocrlf', 'true');
    const before = await code();
    await project.write('models/a.sql', 'select 1\r\n');
    project.git('add', '-A');
    expect(itemsOf(await code())).not.toEqual(itemsOf(before));
  });

  test('a folder that is a link is followed, also one that stands where git has a folder', async () => {
    await project.write('models/sub/b.sql', 'select 1\n');
    await project.commitAll();
    await beside('shared/b.sql', 'select 2\n');
    await project.remove('models/sub');
    await symlink('../../shared', join(project.dir, 'models/sub'));
    const before = itemsOf(await code());
    expect(Object.keys(before)).toContain('models/sub/b.sql');
    await beside('shared/b.sql', 'select 3\n');
    expect(itemsOf(await code())['models/sub/b.sql']).not.toBe(before['models/sub/b.sql']);
  });

  test('files of a submodule and of a repository inside count as they are', async () => {
    await beside('other/models/s.sql', 'select 1\n');
    const inside = (folder: string, ...args: readonly string[]): void =>
      void execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
        cwd: join(project.root, folder),
      });
    inside('other', 'init', '-q');
    inside('other', 'add', '-A');
    inside('other', 'commit', '-qm', 'x');
    await project.commitAll();
    project.git('submodule', '--quiet', 'add', '../other', 'sub');
    project.git('commit', '-qam', 'sub');
    await project.write('nested/n.sql', 'select 1\n');
    inside('project/nested', 'init', '-q');
    inside('project/nested', 'add', '-A');
    const before = itemsOf(await code());
    // The submodule's `.git` is a file that names a folder of this checkout.
    expect(Object.keys(before).sort()).toEqual([
      '.gitmodules',
      'dbt_project.yml',
      'models/a.sql',
      'nested/n.sql',
      'sub/models/s.sql',
    ]);
    await project.write('sub/models/s.sql', 'select 2\n');
    await project.write('nested/n.sql', 'select 2\n');
    const after = itemsOf(await code());
    expect(after['sub/models/s.sql']).not.toBe(before['sub/models/s.sql']);
    expect(after['nested/n.sql']).not.toBe(before['nested/n.sql']);
  });

  test('files in a folder of a repository count by their path in the project', async () => {
    execFileSync('git', ['init', '-q'], { cwd: project.root });
    execFileSync('git', ['add', '-A'], { cwd: project.root });
    const before = await code();
    expect(namesOf(before)).toEqual(['dbt_project.yml', 'models/a.sql']);
    await project.write('models/a.sql', 'select 5\n');
    expect(itemsOf(await code())).not.toEqual(itemsOf(before));
  });

  test('names that are not UTF-8 are kept apart, also from what they look like', async () => {
    const folder = Buffer.from(join(project.dir, 'models/'));
    await writeFile(Buffer.concat([folder, Buffer.from([0x61, 0xff])]), 'one');
    await writeFile(Buffer.concat([folder, Buffer.from([0x61, 0xfe])]), 'two');
    await writeFile(join(project.dir, 'models/a\uFFFD'), 'three');
    await project.commitAll();
    await writeFile(Buffer.concat([folder, Buffer.from([0x61, 0xfe])]), 'other');
    const items = itemsOf(await code());
    const digests = ['one', 'other', 'three'].map((text) =>
      createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex'),
    );
    expect(['models/a\uDCFF', 'models/a\uDCFE', 'models/a\uFFFD'].map((name) => items[name])).toEqual(
      digests,
    );
  });

  test.runIf(process.platform !== 'win32')(
    'a pipe or a socket makes the files unknown and holds nothing up',
    async () => {
      execFileSync('mkfifo', [join(project.dir, 'models/pipe.sql')]);
      expect(whyOf(await code())).toBe('models/pipe.sql is neither a file nor a folder.');
      await rename(join(project.dir, 'models/pipe.sql'), join(project.root, 'pipe'));
      await symlink('../../pipe', join(project.dir, 'models/link.sql'));
      const parts = await project.parts();
      expect(whyOf(parts.code)).toContain('models/link.sql');
      expect(parts.env.kind).toBe('unknown');
      await project.remove('models/link.sql');
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(project.dir, 's.sock'), resolve));
      try {
        expect(whyOf(await code())).toContain('s.sock');
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    },
  );

  test.runIf(process.platform === 'linux')('a file that cannot be read is not left out', async () => {
    // Even root cannot read the memory of address 0.
    await symlink('/proc/self/mem', join(project.dir, 'models/b.sql'));
    expect(whyOf(await code())).toContain('models/b.sql cannot be read');
  });

  test('a file that goes away between the listing and the reading is not known', async () => {
    const files = await listFiles(project.dir, new Set());
    await project.remove('models/a.sql');
    await expect(digestFiles(files, undefined)).rejects.toThrow('models/a.sql went away');
  });

  test.runIf(process.platform !== 'win32')(
    'a file that becomes a pipe after the listing holds nothing up',
    async () => {
      const files = await listFiles(project.dir, new Set());
      await project.remove('models/a.sql');
      execFileSync('mkfifo', [join(project.dir, 'models/a.sql')]);
      await digestFiles(files, undefined);
    },
  );
});

describe('files outside of the project folder', () => {
  test.each([
    ...['model-paths', 'seed-paths', 'macro-paths', 'test-paths', 'snapshot-paths', 'analysis-paths'],
    ...['docs-paths', 'asset-paths', 'function-paths', 'osi-paths', 'source-paths', 'data-paths'],
  ])('those of %s count, by names that do not depend on the checkout', async (key) => {
    await project.write('dbt_project.yml', `name: shop\n${key}: [models, ../shared/x]\n`);
    await beside('shared/x/deep/b.sql', 'select 1');
    const before = itemsOf(await code());
    expect(Object.keys(before).sort()).toEqual(['../shared/x/deep/b.sql', 'dbt_project.yml', 'models/a.sql']);
    await beside('shared/x/deep/b.sql', 'select 2');
    expect(itemsOf(await code())).not.toEqual(before);
  });

  test('a path with Jinja counts where it can be worked out, and is unknown where not', async () => {
    await project.write('dbt_project.yml', `name: shop\nmodel-paths: ["{{ env_var('M', '../shared') }}"]\n`);
    await beside('shared/b.sql', 'x');
    await beside('mine/c.sql', 'x');
    expect(namesOf(await code())).toContain('../shared/b.sql');
    expect(namesOf(await code({ vars: { M: '../mine' } }))).toContain('../mine/c.sql');
    await project.write('dbt_project.yml', 'name: shop\nmodel-paths: ["{{ target.name }}/x"]\n');
    expect(whyOf(await code())).toMatch(/dbt_project\.yml:2 gives "model-paths" a value that only dbt/);
  });

  describe("in a folder that dbt is told to read nothing is taken for a tool's", () => {
    const inside = ['node_modules/m.sql', '.github/g.sql', '.git/h.sql', '__pycache__/p.sql', '.venv/v.sql'];
    const marked = ['x/partial_parse.msgpack', 'x/m.sql', 'x/deep/m.sql', 'y/pyvenv.cfg', '.user.yml'];
    test.each<[string, string, string]>([
      ['models', 'name: shop\n', 'models'],
      ['a former default', 'name: shop\n', 'data'],
      ['one of model-paths', 'name: shop\nmodel-paths: [a/../lib/sql]\n', 'lib/sql'],
      ['the project itself', 'name: shop\nmodel-paths: ["."]\n', 'other'],
      ['one below a target folder', 'name: shop\nmodel-paths: [old/models]\n', 'old/models'],
      ['one of a local package', 'name: shop\n', '../one/models'],
      ['one of an installed package', 'name: shop\n', 'dbt_packages/p/sql'],
    ])('%s', async (what, file, folder) => {
      await project.write('dbt_project.yml', file);
      if (what.includes('target')) await project.write('old/dbt_runcache_report.json', '{}');
      if (what.includes('local')) {
        await project.write('packages.yml', 'packages: [{local: ../one}]\n');
        await project.write('../one/dbt_project.yml', 'name: one\n');
      }
      if (what.includes('installed'))
        await project.write('dbt_packages/p/dbt_project.yml', 'name: p\nmodel-paths: [sql]\n');
      const names = [...inside, ...marked].map((name) => `${folder}/${name}`);
      for (const name of [...names, `${folder}/.env`, `${folder}/__pycache__/m.pyc`, `${folder}/.git/index`])
        await project.write(name, 'x');
      const all = await project.parts();
      const listed = [...namesOf(all.code), ...namesOf(all.packages)].filter((name) =>
        name.startsWith(folder),
      );
      expect(listed.filter((name) => name !== 'models/a.sql').sort()).toEqual(names.sort());
    });

    test('but what dbt writes is left out', async () => {
      await project.write('dbt_project.yml', 'name: shop\nmodel-paths: ["."]\n');
      for (const name of ['target/t.sql', 'logs/dbt.log', '.env', '.user.yml'])
        await project.write(name, 'x');
      expect(namesOf(await code())).toEqual(['dbt_project.yml', 'models/a.sql']);
    });
  });

  test('an installed package whose settings cannot be read here is read whole', async () => {
    await project.write(
      'dbt_packages/p/dbt_project.yml',
      'name: p\nmodel-paths: [sql]\nvars:\n  a: [\n    b\n]\n',
    );
    await project.write('dbt_packages/p/sql/node_modules/m.sql', 'x');
    expect(namesOf(await packages())).toContain('dbt_packages/p/sql/node_modules/m.sql');
  });

  test('a configured folder counts even where nothing else there would', async () => {
    await project.write(
      'dbt_project.yml',
      'name: shop\nmodel-paths: [node_modules/p/models, target/generated]\n',
    );
    await project.write('node_modules/p/models/n.sql', 'x');
    await project.write('node_modules/p/index.js', 'x');
    await project.write('target/generated/g.sql', 'x');
    await project.write('target/manifest.json', 'x');
    expect(namesOf(await code())).toEqual([
      'dbt_project.yml',
      'models/a.sql',
      'node_modules/p/models/n.sql',
      'target/generated/g.sql',
    ]);
  });

  test.each(['packages.yml', 'dependencies.yml'])(
    'packages that are folders count, and those they name in turn (%s)',
    async (file) => {
      await project.write(
        file,
        `packages:\n  - package: dbt-labs/x\n    version: 1.0.0\n  - local: ../one\n`,
      );
      await beside('one/dbt_project.yml', 'name: one\nmacro-paths: [../of-one]\n');
      await beside('one/packages.yml', 'packages: [{local: ../two}]\n');
      await beside('one/macros/m.sql', '1');
      await beside('one/target/manifest.json', '1');
      await beside('two/dbt_project.yml', 'name: two\n');
      await beside('two/packages.yml', 'packages: [{local: ../one}]\n');
      await beside('two/macros/m.sql', '1');
      await beside('of-one/m.sql', '1');
      const before = itemsOf(await code());
      for (const name of ['one/macros/m.sql', 'two/macros/m.sql', 'of-one/m.sql']) {
        await beside(name, '2');
        expect(itemsOf(await code())[`../${name}`]).not.toBe(before[`../${name}`]);
      }
      expect(Object.keys(before)).not.toContain('../one/target/manifest.json');
    },
  );

  test('a package path only dbt can tell is unknown', async () => {
    await project.write('packages.yml', `packages:\n  - local: "{{ var('where') }}"\n`);
    expect(whyOf(await code())).toContain('packages.yml');
  });

  test('an empty packages.yml is fine', async () => {
    await project.write('packages.yml', '# local: none\n');
    expect(namesOf(await code())).toContain('packages.yml');
  });
});

describe('packages', () => {
  test('none at all, and some that are declared and not there, are known', async () => {
    expect(await packages()).toEqual({ kind: 'known', items: {} });
    await project.write('packages.yml', 'packages: [{package: a/b, version: 1.0.0}]\n');
    expect(await packages()).toEqual({ kind: 'known', items: {} });
  });

  test('count as locked and as installed, file by file', async () => {
    await project.write('package-lock.yml', 'packages: []\n');
    await project.write('dbt_packages/p/macros/m.sql', '1');
    await project.commitAll();
    const before = itemsOf(await packages());
    expect(Object.keys(before).sort()).toEqual(['dbt_packages/p/macros/m.sql', 'package-lock.yml']);
    await project.write('dbt_packages/p/macros/m.sql', '2');
    const after = itemsOf(await packages());
    expect(after['dbt_packages/p/macros/m.sql']).not.toBe(before['dbt_packages/p/macros/m.sql']);
    await project.write('package-lock.yml', 'packages: [x]\n');
    expect(itemsOf(await packages())['package-lock.yml']).not.toBe(before['package-lock.yml']);
  });

  test.each<[string, PartsOptions, string]>([
    ['packages-install-path', {}, 'packages-install-path: vendor\n'],
    ['modules-path', {}, 'modules-path: vendor\n'],
    ['DBT_PACKAGES_INSTALL_PATH', { vars: { DBT_PACKAGES_INSTALL_PATH: 'vendor' } }, ''],
    ['--packages-install-path', { args: ['build', '--packages-install-path', 'vendor'] }, ''],
  ])('are found where %s puts them', async (_, more, line) => {
    await project.write('dbt_project.yml', `name: shop\n${line}`);
    await project.write('vendor/p/m.sql', '1');
    expect(namesOf(await packages(more))).toEqual(['vendor/p/m.sql']);
    expect(namesOf(await code(more))).toEqual(['dbt_project.yml', 'models/a.sql']);
  });

  test('a package that is a link is followed, also to a folder the project lies in', async () => {
    await rm(project.root, { recursive: true });
    project = await projectFolder('package/integration_tests');
    await project.write('../dbt_project.yml', 'name: outer\n');
    await project.write('../macros/m.sql', '1');
    await project.write('packages.yml', 'packages: [{local: ../}]\n');
    await mkdir(join(project.dir, 'dbt_packages'));
    await symlink('../..', join(project.dir, 'dbt_packages/outer'));
    const parts = await project.parts();
    expect(namesOf(parts.packages)).toEqual([
      'dbt_packages/outer/dbt_project.yml',
      'dbt_packages/outer/macros/m.sql',
    ]);
    expect(namesOf(parts.code)).toEqual([
      '../dbt_project.yml',
      '../macros/m.sql',
      'dbt_project.yml',
      'models/a.sql',
      'packages.yml',
    ]);
    await project.write('../macros/m.sql', '2');
    expect(itemsOf(await packages())).not.toEqual(itemsOf(parts.packages));
  });

  test('an installed package that reads files outside of itself has them among the code', async () => {
    await project.write('dbt_packages/p/dbt_project.yml', 'name: p\nmodel-paths: [../../../shared]\n');
    await beside('shared/m.sql', '1');
    expect(namesOf(await code())).toContain('../shared/m.sql');
  });

  test('the same tree elsewhere gives the same items', async () => {
    const fill = async ({ write }: ProjectFolder): Promise<void> => {
      await write('dbt_project.yml', 'name: shop\nmodel-paths: [models, ../shared]\n');
      await write('../shared/b.sql', '1');
      await write('packages.yml', 'packages: [{local: ../one}]\n');
      await write('../one/m.sql', '1');
      await write('dbt_packages/p/m.sql', '1');
    };
    const other = await projectFolder();
    try {
      await fill(project);
      await fill(other);
      await project.commitAll();
      expect(await other.parts()).toEqual(await project.parts());
    } finally {
      await rm(other.root, { recursive: true });
    }
  });
});

test('what cannot be read makes parts unknown and never a rejection', async () => {
  await project.write('dbt_project.yml', 'name: [\n');
  const parts = await project.parts();
  expect([parts.code.kind, parts.packages.kind, parts.env.kind]).toEqual(['unknown', 'unknown', 'unknown']);
});
