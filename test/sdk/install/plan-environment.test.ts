import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type PlannedEnvironment, planEnvironment } from '../../../sdk/install/environment.ts';
import { askProgram } from '../../../sdk/runtimes/process.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'install-plan-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Given {
  readonly requirements?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

function plan({ requirements = 'dbt-core==1.11.2 dbt-postgres==1.10.0', env, folder }: Given = {}) {
  return planEnvironment({
    ...{ requirements, cwd, env: { PATH: process.env['PATH'] ?? '', HOME: join(cwd, 'home'), ...env } },
    ...(folder === undefined ? {} : { folder }),
    run: askProgram,
  });
}

/** A program on a PATH of its own that answers like a Python. */
async function fakePython(name: string, answer: string): Promise<string> {
  const folder = await mkdtemp(join(cwd, 'bin-'));
  await writeFile(join(folder, name), `#!/bin/sh\necho '${answer}'\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

function answerOf(python: object): string {
  return JSON.stringify({
    runcache: 1,
    ...{
      executable: '/opt/python/bin/python3',
      version: '3.12.4',
      implementation: 'cpython',
      platform: 'linux',
    },
    ...python,
  });
}

test('tells the installation before it is there', async () => {
  const { installation, enginePart, folder, cacheKey } = await plan();
  const dbt = join(folder, 'bin', 'dbt');
  const { python, ...versions } = installation.versions;
  expect(installation).toEqual({
    kind: 'core',
    commandPrefix: [dbt],
    executable: dbt,
    pythonPath: join(folder, 'bin', 'python'),
    versions: expect.anything(),
  });
  expect(versions).toEqual({ dbt: '1.11.2', adapters: { postgres: '1.10.0' } });
  expect(python).toMatch(/^3\.\d+\.\d+/);
  expect(enginePart).toEqual({
    kind: 'known',
    items: {
      ...{ kind: 'core', python },
      'requirement dbt-core': '==1.11.2',
      'requirement dbt-postgres': '==1.10.0',
    },
    leftOut: expect.anything(),
  });
  expect(cacheKey).toMatch(/^dbt-runcache-env-[0-9a-f]{64}$/);
  expect(folder.startsWith(join(cwd, 'home', '.cache', 'dbt-runcache', 'env-'))).toBe(true);
});

test('what is not pinned leaves the key unknown, with the way out', async () => {
  const { enginePart } = await plan({ requirements: 'dbt-core==1.11.2 dbt-postgres>=1.9' });
  expect(enginePart).toEqual({
    kind: 'unknown',
    why: expect.stringMatching(/dbt-postgres \(>=1\.9\).*uv pip compile/),
  });
});

test('where all is named with hashes nothing is left out of the key', async () => {
  const requirements = `dbt-core==1.11.2 --hash=sha256:${'a'.repeat(64)}`;
  const { enginePart } = await plan({ requirements });
  expect(enginePart).not.toHaveProperty('leftOut');
});

test('a PYTHONPATH counts, as it does for a dbt that is there', async () => {
  const { enginePart } = await plan({ env: { PYTHONPATH: '/opt/more' } });
  expect(enginePart).toMatchObject({ items: { PYTHONPATH: '/opt/more' } });
});

test('dbt v2 is a program of its own', async () => {
  const { installation } = await plan({ requirements: 'dbt==2.0.0rc196' });
  expect(installation).toMatchObject({ kind: 'fusion', versions: { dbt: '2.0.0rc196', adapters: {} } });
  expect(installation).not.toHaveProperty('pythonPath');
  expect(installation.versions).not.toHaveProperty('python');
});

test.each([
  [
    'the tool cache of the runner',
    { RUNNER_TOOL_CACHE: '/opt/tools', XDG_CACHE_HOME: '/c' },
    '/opt/tools/dbt-runcache',
  ],
  ['the cache of the user', { XDG_CACHE_HOME: '/c' }, '/c/dbt-runcache'],
])('lies in %s', async (_what, env, parent) => {
  expect(join((await plan({ env })).folder, '..')).toBe(parent);
});

test('lies where the caller says, relative to where dbt is started', async () => {
  expect(join((await plan({ folder: 'envs' })).folder, '..')).toBe(join(cwd, 'envs'));
});

test('another Python, place, requirement or index is another environment', async () => {
  const fakes = [
    {},
    { version: '3.13.0' },
    { implementation: 'pypy' },
    { platform: 'musl' },
    { executable: '/usr/bin/python3' },
  ];
  const plans: PlannedEnvironment[] = [];
  for (const fake of fakes)
    plans.push(await plan({ env: { PATH: await fakePython('python3', answerOf(fake)) } }));
  const PATH = await fakePython('python3', answerOf({}));
  plans.push(
    await plan({ env: { PATH }, folder: join(cwd, 'other') }),
    await plan({ env: { PATH }, requirements: 'dbt-core==1.11.3' }),
    await plan({ env: { PATH, PIP_INDEX_URL: 'https://pypi.example.com/simple' } }),
  );
  expect(new Set(plans.map(({ cacheKey }) => cacheKey)).size).toBe(plans.length);
  expect(new Set(plans.map(({ folder }) => folder)).size).toBe(plans.length);
  const again = await plan({ env: { PATH, PIP_RETRIES: '3' } });
  expect(again.cacheKey).toBe(plans[0]?.cacheKey);
  const renewed = ['of-today', 'of-tomorrow'].map((token) =>
    plan({ env: { PATH, PIP_INDEX_URL: `https://ci:${token}@pypi.example.com/simple` } }),
  );
  expect(new Set((await Promise.all(renewed)).map(({ folder }) => folder)).size).toBe(1);
});

describe('settings of pip and uv', () => {
  test('are a part of the key, without credentials', async () => {
    const { enginePart, secrets } = await plan({
      env: { UV_INDEX: 'https://me:sw0rdfish@example.com/simple', PIP_RETRIES: '3' },
    });
    expect(enginePart).toMatchObject({ items: { 'setting UV_INDEX': 'https://***@example.com/simple' } });
    expect(JSON.stringify(enginePart)).not.toContain('RETRIES');
    expect(secrets).toEqual(['sw0rdfish']);
  });

  test.each(['PIP_CONSTRAINT', 'UV_CONSTRAINT', 'UV_OVERRIDE', 'UV_CONFIG_FILE', 'PIP_CONFIG_FILE'])(
    '%s counts with what its file holds',
    async (name) => {
      const plans: PlannedEnvironment[] = [];
      for (const text of ['sqlglot==1\n', 'sqlglot==2\n']) {
        await writeFile(join(cwd, 'some.txt'), text);
        plans.push(await plan({ env: { [name]: 'some.txt' } }));
      }
      const [one, other] = plans;
      expect(one?.enginePart.kind).toBe('known');
      expect(other?.enginePart).not.toEqual(one?.enginePart);
      expect(other?.folder).not.toBe(one?.folder);
      const gone = await plan({ env: { [name]: 'gone.txt' } });
      expect(gone.enginePart).toMatchObject({ kind: 'unknown', why: expect.stringContaining(name) });
    },
  );

  test('a file that names others is uncertain', async () => {
    await writeFile(join(cwd, 'some.txt'), '-c more.txt\n');
    const { enginePart } = await plan({ env: { UV_CONSTRAINT: 'some.txt' } });
    expect(enginePart).toMatchObject({ kind: 'unknown', why: expect.stringContaining('names other files') });
  });

  test.each([
    ['PIP_FIND_LINKS', ' '],
    ['UV_FIND_LINKS', ','],
  ])('%s counts with what its folders hold', async (name, separator) => {
    for (const folder of ['one', 'two']) {
      await mkdir(join(cwd, folder));
      await writeFile(join(cwd, folder, 'a-1-py3-none-any.whl'), folder);
    }
    const env = { [name]: ['one', 'two'].join(separator) };
    const before = await plan({ env });
    await writeFile(join(cwd, 'two', 'a-1-py3-none-any.whl'), 'other');
    const after = await plan({ env });
    expect(before.enginePart.kind).toBe('known');
    expect(after.enginePart).not.toEqual(before.enginePart);
    expect(after.folder).not.toBe(before.folder);
  });
});

test('what is not pinned is looked for anew each day', async () => {
  const folders = async (requirements: string) => {
    const found: string[] = [];
    for (const day of ['2026-03-01T10:00Z', '2026-03-01T23:00Z', '2026-03-02T00:30Z']) {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(day) });
      found.push((await plan({ requirements })).folder);
    }
    vi.useRealTimers();
    return found;
  };
  const [morning, evening, tomorrow] = await folders('dbt-core');
  expect(evening).toBe(morning);
  expect(tomorrow).not.toBe(morning);
  expect(new Set(await folders('dbt-core==1.11.2')).size).toBe(1);
});

test('python is asked where python3 does not answer', async () => {
  const silent = await fakePython('python3', 'pyenv: version not installed');
  const other = await fakePython('python', answerOf({ version: '3.11.1' }));
  const { python } = await plan({ env: { PATH: [silent, other].join(delimiter) } });
  expect(python.version).toBe('3.11.1');
});

test('a module of the project is not taken for one of Python’s', async () => {
  await writeFile(join(cwd, 'json.py'), 'raise SystemExit(1)\n');
  expect((await plan()).python.implementation).toBe('cpython');
});

test('without a Python there is an error with a hint', async () => {
  await mkdir(join(cwd, 'empty'));
  await expect(plan({ env: { PATH: join(cwd, 'empty') } })).rejects.toMatchObject({
    code: 'install-failed',
    message: expect.stringContaining('no Python on PATH'),
    hint: expect.stringContaining('actions/setup-python'),
  });
});
