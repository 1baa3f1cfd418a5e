import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CACHE_VERSION } from '../../../sdk/github/cache-rpc.ts';
import { type CacheService, startCacheService } from '../../support/cache-service.ts';
import { callsOf, failFirst, MAIN, openActionsCache } from '../../support/open-actions-cache.ts';

const DAY = 86_400_000;
let service: CacheService;
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());
afterEach(() => {
  service.undisturbed();
  service.calls.length = 0;
});
const bytes = new Uint8Array(100_000).map((_, at) => at % 251);
const open = (options = {}) => openActionsCache(service, { patienceMs: 300, ...options });

async function expectThere(name: string): Promise<void> {
  const found = await open().getBlob(name, bytes.length);
  expect(found.kind).toBe('found');
  if (found.kind === 'found') expect(Buffer.compare(found.bytes, bytes)).toBe(0);
}

test('a large blob goes up in blocks, each sent again when its reply is lost', async () => {
  failFirst(service, 'upload', { kind: 'reply-lost' });
  expect((await open({ blockBytes: 30_000 }).putBlob('large', bytes, DAY)).kind).toBe('written');
  // One that was lost, then four blocks and their list.
  expect(callsOf(service, 'upload')).toBe(6);
  await expectThere('large');
});

test('a blob that is there is not sent again, and one that is there in part is', async () => {
  await open().putBlob('twice', bytes, DAY);
  expect((await open().putBlob('twice', bytes, DAY)).kind).toBe('written');
  expect(callsOf(service, 'create')).toBe(1);
  await open().putBlob('half', bytes.subarray(0, 10), DAY);
  expect((await open().putBlob('half', bytes, DAY)).kind).toBe('written');
  await expectThere('half');
});

test('an upload that was given up, or whose finish was lost, does not block a blob', async () => {
  service.entries.reserve(MAIN, 'dbt-runcache/blobs/burned@0000000001', CACHE_VERSION);
  expect((await open().putBlob('burned', bytes, DAY)).kind).toBe('written');
  await expectThere('burned');
  failFirst(service, 'finalize', { kind: 'reply-lost' });
  expect((await open().putBlob('lost', bytes, DAY)).kind).toBe('written');
  expect(callsOf(service, 'create')).toBe(3);
  await expectThere('lost');
});

test('a blob that no lookup shows yet is waited for', async () => {
  await open().putBlob('late', bytes, DAY);
  let lookups = 0;
  service.isShown = () => {
    lookups += 1;
    return lookups > 2;
  };
  await expectThere('late');
});

test('what the service would refuse is not sent', async () => {
  expect(await open().putBlob('empty', new Uint8Array(0), DAY)).toMatchObject({ kind: 'unknown' });
  expect(service.calls).toEqual([]);
});
