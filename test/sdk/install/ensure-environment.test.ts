import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  unlink,
  watch,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureEnvironment } from '../../../sdk/install/ensure-environment.ts';
import {
  type FolderCache,
  type PlannedEnvironment,
  planEnvironment,
} from '../../../sdk/install/environment.ts';
import { findDbt } from '../../../sdk/runtimes/detect.ts';
import { askProgram } from '../../../sdk/runtimes/process.ts';
import { findPython } from '../../support/find-python.ts';
import { uvFolder } from '../../support/install-uv.ts';
import { makeWheels } from '../../support/install-wheels.ts';
import { isGroupRunning } from '../../support/processes.ts';

const HOST = fileURLToPath(new URL('install-host.ts', import.meta.url));

let uv = '';
/** A folder with nothing but a Python. */
let python = '';
let wheels = '';
let cwd = '';
beforeAll(async () => {
  const base = await mkdtemp(join(tmpdir(), 'install-base-'));
  uv = await uvFolder();
  const { command } = await findPython(process.env, false);
  const [program = '', ...args] = command;
  const executable = execFileSync(program, [...args, '-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  });
  python = join(base, 'python');
  await mkdir(python);
  await symlink(await realpath(executable.trim()), join(python, 'python3'));
  wheels = join(base, 'wheels');
  await makeWheels(wheels, [
    { name: 'dbt-core', version: '1.11.0', command: 'dbt' },
    { name: 'dbt-core', version: '1.12.0rc1', command: 'dbt' },
    { name: 'dbt-postgres', version: '1.10.0' },
    { name: 'dbt-postgres', version: '1.9.0' },
    { name: 'helper', version: '1.0' },
    { name: 'helper', version: '2.0' },
  ]);
  return () => rm(base, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'install-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Given {
  readonly requirements?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cache?: FolderCache;
  readonly signal?: AbortSignal;
}

const DBT = 'dbt-core==1.11.0 dbt-postgres==1.10.0';

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: [python, uv, '/usr/bin', '/bin'].join(delimiter), HOME: join(cwd, 'home'), ...more };
}

function plan({ requirements = DBT, env = {} }: Given = {}): Promise<PlannedEnvironment> {
  return planEnvironment({
    requirements: requirements.endsWith('.txt')
      ? requirements
      : `--no-index --find-links ${wheels} ${requirements}`,
    ...{ cwd, env: environment(env), folder: join(cwd, 'envs'), run: askProgram },
  });
}

async function ensure(planned: PlannedEnvironment, { env = {}, cache, signal }: Given = {}) {
  const said: string[] = [];
  const ending = ensureEnvironment(planned, {
    ...{ env: environment(env), cache },
    signal: signal ?? new AbortController().signal,
    say: (line) => said.push(line),
  });
  const ended = await ending.catch((error: unknown) => {
    (error as { said?: unknown }).said = said;
    throw error;
  });
  return { ...ended, said };
}

/** What the environment's dbt says. */
function dbt(planned: PlannedEnvironment): string {
  return execFileSync(planned.installation.executable, { encoding: 'utf8' }).trim();
}

/** A folder for PATH with a uv that is a shell script. */
async function fakeUv(script: string): Promise<string> {
  const folder = await mkdtemp(join(cwd, 'uv-'));
  await writeFile(join(folder, 'uv'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'uv'), 0o755);
  return [folder, python, '/usr/bin', '/bin'].join(delimiter);
}

/** A uv that begins an environment, says so in a file, and goes on for ever. */
function endlessUv(planned: PlannedEnvironment): Promise<string> {
  const began = join(cwd, 'began');
  return fakeUv(
    `mkdir -p ${planned.folder}/bin && echo 'exit 1' > ${planned.folder}/bin/dbt && chmod +x ${planned.folder}/bin/dbt\n` +
      `echo $$ > ${began}.new && mv ${began}.new ${began}\nexec sleep 600`,
  );
}

/** The id of the endless uv's process group. */
async function begun(): Promise<number> {
  const path = join(cwd, 'began');
  const changes = watch(cwd);
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return Number(text);
    await changes.next();
  }
}

/** Until a lock names the process: its owner has just started it. */
async function isNoted(planned: PlannedEnvironment, pid: number): Promise<void> {
  for (;;) {
    const text = await readFile(`${planned.folder}.lock`, 'utf8').catch(() => '');
    if (text.includes(`"pid":${pid},`) || text.includes(`"pid":${pid}}`)) return;
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Keeps copies in a folder, as a cache of folders does. */
function copyCache(): FolderCache & { readonly calls: string[]; readonly kept: string } {
  const calls: string[] = [];
  const kept = join(cwd, 'cache');
  return {
    ...{ calls, kept },
    restore: async (folder, key) => {
      calls.push(`restore ${key}`);
      if (!(await isThere(join(kept, key)))) return false;
      await cp(join(kept, key), folder, { recursive: true, verbatimSymlinks: true });
      return true;
    },
    save: async (folder, key) => {
      calls.push(`save ${key}`);
      await cp(folder, join(kept, key), { recursive: true, verbatimSymlinks: true });
    },
  };
}

describe('with uv', () => {
  test('dbt is installed once, and is what was planned', async () => {
    const planned = await plan();
    const first = await ensure(planned);
    expect(first.how).toBe('installed');
    expect(first.said).toEqual([
      'Installing dbt (uv): dbt-core==1.11.0, dbt-postgres==1.10.0',
      expect.stringMatching(/^Installed dbt in (?:less than a second|\d+ s)$/),
    ]);
    expect(dbt(planned)).toBe('dbt-core 1.11.0');
    const found = await findDbt({ dbt: planned.folder, env: environment(), cwd });
    expect(planned.installation.versions).toMatchObject({
      dbt: found.versions.dbt,
      python: found.versions.python,
    });
    expect(planned.installation.executable).toBe(found.executable);
    expect(await ensure(planned)).toMatchObject({ how: 'there', said: [] });
  });

  test('a pinned pre-release is installed, from a file', async () => {
    await writeFile(join(cwd, 'dbt.txt'), `--no-index\n--find-links ${wheels}\ndbt-core==1.12.0rc1\n`);
    const planned = await plan({ requirements: 'dbt.txt' });
    await ensure(planned);
    expect(dbt(planned)).toBe('dbt-core 1.12.0rc1');
  });

  test('what is not there fails with uv’s last words, and leaves nothing behind', async () => {
    const planned = await plan({ requirements: 'dbt-core==1.9.9' });
    await expect(ensure(planned)).rejects.toMatchObject({
      code: 'install-failed',
      message: expect.stringMatching(/uv ended with exit code 1: .*dbt-core==1\.9\.9/),
      hint: expect.any(String),
      said: expect.arrayContaining([expect.stringContaining('dbt-core==1.9.9')]),
    });
    expect(await readdir(dirname(planned.folder))).toEqual([]);
  });

  test('requirements that bring no dbt command fail', async () => {
    await makeWheels(join(cwd, 'wheels'), [{ name: 'dbt-core', version: '3.0.0' }]);
    const planned = await plan({ requirements: `--find-links ${join(cwd, 'wheels')} dbt-core==3.0.0` });
    await expect(ensure(planned)).rejects.toMatchObject({
      code: 'install-failed',
      message: expect.stringContaining('do not install a dbt command'),
    });
  });

  test('what is in the way is removed; an environment without its mark, or with another, does not count', async () => {
    const planned = await plan();
    await ensure(planned);
    const stray = join(planned.folder, 'stray');
    for (const mark of [undefined, 'another digest']) {
      await writeFile(stray, '');
      await rm(`${planned.folder}.complete`);
      if (mark !== undefined) await writeFile(`${planned.folder}.complete`, mark);
      expect((await ensure(planned)).how).toBe('installed');
      expect(await isThere(stray)).toBe(false);
    }
    await unlink(planned.installation.executable);
    expect((await ensure(planned)).how).toBe('installed');
  });
});

test('pip installs where there is no uv', async () => {
  const PATH = [python, '/usr/bin', '/bin'].join(delimiter);
  const planned = await plan();
  expect((await ensure(planned, { env: { PATH } })).said[0]).toMatch(/^Installing dbt \(pip\): /);
  expect(dbt(planned)).toBe('dbt-core 1.11.0');
});

describe('the choice of the installer', () => {
  test.each([
    ['--pre dbt-core==1.11.0', {}],
    ['dbt-core==1.11.0', { PIP_INDEX_URL: 'https://pypi.example.com/simple' }],
  ])('%s with %j is for pip, though uv is there', async (requirements, env) => {
    const PATH = await fakeUv('exit 9');
    const planned = await plan({ requirements });
    const controller = new AbortController();
    const said: string[] = [];
    const ending = ensureEnvironment(planned, {
      ...{ env: environment({ PATH, ...env }), signal: controller.signal },
      say: (line) => {
        said.push(line);
        controller.abort(new Error('enough'));
      },
    });
    await expect(ending).rejects.toThrow('enough');
    expect(said[0]).toContain('(pip)');
  });

  test('an index of uv’s own leaves it to uv', async () => {
    const PATH = await fakeUv('exit 9');
    const env = { PATH, PIP_INDEX_URL: 'https://a.example.com', UV_DEFAULT_INDEX: 'https://b.example.com' };
    await expect(ensure(await plan(), { env })).rejects.toMatchObject({
      message: expect.stringContaining('uv ended with exit code 9'),
    });
  });
});

describe('what something else decides', () => {
  /** Beside where dbt is started, as uv looks for it. */
  const OVERRIDES = '[tool.uv]\noverride-dependencies = ["dbt-postgres==1.9.0"]\n';

  test('a project above has no say', async () => {
    await writeFile(join(cwd, 'pyproject.toml'), OVERRIDES);
    await writeFile(join(cwd, 'uv.toml'), 'override-dependencies = ["dbt-postgres==1.9.0"]\n');
    expect((await ensure(await plan())).how).toBe('installed');
  });

  test('a configuration that the user names is read, and what it makes of a pin is refused', async () => {
    await writeFile(join(cwd, 'mine.toml'), 'override-dependencies = ["dbt-postgres==1.9.0"]\n');
    const env = { UV_CONFIG_FILE: join(cwd, 'mine.toml') };
    await expect(ensure(await plan({ env }), { env })).rejects.toMatchObject({
      code: 'install-failed',
      message: expect.stringContaining('dbt-postgres (wanted 1.10.0, found 1.9.0)'),
    });
  });

  test('a pin that is not met fails, leaves nothing behind, and is not kept in a cache', async () => {
    await writeFile(join(cwd, 'over.txt'), 'dbt-postgres==1.9.0\n');
    const [env, cache] = [{ UV_OVERRIDE: join(cwd, 'over.txt') }, copyCache()];
    await expect(ensure(await plan({ env }), { env, cache })).rejects.toMatchObject({
      code: 'install-failed',
      message: expect.stringContaining('dbt-postgres (wanted 1.10.0, found 1.9.0)'),
      hint: expect.stringContaining('UV_OVERRIDE'),
    });
    expect(cache.calls.filter((call) => call.startsWith('save'))).toEqual([]);
    expect(await readdir(join(cwd, 'envs'))).toEqual([]);
  });

  test('one with a marker that does not hold may be absent; one that is there is compared', async () => {
    const never = "helper==1.0; python_version<'3'";
    await writeFile(
      join(cwd, 'never.txt'),
      `--no-index\n--find-links ${wheels}\n${DBT.replace(' ', '\n')}\n${never}\n`,
    );
    expect((await ensure(await plan({ requirements: 'never.txt' }))).how).toBe('installed');
    await writeFile(join(cwd, 'over.txt'), 'helper==2.0\n');
    const env = { UV_OVERRIDE: join(cwd, 'over.txt') };
    const always = await plan({ requirements: `${DBT} helper==1.0;python_version>'3'`, env });
    await expect(ensure(always, { env })).rejects.toMatchObject({
      message: expect.stringContaining('helper (wanted 1.0, found 2.0)'),
    });
  });

  test('one that is absent though nothing says so fails', async () => {
    await writeFile(join(cwd, 'over.txt'), "dbt-postgres==1.10.0; python_version<'3'\n");
    const env = { UV_OVERRIDE: join(cwd, 'over.txt') };
    await expect(ensure(await plan({ env }), { env })).rejects.toMatchObject({
      message: expect.stringContaining('dbt-postgres (wanted 1.10.0, found none)'),
    });
  });

  test('an environment in which a pin was replaced later is made anew', async () => {
    const planned = await plan();
    await ensure(planned);
    const site = execFileSync(
      join(planned.folder, 'bin', 'python'),
      ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'],
      { encoding: 'utf8' },
    ).trim();
    await rename(join(site, 'dbt_postgres-1.10.0.dist-info'), join(site, 'dbt_postgres-1.9.0.dist-info'));
    expect((await ensure(planned)).how).toBe('installed');
  });
});

describe('what is not for others', () => {
  test('an environment that an address with a secret was installed into is not kept in a cache', async () => {
    const cache = copyCache();
    const wheel = `file://${join(wheels, 'helper-1.0-py3-none-any.whl')}?sig=sw0rdfish`;
    const planned = { ...(await plan()), requirements: { ...(await plan()).requirements } };
    expect((await plan({ requirements: `${DBT} "helper @ ${wheel}"` })).requirements.leavesSecrets).toBe(
      true,
    );
    const secret = { ...planned, requirements: { ...planned.requirements, leavesSecrets: true } };
    const { said } = await ensure(secret, { cache });
    expect(said.at(-1)).toContain('not kept in the cache');
    expect(cache.calls.filter((call) => call.startsWith('save'))).toEqual([]);
  });

  test('the installer gets the settings of pip and uv, and nothing of the runner’s', async () => {
    const PATH = await fakeUv(`env > ${join(cwd, 'env')}; exit 1`);
    const secret = {
      ACTIONS_RUNTIME_TOKEN: 't0ken',
      INPUT_INSTALL: 'x',
      GITHUB_OUTPUT: '/o',
      DBT_RUNCACHE_DEDUP: 'x',
    };
    const own = { UV_INDEX: 'https://pypi.example.com', PIP_RETRIES: '1', GITHUB_SHA: 'abc' };
    const misleading = {
      PYTHONPATH: '/x',
      VIRTUAL_ENV: '/x',
      PIP_USER: '1',
      PIP_REQUIREMENT: '/x',
      UV_SYSTEM_PYTHON: '1',
    };
    await expect(ensure(await plan(), { env: { PATH, ...secret, ...own, ...misleading } })).rejects.toThrow();
    const got = await readFile(join(cwd, 'env'), 'utf8');
    const names = got.split('\n').map((line) => line.split('=')[0]);
    for (const name of Object.keys({ ...secret, ...misleading })) expect(names).not.toContain(name);
    for (const [name, value] of Object.entries(own)) expect(got).toContain(`${name}=${value}\n`);
  });

  test('credentials of addresses are in no message and no line, and not in the command line', async () => {
    // A uv that tells all it knows.
    const PATH = await fakeUv(
      'echo "$@"; for last; do :; done; cat "$last"; env; echo "error: $(cat "$last")"; test "$1" = venv',
    );
    const requirements = 'dbt-core==1.11.0 --extra-index-url https://me:sw0rdfish@pypi.example.com/simple';
    const env = { PATH, UV_INDEX: 'https://t0ken-alone@private.example.com', DBT_ENV_SECRET_X: 'passw0rt' };
    const error: unknown = await ensure(await plan({ requirements, env }), { env }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const { message, said } = error as { message: string; said: readonly string[] };
    const all = [message, ...said].join('\n');
    expect(all).not.toMatch(/sw0rdfish|t0ken-alone|passw0rt/);
    expect(message).toContain('pypi.example.com');
    expect(said.find((line) => line.startsWith('pip install'))).not.toContain('example.com');
  });
});

describe('a stop', () => {
  test('ends the installer and all it started; who comes next makes the environment', async () => {
    const planned = await plan();
    const controller = new AbortController();
    const PATH = await endlessUv(planned);
    const ending = ensure(planned, { env: { PATH }, signal: controller.signal });
    const group = await begun();
    controller.abort(new Error('the job was cancelled'));
    await expect(ending).rejects.toThrow('the job was cancelled');
    expect(isGroupRunning(group)).toBe(false);
    expect((await ensure(planned)).how).toBe('installed');
    expect(dbt(planned)).toBe('dbt-core 1.11.0');
  });

  test('before it began starts nothing', async () => {
    const planned = await plan();
    await expect(ensure(planned, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow(
      'stopped',
    );
    expect(await isThere(dirname(planned.folder))).toBe(false);
  });

  test('does not wait for a cache, which has the folder to itself until it is done', async () => {
    const planned = await plan();
    const controller = new AbortController();
    let finish = (_found: boolean): void => undefined;
    const cache: FolderCache = {
      restore: () => {
        controller.abort(new Error('stopped'));
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
      save: () => Promise.resolve(),
    };
    await expect(ensure(planned, { cache, signal: controller.signal })).rejects.toThrow('stopped');
    const waits: string[] = [];
    const second = ensureEnvironment(planned, {
      ...{ env: environment(), signal: new AbortController().signal },
      say: (line) => {
        waits.push(line);
        finish(true);
      },
    });
    expect((await second).how).toBe('installed');
    expect(waits[0]).toBe(`Waiting for process ${process.pid}, which is installing the same dbt`);
  });
});

function host(env: Readonly<Record<string, string>>) {
  const requirements = `--no-index --find-links ${wheels} ${DBT}`;
  const given = JSON.stringify({ requirements, cwd, folder: join(cwd, 'envs') });
  const child = spawn(process.execPath, [HOST, given], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines };
}

describe('several processes', () => {
  test('one installs, the others wait for it', async () => {
    // Slow enough for all to come.
    const gate = join(cwd, 'gate');
    const counted = join(cwd, 'installs');
    const PATH = await fakeUv(
      `if [ "$1" = venv ]; then echo $$ >> ${counted}; while [ ! -e ${gate} ]; do sleep 0.05; done; fi; exec ${join(uv, 'uv')} "$@"`,
    );
    const hosts = [1, 2, 3].map(() => host(environment({ PATH })));
    // Two say that they wait.
    await Promise.all(
      [0, 1].map(
        () =>
          new Promise<void>((resolve) => {
            const look = (): void => {
              if (hosts.filter(({ lines }) => lines.some((line) => line.includes('Waiting'))).length === 2)
                resolve();
              else for (const { child } of hosts) child.stdout.once('data', () => setImmediate(look));
            };
            look();
          }),
      ),
    );
    await writeFile(gate, '');
    await Promise.all(hosts.map(({ child }) => once(child, 'close')));
    expect(hosts.map(({ lines }) => lines.at(-1)).sort()).toEqual([
      'ended installed',
      'ended there',
      'ended there',
    ]);
    expect((await readFile(counted, 'utf8')).trim().split('\n')).toHaveLength(1);
    expect(dbt(await plan())).toBe('dbt-core 1.11.0');
  });

  test('what a killed one left half-made is made anew, once its installer is gone as well', async () => {
    const planned = await plan();
    const killed = host(environment({ PATH: await endlessUv(planned) }));
    const group = await begun();
    await isNoted(planned, group);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'close');
    const stray = join(planned.folder, 'stray');
    await writeFile(stray, '');
    const said: string[] = [];
    const next = ensureEnvironment(planned, {
      ...{ env: environment(), signal: new AbortController().signal },
      say: (line) => {
        said.push(line);
        if (line.startsWith('Waiting')) process.kill(-group, 'SIGKILL');
      },
    });
    expect((await next).how).toBe('installed');
    expect(said[0]).toBe(`Waiting for process ${group}, which is installing the same dbt`);
    expect(await isThere(stray)).toBe(false);
    expect(dbt(planned)).toBe('dbt-core 1.11.0');
  });
});

describe('a cache', () => {
  test('gets what was installed, and brings it back on a machine without it', async () => {
    const [planned, cache] = [await plan(), copyCache()];
    expect((await ensure(planned, { cache })).how).toBe('installed');
    expect(cache.calls).toEqual([`restore ${planned.cacheKey}`, `save ${planned.cacheKey}`]);
    await rm(dirname(planned.folder), { recursive: true });
    const restored = await ensure(planned, { cache });
    expect(restored.how).toBe('restored');
    expect(restored.said).toEqual([expect.stringMatching(/^dbt's environment came from the cache in /)]);
    expect(cache.calls).toHaveLength(3);
    expect(dbt(planned)).toBe('dbt-core 1.11.0');
    expect((await ensure(planned, { cache })).how).toBe('there');
    expect(cache.calls).toHaveLength(3);
  });

  test.each([
    ['without dbt', 'dbt', undefined],
    ['with a Python that is gone', 'python', '/gone/python3'],
    ['with a Python that does not run', 'python', '/bin/false'],
  ])('that brings an environment %s is not believed', async (_what, program, leadsTo) => {
    const [planned, cache] = [await plan(), copyCache()];
    await ensure(planned, { cache });
    const broken = join(cache.kept, planned.cacheKey, 'bin', program);
    await rm(broken);
    if (leadsTo !== undefined) await symlink(leadsTo, broken);
    await writeFile(join(cache.kept, planned.cacheKey, 'stray'), '');
    await rm(dirname(planned.folder), { recursive: true });
    const { how, said } = await ensure(planned, { cache: { ...cache, save: () => Promise.resolve() } });
    expect(how).toBe('installed');
    expect(said[0]).toContain('does not work here');
    expect(await isThere(join(planned.folder, 'stray'))).toBe(false);
    expect(dbt(planned)).toBe('dbt-core 1.11.0');
  });

  test('that broke off in the middle leaves nothing in the way', async () => {
    const planned = await plan();
    const cache: FolderCache = {
      restore: async (folder) => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, 'stray'), '');
        return false;
      },
      save: () => Promise.resolve(),
    };
    expect((await ensure(planned, { cache })).how).toBe('installed');
    expect(await isThere(join(planned.folder, 'stray'))).toBe(false);
  });
});

test('a folder that cannot be made is told with a way out', async () => {
  await writeFile(join(cwd, 'envs'), 'a file');
  await expect(ensure(await plan())).rejects.toMatchObject({
    code: 'install-failed',
    message: expect.stringContaining(join(cwd, 'envs')),
    hint: expect.any(String),
  });
});
