import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CACHE_VERSION, type CacheRpc, cacheRpc } from '../../../sdk/github/cache-rpc.ts';
import { putEntry } from '../../../sdk/github/put-entry.ts';
import { download } from '../../../sdk/github/signed-url.ts';
import { cacheToken } from '../../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../../support/cache-service.ts';
import { type HttpGate, httpGate } from '../../support/http-gate.ts';
import { callsOf, failFirst, MAIN } from '../../support/open-actions-cache.ts';

let service: CacheService;
let gate: HttpGate;
beforeAll(async () => {
  service = await startCacheService();
  gate = await httpGate(Number(new URL(service.url).port));
});
afterAll(async () => {
  await gate.close();
  await service.stop();
});
afterEach(() => {
  service.undisturbed();
  service.calls.length = 0;
  gate.instead = () => undefined;
});

const { signal } = new AbortController();
const client = (url = service.url, timeoutMs = 5000): CacheRpc =>
  cacheRpc({ url, token: cacheToken(MAIN), timeoutMs, signal });
const options = { timeoutMs: 5000, blockBytes: 1 << 20, finishWithinMs: 5000, maxWaitMs: 3000, signal };
const bytes = Buffer.from('{"a":1}');
let count = 0;
const fresh = (): string => {
  count += 1;
  return `key ${count}`;
};

describe('an entry of the Actions cache', () => {
  test('is won once, and found by its key and by what it begins with', async () => {
    const key = fresh();
    expect(await putEntry(client(), key, bytes, options)).toMatchObject({ kind: 'won' });
    expect(await putEntry(client(), key, bytes, options)).toEqual({ kind: 'exists' });
    for (const keys of [[key], ['no such key', key.slice(0, -1)]]) {
      const found = await client().find(keys);
      expect(found).toMatchObject({ kind: 'found', key });
      if (found.kind === 'found')
        expect(await download(found.url, 100, options)).toMatchObject({
          kind: 'downloaded',
          bytes: new Uint8Array(bytes),
        });
    }
    expect(await client().find(['no such key'])).toMatchObject({ kind: 'absent' });
  });

  test('has a version that depends on nothing', () => {
    expect(CACHE_VERSION).toMatch(/^[0-9a-f]{64}$/);
    expect(CACHE_VERSION).toBe('24ccb73d02d21ab34eff8bedd5dc4bc3adced72428b9be166db668078d14a620');
  });

  test.for([
    ['create', { kind: 'reply-lost' }, 'exists'],
    ['create', { kind: 'request-lost' }, 'won'],
    ['create', { kind: 'error', status: 503, isDone: true }, 'exists'],
    ['upload', { kind: 'reply-lost' }, 'won'],
    ['upload', { kind: 'error', status: 403, isDone: false }, 'burned'],
    ['finalize', { kind: 'error', status: 503, isDone: false }, 'won'],
    ['finalize', { kind: 'reply-lost' }, 'ambiguous'],
    ['finalize', { kind: 'error', status: 400, isDone: false }, 'burned'],
    ['create', { kind: 'rate-limited', retryAfter: '1' }, 'won'],
    ['create', { kind: 'rate-limited', retryAfter: '7' }, 'rate-limited'],
    ['finalize', { kind: 'rate-limited', retryAfter: '60' }, 'burned'],
  ] as const)('%s once %o: %s', async ([name, fault, outcome]) => {
    failFirst(service, name, fault);
    expect(await putEntry(client(), fresh(), bytes, options)).toMatchObject({ kind: outcome });
  });

  test('is given up when it takes too long', async () => {
    const key = fresh();
    const slow = { ...options, finishWithinMs: 0 };
    expect(await putEntry(client(), key, bytes, slow)).toMatchObject({ kind: 'burned' });
    expect(callsOf(service, 'finalize')).toBe(0);
    expect(await putEntry(client(), key, bytes, options)).toEqual({ kind: 'exists' });
  });

  test('an answer that never comes is ambiguous', async () => {
    const never = new Promise(() => undefined);
    failFirst(service, 'create', { kind: 'late', until: never });
    expect(await client(service.url, 50).create(fresh())).toMatchObject({ kind: 'ambiguous' });
  });
});

describe('an answer', () => {
  test.for([
    [200, '{"ok":false,"message":"cache write denied: token has no writable scopes"}', 'read-only'],
    [200, '{"ok":false,"message":"cache storage quota has been hit"}', 'unavailable'],
    [200, '{"ok":false}', 'unavailable'],
    [200, '<html>a proxy</html>', 'ambiguous'],
    [200, '{"ok":true}', 'ambiguous'],
    [200, '{"ok":true,"signedUploadUrl":"http://127.0.0.1/x"}', 'reserved'],
    [409, '{"code":"already_exists","msg":"exists"}', 'exists'],
    [401, '{"code":"unauthenticated"}', 'unavailable'],
    [403, '{"code":"permission_denied"}', 'read-only'],
    [404, '{"code":"bad_route"}', 'unavailable'],
    [500, '', 'ambiguous'],
    [429, '{}', 'rate-limited'],
  ] as const)('to a reservation: %i %s is %s', async ([status, body, outcome]) => {
    gate.instead = () => ({ status, body });
    expect(await client(gate.endpoint).create('key')).toMatchObject({ kind: outcome });
  });

  test.for([
    [200, '{"ok":false}', 'absent'],
    [200, '{"ok":false,"message":"cache read denied: no scopes"}', 'read-only'],
    [200, '{"ok":true}', 'unavailable'],
    [404, '{"code":"bad_route"}', 'unavailable'],
    [409, '{}', 'unavailable'],
    [503, '{}', 'ambiguous'],
    [200, '', 'ambiguous'],
  ] as const)('to a lookup: %i %s is %s', async ([status, body, outcome]) => {
    gate.instead = () => ({ status, body });
    expect(await client(gate.endpoint).find(['key'])).toMatchObject({ kind: outcome });
  });
});

test('a signed address is not repeated in a message', async () => {
  const url = 'http://127.0.0.1:1/secret-signature?sig=secret-signature';
  for (const address of [url, 'secret-signature'])
    expect(JSON.stringify(await download(address, 1, options))).not.toContain('secret-signature');
});
