import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheRpc } from '../../../sdk/github/cache-rpc.ts';
import { upload } from '../../../sdk/github/signed-url.ts';
import { cacheToken } from '../../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../../support/cache-service.ts';
import { callsOf, MAIN } from '../../support/open-actions-cache.ts';

const HOST = fileURLToPath(new URL('../../support/actions-cache-host.ts', import.meta.url));

const { signal } = new AbortController();
let service: CacheService;
let dir = '';
beforeAll(async () => {
  service = await startCacheService();
  dir = await mkdtemp(join(tmpdir(), 'actions-cache-'));
});
afterAll(async () => {
  await service.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What judges the ledger must be what GitHub's own client takes for the service. */
test('GitHub’s own client saves to the service of the tests, and restores from it', async () => {
  const path = join(dir, 'file.txt');
  await writeFile(path, 'what was saved');
  const { stdout } = await promisify(execFile)(process.execPath, [HOST, path], {
    cwd: dir,
    env: {
      PATH: process.env['PATH'],
      RUNNER_TEMP: dir,
      GITHUB_WORKSPACE: dir,
      ACTIONS_CACHE_SERVICE_V2: 'true',
      ACTIONS_RESULTS_URL: `${service.url}/`,
      ACTIONS_RUNTIME_TOKEN: cacheToken(MAIN),
    },
  });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
    saved: true,
    again: -1,
    missed: null,
    restored: 'key-1',
    text: 'what was saved',
  });
  expect(callsOf(service, 'finalize')).toBe(1);
});

test('an address is good for a time, and for what it was made for', async () => {
  const token = { authorization: `Bearer ${cacheToken(MAIN)}` };
  const response = await fetch(
    `${service.url}/twirp/github.actions.results.api.v1.CacheService/CreateCacheEntry`,
    { method: 'POST', headers: token, body: JSON.stringify({ key: 'k', version: 'v' }) },
  );
  const { signed_upload_url: url } = (await response.json()) as { readonly signed_upload_url: string };
  const put = (to: string) =>
    fetch(to, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } });
  expect((await fetch(url)).status).toBe(403);
  expect((await put(url.replace(/sig=.*/, 'sig=other'))).status).toBe(403);
  expect((await put(url)).status).toBe(201);
  service.now = () => Date.now() + 2 * 3_600_000;
  expect((await put(url)).status).toBe(403);
  service.undisturbed();
});

test('a finish tells how many bytes were sent, and some were', async () => {
  const rpc = cacheRpc({ url: service.url, token: cacheToken(MAIN), timeoutMs: 5000, signal });
  const put = await rpc.create('sized');
  if (put.kind !== 'reserved') throw new Error(put.kind);
  const options = { timeoutMs: 5000, blockBytes: 100, signal };
  expect(await upload(put.url, Buffer.from('four'), options)).toMatchObject({ kind: 'uploaded' });
  expect(await rpc.finalize('sized', 3)).toMatchObject({ why: expect.stringContaining('404') });
  expect(await rpc.finalize('sized', 0)).toMatchObject({ why: expect.stringContaining('400') });
  expect(await rpc.find(['sized'])).toMatchObject({ kind: 'absent' });
  expect(await rpc.finalize('sized', 4)).toEqual({ kind: 'finalized' });
  expect(await rpc.find(['sized'])).toMatchObject({ kind: 'found' });
});
