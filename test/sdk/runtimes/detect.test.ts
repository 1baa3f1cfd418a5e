import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDbt, type RunProgram } from '../../../sdk/runtimes/detect.ts';

let root: string;
beforeEach(async () => {
  // A space, as on many a machine.
  root = await mkdtemp(join(tmpdir(), 'detect dbt-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text = '', mode = 0o644): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  await chmod(full, mode);
  return full;
}

const SCRIPT = 'import sys\nfrom dbt.cli.main import cli\nsys.exit(cli())\n';

interface Layout {
  readonly packages?: Readonly<Record<string, string>>;
  readonly shebang?: (python: string) => string;
  readonly config?: string | null;
  readonly lib?: string;
}

const CORE = { dbt_core: '1.11.16', dbt_postgres: '1.11.0' };

/** A folder tree as an installer leaves it; nothing in it can be run. */
async function environment(at: string, layout: Layout = {}): Promise<string> {
  const python = await put(`${at}/bin/python`, '', 0o755);
  const lib = layout.lib ?? 'lib/python3.11/site-packages';
  if (layout.config !== null)
    await put(`${at}/pyvenv.cfg`, layout.config ?? 'home = /usr/bin\nversion = 3.11.7\n');
  await mkdir(join(root, at, lib), { recursive: true });
  for (const [name, version] of Object.entries(layout.packages ?? CORE)) {
    await put(`${at}/${lib}/${name}-${version}.dist-info/METADATA`, `Name: ${name}\nVersion: ${version}\n`);
    const type = /^dbt_(postgres|duckdb|snowflake)/.exec(name)?.[1];
    if (type !== undefined)
      await put(`${at}/${lib}/dbt/adapters/${type}/__version__.py`, 'version = "0.0.0"\n');
  }
  const shebang = layout.shebang ?? ((path: string) => `#!/bin/sh\n'''exec' "${path}" "$0" "$@"\n' '''\n`);
  await put(`${at}/bin/dbt`, shebang(python) + SCRIPT, 0o755);
  return join(root, at);
}

/** A native program; it cannot be run either. */
async function native(path: string): Promise<string> {
  const full = await put(path, '', 0o755);
  await writeFile(full, '\x7fELF\x02', 'latin1');
  return full;
}

/** An environment whose dbt is a native program that the first of its packages brought. */
async function fusionEnvironment(at: string, packages: Readonly<Record<string, string>>): Promise<string> {
  const venv = await environment(at, { packages });
  await native(`${at}/bin/dbt`);
  const [[name, version] = []] = Object.entries(packages);
  const record = 'lib/python3.11/site-packages/';
  await put(
    `${at}/${record}${name}-${version}.dist-info/RECORD`,
    `../../../bin/dbt,sha256=abc,285918496\n${name}-${version}.dist-info/METADATA,,\n`,
  );
  return venv;
}

const saying =
  (stdout: string, asked: unknown[] = []): RunProgram =>
  (file, args) => {
    asked.push([file, ...args]);
    return Promise.resolve({ stdout, exitCode: 0 });
  };

const noQuestions: RunProgram = () => Promise.reject(new Error('nothing was to be asked'));

function find(
  dbt: string | readonly string[] | undefined,
  more: { env?: Record<string, string>; cwd?: string; run?: RunProgram } = {},
) {
  return findDbt({
    dbt,
    env: { PATH: '', ...more.env },
    cwd: more.cwd ?? root,
    run: more.run ?? noQuestions,
  });
}

const FOUND = { dbt: '1.11.16', adapters: { postgres: '1.11.0' }, python: '3.11.7' };

describe('where dbt is', () => {
  test('the folder of a virtual environment', async () => {
    const venv = await environment('my venv');
    const dbt = join(venv, 'bin/dbt');
    expect(await find(venv)).toEqual({
      kind: 'core',
      commandPrefix: [dbt],
      executable: dbt,
      pythonPath: join(venv, 'bin/python'),
      sitePackages: join(venv, 'lib/python3.11/site-packages'),
      versions: FOUND,
    });
  });

  test('a path with a space is a path, not a command', async () => {
    const venv = await environment('my venv');
    expect((await find(join(venv, 'bin/dbt'))).commandPrefix).toEqual([join(venv, 'bin/dbt')]);
    expect((await find('my venv')).commandPrefix).toEqual([join(venv, 'bin/dbt')]);
    expect((await find('./my venv/bin/dbt')).versions).toEqual(FOUND);
    expect((await find(['./my venv/bin/dbt'])).versions).toEqual(FOUND);
    expect((await find(`"${venv}/bin/dbt"`)).versions).toEqual(FOUND);
  });

  test('PATH, in its order, relative entries from the working folder', async () => {
    await environment('second');
    const first = await environment('first', { packages: { dbt_core: '1.10.1' } });
    await put('empty/dbt', 'not executable');
    // An empty entry of PATH would be the working folder, which is the project's to fill.
    await put('dbt', '#!/bin/sh\n', 0o755);
    const found = await find(undefined, {
      env: { PATH: `:${root}/none:${root}/empty:first/bin:${root}/second/bin` },
    });
    expect(found.commandPrefix).toEqual([join(first, 'bin/dbt')]);
    expect(found.versions.dbt).toBe('1.10.1');
  });

  test('a bare word is looked for on PATH even when a folder here has that name', async () => {
    const venv = await environment('venv');
    await mkdir(join(root, 'dbt'));
    expect((await find('dbt', { env: { PATH: join(venv, 'bin') } })).versions).toEqual(FOUND);
  });

  test('links, as pipx and uv tool make them', async () => {
    const venv = await environment('share/uv/tools/dbt-core');
    await mkdir(join(root, 'bin'));
    await symlink(join(venv, 'bin/dbt'), join(root, 'bin/dbt'));
    const found = await find(undefined, { env: { PATH: join(root, 'bin') } });
    expect(found.commandPrefix).toEqual([join(root, 'bin/dbt')]);
    expect(found.versions).toEqual(FOUND);
  });
});

describe('which environment a console script belongs to', () => {
  test.each<[string, (python: string) => string]>([
    ['quoted for a shell', (python) => `#!/bin/sh\n'''exec' '${python}' "$0" "$@"\n' '''\n`],
    ['env with the name alone', () => '#!/usr/bin/env python\n'],
    ['env -S with options', () => '#!/usr/bin/env -S python -I\n'],
    [
      'beside the script',
      () => `#!/bin/sh\n'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@"\n' '''\n`,
    ],
  ])('%s', async (_, shebang) => {
    const venv = await environment('venv', { shebang });
    expect((await find(venv, { env: { PATH: join(venv, 'bin') } })).versions).toEqual(FOUND);
  });

  test('a plain shebang', async () => {
    // The kernel takes no spaces there.
    const short = await mkdtemp(join(tmpdir(), 'detect-'));
    try {
      const venv = await environment('venv');
      await symlink(venv, join(short, 'venv'));
      await put('plain/dbt', `#!${short}/venv/bin/python -E\n${SCRIPT}`, 0o755);
      expect((await find('./plain/dbt')).versions).toEqual(FOUND);
    } finally {
      await rm(short, { recursive: true, force: true });
    }
  });

  test("a virtual environment's Python is not followed to the one it was made from", async () => {
    const venv = await environment('venv');
    const base = await environment('base', { config: null, packages: {} });
    await rm(join(venv, 'bin/python'));
    await symlink(join(base, 'bin/python'), join(venv, 'bin/python'));
    expect((await find(venv)).versions).toEqual(FOUND);
  });

  test('packages shared with the Python below it', async () => {
    await environment('base', { config: null });
    const venv = await environment('venv', {
      packages: {},
      config: `home = ${join(root, 'base/bin')}\ninclude-system-site-packages = true\nversion_info = 3.11.7.final.0\n`,
    });
    expect((await find(venv)).versions).toEqual(FOUND);
  });

  test('a conda environment, without pyvenv.cfg', async () => {
    const conda = await environment('envs/dbt', { config: null });
    expect((await find(conda)).versions).toEqual({ ...FOUND, python: '3.11' });
  });

  test("the user's own packages beside a system Python", async () => {
    await environment('usr', { config: null, packages: {} });
    await put('home/.local/lib/python3.11/site-packages/dbt_core-1.11.16.dist-info/METADATA');
    await put(
      'home/.local/bin/dbt',
      `#!/bin/sh\n'''exec' "${root}/usr/bin/python" "$0" "$@"\n' '''\n${SCRIPT}`,
      0o755,
    );
    const found = await find('./home/.local/bin/dbt', { env: { HOME: join(root, 'home') } });
    expect(found.versions.dbt).toBe('1.11.16');
  });

  test('a script of no Python, of which nothing can be told', async () => {
    const dbt = await put('bin/dbt', '#!/usr/bin/env node\nconsole.log(1)\n', 0o755);
    expect(await find(dbt)).toEqual({
      kind: 'core',
      commandPrefix: [dbt],
      executable: dbt,
      versions: { adapters: {} },
    });
  });
});

describe('versions', () => {
  test('adapters by their folders, the plugin under both its names', async () => {
    const venv = await environment('venv', {
      packages: {
        ...CORE,
        dbt_adapters: '1.24.5',
        dbt_common: '1.39.0',
        dbt_duckdb: '1.11.1',
        dbt_state: '2.62.3',
        run_cache: '2.17.1',
        requests: '2.34.2',
      },
    });
    expect((await find(venv)).versions).toEqual({
      ...FOUND,
      state: '2.62.3',
      legacyState: ['run-cache'],
      adapters: { postgres: '1.11.0', duckdb: '1.11.1' },
    });
  });

  test('the plugin as it was called before', async () => {
    const venv = await environment('venv', { packages: { 'dbt-core': '1.9.1', run_cache: '2.17.1' } });
    expect((await find(venv)).versions).toMatchObject({ dbt: '1.9.1', state: '2.17.1' });
  });

  test('an adapter of another package name, by the version in its folder', async () => {
    const venv = await environment('venv');
    const at = 'venv/lib/python3.11/site-packages';
    await put(`${at}/dbt/adapters/sqlserver/__version__.py`, "version = '1.9.0'\n");
    await put(`${at}/dbt/adapters/base/impl.py`);
    expect((await find(venv)).versions.adapters).toEqual({ postgres: '1.11.0', sqlserver: '1.9.0' });
  });

  test('an adapter installed in place, by what it requires', async () => {
    const venv = await environment('venv');
    const at = 'venv/lib/python3.11/site-packages';
    await put(
      `${at}/dbt_own-0.1.0.dist-info/METADATA`,
      'Name: dbt-own\nRequires-Dist: dbt-adapters<2.0,>=1.8\n',
    );
    await put(
      `${at}/dbt_osmosis-1.1.0.dist-info/METADATA`,
      'Name: dbt-osmosis\nRequires-Dist: dbt-core>=1.8\n',
    );
    expect((await find(venv)).versions.adapters).toEqual({ postgres: '1.11.0', own: '0.1.0' });
  });

  test('what an interrupted upgrade left behind does not count', async () => {
    const venv = await environment('venv', { packages: CORE });
    await put('venv/lib/python3.11/site-packages/~bt_core-1.9.0.dist-info/METADATA');
    expect((await find(venv)).versions.dbt).toBe('1.11.16');
  });

  test('of two versions left side by side the later installed counts', async () => {
    const venv = await environment('venv', { packages: { dbt_core: '1.11.16' } });
    const old = await put('venv/lib/python3.11/site-packages/dbt_core-1.9.0.dist-info/METADATA');
    await utimes(dirname(old), 1_700_000_000, 1_700_000_000);
    expect((await find(venv)).versions.dbt).toBe('1.11.16');
    await utimes(dirname(old), 4_000_000_000, 4_000_000_000);
    expect((await find(venv)).versions.dbt).toBe('1.9.0');
  });

  test('a pre-release', async () => {
    const venv = await environment('venv', { packages: { dbt_core: '1.12.0b2' } });
    expect((await find(venv)).versions.dbt).toBe('1.12.0b2');
  });

  test('a look takes far less than a start of dbt', async () => {
    const venv = await environment('venv');
    for (let index = 0; index < 300; index += 1) {
      await put(`venv/lib/python3.11/site-packages/package_${index}-1.0.dist-info/METADATA`);
    }
    const began = performance.now();
    await find(venv);
    expect(performance.now() - began).toBeLessThan(130);
  });
});

describe('commands that start dbt', () => {
  const uv = async (): Promise<string> => dirname(await put('tools/uv', '', 0o755));

  test('uv run, with the environment of the project', async () => {
    const PATH = await uv();
    await put('shop/pyproject.toml');
    await environment('shop/.venv');
    const found = await find('uv run dbt', { env: { PATH }, cwd: join(root, 'shop') });
    expect(found).toMatchObject({
      commandPrefix: ['uv', 'run', 'dbt'],
      executable: join(PATH, 'uv'),
      versions: FOUND,
    });
  });

  test('uv run from a member of a workspace, and from a folder below', async () => {
    const PATH = await uv();
    await put('shop/pyproject.toml');
    await put('shop/uv.lock');
    await put('shop/packages/a/pyproject.toml');
    await mkdir(join(root, 'shop/packages/a/models'));
    await environment('shop/.venv');
    expect(
      (await find('uv run dbt', { env: { PATH }, cwd: join(root, 'shop/packages/a/models') })).versions,
    ).toEqual(FOUND);
  });

  test('uv run with another folder for the environment', async () => {
    const PATH = await uv();
    await put('shop/pyproject.toml');
    await environment('elsewhere');
    await environment('shop/.venv', { packages: { dbt_core: '1.8.0' } });
    const env = { PATH, UV_PROJECT_ENVIRONMENT: join(root, 'elsewhere') };
    expect((await find('uv run dbt', { env, cwd: join(root, 'shop') })).versions).toEqual(FOUND);
    expect(
      (await find(['uv', 'run', '--project', join(root, 'shop'), 'dbt'], { env: { PATH } })).versions.dbt,
    ).toBe('1.8.0');
  });

  test('an active environment is not the one uv run uses in a project', async () => {
    const PATH = await uv();
    await put('shop/pyproject.toml');
    await environment('shop/.venv');
    const env = { PATH, VIRTUAL_ENV: await environment('active', { packages: { dbt_core: '1.8.0' } }) };
    expect((await find('uv run dbt', { env, cwd: join(root, 'shop') })).versions.dbt).toBe('1.11.16');
    expect((await find('uv run --active dbt', { env, cwd: join(root, 'shop') })).versions.dbt).toBe('1.8.0');
  });

  test('an environment made for the occasion is asked, without installing the project', async () => {
    const PATH = await uv();
    await put('shop/pyproject.toml');
    await environment('shop/.venv', { packages: { dbt_core: '1.8.0' } });
    const asked: (readonly string[])[] = [];
    const run: RunProgram = (file, args, { cwd }) => {
      asked.push([file, ...args.slice(0, -1), cwd]);
      const names = { 'dbt-core': '1.11.2', dbt_state: '2.62.3' };
      const answer = { runcache: 1, python: '3.12.1', path: '/cache/bin/python', names, folders: [] };
      return Promise.resolve({ stdout: `Installed 40 packages\n${JSON.stringify(answer)}\n`, exitCode: 0 });
    };
    const found = await find(['uv', 'run', '--with', 'dbt-core', 'dbt'], {
      env: { PATH },
      cwd: join(root, 'shop'),
      run,
    });
    expect(asked).toEqual([
      ['uv', 'run', '--no-sync', '--with', 'dbt-core', 'python', '-c', join(root, 'shop')],
    ]);
    expect(found.versions).toEqual({ dbt: '1.11.2', state: '2.62.3', adapters: {}, python: '3.12.1' });
    expect(found.pythonPath).toBe('/cache/bin/python');
  });

  test('poetry and conda', async () => {
    const PATH = dirname(await put('tools/poetry', '', 0o755));
    await put('tools/conda', '', 0o755);
    await put('shop/pyproject.toml');
    await environment('shop/.venv');
    expect((await find('poetry run dbt', { env: { PATH }, cwd: join(root, 'shop') })).versions).toEqual(
      FOUND,
    );
    await environment('conda/envs/w', { packages: { dbt_core: '1.10.0' } });
    const env = { PATH, CONDA_EXE: join(root, 'conda/bin/conda') };
    expect((await find('conda run -n w dbt', { env })).versions.dbt).toBe('1.10.0');
    expect((await find(['conda', 'run', '-p', 'conda/envs/w', 'dbt'], { env })).versions.dbt).toBe('1.10.0');
  });

  test('python -m', async () => {
    const venv = await environment('venv');
    const found = await find([join(venv, 'bin/python'), '-m', 'dbt.cli.main']);
    expect(found.commandPrefix).toEqual([join(venv, 'bin/python'), '-m', 'dbt.cli.main']);
    expect(found.versions).toEqual(FOUND);
  });

  test('a command nobody here knows is taken as it is, and asked nothing', async () => {
    const PATH = dirname(await put('tools/docker', '', 0o755));
    expect(await find('docker run --rm image dbt', { env: { PATH } })).toEqual({
      kind: 'core',
      commandPrefix: ['docker', 'run', '--rm', 'image', 'dbt'],
      executable: join(PATH, 'docker'),
      versions: { adapters: {} },
    });
  });

  test.each<[string, RunProgram]>([
    ['fails', () => Promise.resolve({ stdout: '', exitCode: 1 })],
    ['cannot be started', () => Promise.reject(new Error('ENOENT'))],
    ['answers something else', () => Promise.resolve({ stdout: '{"runcache": 1}\n', exitCode: 0 })],
    ['answers nonsense', () => Promise.resolve({ stdout: '{"runcache"', exitCode: 0 })],
  ])('versions stay unknown when the question %s', async (_, run) => {
    const PATH = await uv();
    expect((await find('uv run dbt', { env: { PATH }, run })).versions).toEqual({ adapters: {} });
  });
});

describe('stand-ins of version managers', () => {
  const pyenvShim =
    '#!/usr/bin/env bash\nset -e\nprogram="dbt"\nexec "/opt/pyenv/libexec/pyenv" exec "$program" "$@"\n';

  test('pyenv: the version of the nearest file, of the variable, and the global one', async () => {
    await put('pyenv/shims/dbt', pyenvShim, 0o755);
    await environment('pyenv/versions/3.11.7', { config: null });
    await environment('pyenv/versions/old', { config: null, packages: { dbt_core: '1.8.1' } });
    await environment('pyenv/versions/other', { config: null, packages: { dbt_core: '1.9.1' } });
    await put('pyenv/version', 'none\n3.11.7\n');
    await put('shop/.python-version', 'old\n');
    await mkdir(join(root, 'shop/models'));
    const PATH = join(root, 'pyenv/shims');
    const version = async (cwd: string, env: Record<string, string> = {}): Promise<string | undefined> =>
      (await find(undefined, { env: { PATH, ...env }, cwd })).versions.dbt;
    expect(await version(root)).toBe('1.11.16');
    expect(await version(join(root, 'shop/models'))).toBe('1.8.1');
    expect(await version(root, { PYENV_VERSION: 'other' })).toBe('1.9.1');
  });

  test('pyenv is asked where its files do not tell', async () => {
    await put('pyenv/shims/dbt', pyenvShim, 0o755);
    const venv = await environment('venv');
    const asked: (readonly string[])[] = [];
    const run: RunProgram = (file, args) => {
      asked.push([file, ...args]);
      return Promise.resolve({ stdout: `${join(venv, 'bin/dbt')}\n`, exitCode: 0 });
    };
    const found = await find('./pyenv/shims/dbt', { run });
    expect(asked).toEqual([['/opt/pyenv/libexec/pyenv', 'which', 'dbt']]);
    expect(found.commandPrefix).toEqual([join(root, 'pyenv/shims/dbt')]);
    expect(found.versions).toEqual(FOUND);
  });

  test('mise, a native program under the name of dbt', async () => {
    const mise = await put('mise/bin/mise', '\x7fELF', 0o755);
    await mkdir(join(root, 'mise/shims'));
    await symlink(mise, join(root, 'mise/shims/dbt'));
    const venv = await environment('venv');
    const run: RunProgram = () => Promise.resolve({ stdout: join(venv, 'bin/dbt'), exitCode: 0 });
    expect((await find('./mise/shims/dbt', { run })).versions).toEqual(FOUND);
  });
});

describe('dbt v2', () => {
  test('in a virtual environment, by the package that brought the program', async () => {
    const venv = await fusionEnvironment('venv', { dbt: '2.0.0rc196' });
    expect(await find(venv)).toEqual({
      kind: 'fusion',
      commandPrefix: [join(venv, 'bin/dbt')],
      executable: join(venv, 'bin/dbt'),
      versions: { dbt: '2.0.0rc196', adapters: {} },
    });
  });

  test('without its closed parts, as dbt-core', async () => {
    const venv = await fusionEnvironment('venv', { dbt_core: '2.0.0a4' });
    expect(await find(venv)).toMatchObject({ kind: 'fusion', versions: { dbt: '2.0.0a4' } });
  });

  test.each([
    ['dbt-fusion 2.0.0-preview.196\n', '2.0.0-preview.196'],
    ['dbt 2.1.3\n', '2.1.3'],
    ['A new version is available\ndbt-core 2.0.0-beta.2\n', '2.0.0-beta.2'],
  ])('on its own, asked for its version: %j', async (answer, version) => {
    const dbt = await native('bin/dbt');
    const asked: unknown[] = [];
    expect(await find(dbt, { run: saying(answer, asked) })).toMatchObject({
      kind: 'fusion',
      versions: { dbt: version },
    });
    expect(asked).toEqual([[dbt, '--version']]);
  });

  test('on PATH as dbtf', async () => {
    const dbt = await native('bin/dbtf');
    const found = await find(['dbtf'], { env: { PATH: dirname(dbt) }, run: saying('dbt-fusion 2.0.1\n') });
    expect(found).toMatchObject({ kind: 'fusion', commandPrefix: [dbt] });
  });

  test('one environment with both: what the program is decides', async () => {
    const venv = await fusionEnvironment('venv', { dbt: '2.0.0rc196', ...CORE });
    expect(await find(venv)).toMatchObject({ kind: 'fusion', versions: { dbt: '2.0.0rc196', adapters: {} } });
    // dbt Core was installed later, and its script has the place.
    await put('venv/bin/dbt', `#!${join(venv, 'bin/python')}\n${SCRIPT}`, 0o755);
    const core = await environment('core', { packages: { dbt: '2.0.0rc196', ...CORE } });
    expect(await find(core)).toMatchObject({ kind: 'core', versions: FOUND });
  });

  test('a package that does not claim the program has no word on it', async () => {
    const venv = await environment('venv', { packages: { ...CORE, dbt: '2.0.0rc196' } });
    await native('venv/bin/dbt');
    expect(await find(venv, { run: saying('dbt-fusion 2.0.0-preview.200\n') })).toMatchObject({
      kind: 'fusion',
      versions: { dbt: '2.0.0-preview.200' },
    });
  });

  test('two environments side by side', async () => {
    const [core, fusion] = [
      await environment('core'),
      await fusionEnvironment('fusion', { dbt: '2.0.0rc196' }),
    ];
    expect((await find(core)).kind).toBe('core');
    expect((await find(fusion)).kind).toBe('fusion');
    const PATH = `${join(fusion, 'bin')}:${join(core, 'bin')}`;
    expect((await find(undefined, { env: { PATH } })).kind).toBe('fusion');
  });

  test('behind uv run', async () => {
    const PATH = dirname(await put('tools/uv', '', 0o755));
    await put('shop/pyproject.toml');
    await fusionEnvironment('shop/.venv', { dbt: '2.0.0rc196' });
    expect(await find('uv run dbt', { env: { PATH }, cwd: join(root, 'shop') })).toMatchObject({
      kind: 'fusion',
      commandPrefix: ['uv', 'run', 'dbt'],
      versions: { dbt: '2.0.0rc196' },
    });
  });

  test('in an environment made for the occasion', async () => {
    const PATH = dirname(await put('tools/uvx', '', 0o755));
    const names = { dbt: '2.0.0rc196' };
    const answer = { runcache: 1, python: '3.12.1', path: '/cache/bin/python', names, folders: [] };
    expect(await find('uvx dbt', { env: { PATH }, run: saying(JSON.stringify(answer)) })).toMatchObject({
      kind: 'fusion',
      versions: { dbt: '2.0.0rc196' },
    });
  });

  test('a native program of another name is started only as what it is', async () => {
    const tool = await native('bin/make');
    expect(await find(tool)).toMatchObject({ kind: 'core', versions: { adapters: {} } });
  });
});

describe('what cannot be used is refused with a way out', () => {
  test('no dbt on PATH', async () => {
    await expect(find(undefined)).rejects.toMatchObject({
      code: 'dbt-not-found',
      message: 'There is no dbt on PATH',
      hint: expect.stringContaining('pip install dbt-core'),
    });
  });

  test('no dbt on PATH, but an environment beside the project', async () => {
    await environment('.venv');
    await mkdir(join(root, 'models'));
    await expect(find(undefined, { cwd: join(root, 'models') })).rejects.toMatchObject({
      code: 'dbt-not-found',
      hint: expect.stringContaining(join(root, '.venv')),
    });
  });

  test.each(['./none/dbt', '~/venv', 'none-such', 'none-such run dbt', ' '])('the option %j', async (dbt) => {
    await expect(find(dbt)).rejects.toMatchObject({ code: 'dbt-not-found' });
  });

  test('a folder without dbt', async () => {
    await put('venv/pyvenv.cfg');
    await expect(find('./venv')).rejects.toMatchObject({
      code: 'dbt-not-found',
      message: `The virtual environment ${join(root, 'venv')} has no dbt`,
    });
  });

  test('a file that cannot be executed', async () => {
    await put('dbt', SCRIPT);
    await expect(find('./dbt')).rejects.toMatchObject({ code: 'dbt-not-usable' });
  });

  test('a script whose Python is gone', async () => {
    await environment('venv');
    await rm(join(root, 'venv/bin/python'));
    await expect(find('./venv')).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining(join(root, 'venv/bin/python')),
    });
  });

  test.each([
    ['a Linux program', '\x7fELF\x02'],
    ['a macOS program', Buffer.from([0xcf, 0xfa, 0xed, 0xfe])],
  ])('dbt as %s that has no word for its version', async (_, bytes) => {
    const dbt = await put('bin/dbt', '', 0o755);
    await writeFile(dbt, bytes, typeof bytes === 'string' ? 'latin1' : null);
    await expect(find(dbt)).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining('does not call itself dbt v2'),
      hint: expect.stringContaining(`${dbt} --version`),
    });
  });

  test('the dbt Cloud CLI, by its own word', async () => {
    const dbt = await native('bin/dbt');
    await expect(
      find(dbt, { run: saying('Cloud CLI - 0.38.10 (0a1b2c3d 2026-02-01T00:00:00Z)\n') }),
    ).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining('dbt Cloud CLI'),
    });
  });

  test('the dbt Cloud CLI, by its package', async () => {
    const venv = await fusionEnvironment('venv', { dbt: '1.0.0.40.1' });
    await expect(find(venv)).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining('dbt Cloud CLI'),
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ dbt: '2.0.0rc196' }, 'dbt v2 (Fusion) 2.0.0rc196'],
    [{ dbt: '1.0.0.40.1' }, 'the dbt Cloud CLI'],
    [{ dbt_core: '2.0.0a4' }, 'dbt 2.0.0a4'],
    [{ dbt_core: '1.6.19' }, '1.7 is the oldest'],
    [{ dbt_core: '0.21.1' }, '1.7 is the oldest'],
  ])('an environment with %j', async (packages, message) => {
    const venv = await environment('venv', { packages });
    await expect(find(venv)).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining(message),
    });
  });

  test('dbt Core 1.7 is the oldest that is not', async () => {
    const venv = await environment('venv', { packages: { dbt_core: '1.7.0' } });
    expect((await find(venv)).versions.dbt).toBe('1.7.0');
  });

  test('a script left over after dbt was uninstalled, by word of its Python', async () => {
    const venv = await environment('venv', { packages: {} });
    const answer = { runcache: 1, python: '3.11.7', path: join(venv, 'bin/python'), names: {}, folders: [] };
    const run: RunProgram = () => Promise.resolve({ stdout: JSON.stringify(answer), exitCode: 0 });
    await expect(find(venv, { run })).rejects.toMatchObject({
      code: 'dbt-not-usable',
      message: expect.stringContaining('has no dbt-core'),
    });
    // Nobody to ask: nothing is claimed.
    expect((await find(venv)).versions).toEqual({ adapters: {}, python: '3.11.7' });
  });

  test('a prefix that stops short of dbt', async () => {
    const PATH = dirname(await put('tools/uv', '', 0o755));
    await expect(find('uv run', { env: { PATH } })).rejects.toMatchObject({
      code: 'dbt-not-usable',
      hint: 'Write it to the end: "uv run dbt".',
    });
  });

  test('a quote that is not closed', async () => {
    await expect(find('uv run "dbt')).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

test('nothing is written', async () => {
  const venv = await environment('venv');
  const before = await readdir(root, { recursive: true });
  await find(venv);
  expect(await readdir(root, { recursive: true })).toEqual(before);
});
