import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cacheToken } from '../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../support/cache-service.ts';
import { closedPort } from '../support/closed-port.ts';
import { callsOf, MAIN } from '../support/open-actions-cache.ts';

const HOST = fileURLToPath(new URL('folder-cache-host.ts', import.meta.url));

let service: CacheService;
let dir = '';
let folder = '';
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  service.undisturbed();
  service.entries.evict('');
  service.calls.length = 0;
  dir = await mkdtemp(join(tmpdir(), 'folder-cache-'));
  folder = join(dir, 'envs', 'env-1');
  await mkdir(join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'bin', 'dbt'), '#!/bin/sh\n');
  await chmod(join(folder, 'bin', 'dbt'), 0o755);
  await symlink('/usr/bin/env', join(folder, 'bin', 'python'));
  return () => rm(dir, { recursive: true, force: true });
});

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly lookUpMs?: number;
}

/** A process of its own, as a later job is. */
async function host(what: 'save' | 'restore', key: string, { env = {}, lookUpMs }: Given = {}) {
  const args = [HOST, what, folder, key, ...(lookUpMs === undefined ? [] : [String(lookUpMs)])];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: dir,
    env: {
      PATH: process.env['PATH'],
      RUNNER_TEMP: dir,
      GITHUB_WORKSPACE: join(dir, 'workspace'),
      ACTIONS_CACHE_SERVICE_V2: 'true',
      ACTIONS_RESULTS_URL: `${service.url}/`,
      ACTIONS_RUNTIME_TOKEN: cacheToken(MAIN),
      ...env,
    },
  });
  const lines = stdout.trim().split('\n');
  const answer = JSON.parse(lines.pop() ?? '') as { result: boolean | null; told: readonly string[] };
  // Nothing of GitHub's client: no debug messages, no progress, no commands.
  expect(new Set(lines)).toEqual(new Set(['before', ...(lines.includes('tick') ? ['tick'] : []), 'after']));
  return { ...answer, ticks: lines.filter((line) => line === 'tick').length };
}

beforeEach(() => mkdir(join(dir, 'workspace')));

test('a folder is saved, and another process gets it back as it was', async () => {
  expect(await host('save', 'dbt-runcache-env-1')).toMatchObject({ told: [] });
  expect(callsOf(service, 'finalize')).toBe(1);
  await rm(folder, { recursive: true });
  const restored = await host('restore', 'dbt-runcache-env-1', { env: { RUNNER_DEBUG: '1' } });
  expect(restored).toMatchObject({ result: true, told: [] });
  expect(restored.ticks).toBeGreaterThan(0);
  expect(await readFile(join(folder, 'bin', 'dbt'), 'utf8')).toBe('#!/bin/sh\n');
  expect((await stat(join(folder, 'bin', 'dbt'))).mode & 0o111).toBe(0o111);
  await stat(join(folder, 'bin', 'python'));
});

test('only under exactly its key', async () => {
  await host('save', 'dbt-runcache-env-12');
  await rm(folder, { recursive: true });
  expect(await host('restore', 'dbt-runcache-env-1')).toMatchObject({ result: false, told: [] });
  expect(callsOf(service, 'download')).toBe(0);
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('what another job saved first is no trouble', async () => {
  await host('save', 'dbt-runcache-env-1');
  expect(await host('save', 'dbt-runcache-env-1')).toMatchObject({ told: [] });
});

test('where there is no cache nothing is tried', async () => {
  const env = { ACTIONS_RESULTS_URL: '' };
  expect(await host('restore', 'k', { env })).toMatchObject({ result: false, told: [] });
  expect(await host('save', 'k', { env })).toMatchObject({ told: [] });
  expect(service.calls).toEqual([]);
});

test('a service that is down is told, and no failure', async () => {
  const env = { ACTIONS_RESULTS_URL: `http://127.0.0.1:${await closedPort()}/` };
  expect(await host('restore', 'k', { env })).toMatchObject({
    result: false,
    told: [expect.stringMatching(/^The Actions cache could not be read: .*ECONNREFUSED$/)],
  });
  expect(await host('save', 'k', { env })).toMatchObject({ result: null });
});

test.each(['errors', 'silence'])(
  'a service with nothing but %s costs the limit, and is told',
  async (what) => {
    const never = new Promise(() => undefined);
    service.fault = () =>
      what === 'errors' ? { kind: 'error', status: 503, isDone: false } : { kind: 'late', until: never };
    expect(await host('restore', 'k', { lookUpMs: 300 })).toMatchObject({
      result: false,
      told: ['The Actions cache did not answer within 0.3 s'],
    });
  },
);

test('a token that may only read restores, and tells why it does not save', async () => {
  await host('save', 'dbt-runcache-env-1');
  await rm(folder, { recursive: true });
  const env = { ACTIONS_RUNTIME_TOKEN: cacheToken(undefined, MAIN) };
  expect(await host('restore', 'dbt-runcache-env-1', { env })).toMatchObject({ result: true, told: [] });
  expect(await host('save', 'dbt-runcache-env-2', { env })).toMatchObject({
    told: [expect.stringMatching(/could not be written: .*cache write denied/)],
  });
});

test('a download that fails is no folder', async () => {
  await host('save', 'dbt-runcache-env-1');
  await rm(folder, { recursive: true });
  service.fault = ({ name }) =>
    name === 'download' ? { kind: 'error', status: 404, isDone: false } : undefined;
  expect(await host('restore', 'dbt-runcache-env-1')).toMatchObject({
    result: false,
    told: [expect.stringContaining('could not be read')],
  });
});
