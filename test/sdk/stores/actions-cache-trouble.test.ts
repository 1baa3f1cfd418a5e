import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { acquire } from '../../../sdk/dedup/lease.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { CACHE_VERSION } from '../../../sdk/github/cache-rpc.ts';
import { actionsCacheStore } from '../../../sdk/stores/actions-cache.ts';
import { cacheToken } from '../../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../../support/cache-service.ts';
import { closedPort } from '../../support/closed-port.ts';
import { callsOf, failFirst, MAIN, openActionsCache } from '../../support/open-actions-cache.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let service: CacheService;
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());
afterEach(() => {
  service.undisturbed();
  service.calls.length = 0;
});

let count = 0;
const fresh = (): string => {
  count += 1;
  return `claims/${count}`;
};
const open = (options = {}): DedupStore => openActionsCache(service, options);
const write = (store: DedupStore, name: string, value: string, expected?: string) =>
  store.write({ name, value, expected, retainMs: DAY });
const written = async (answer: ReturnType<typeof write>): Promise<string> => {
  const one = await answer;
  if (one.kind !== 'written') throw new Error(JSON.stringify(one));
  return one.version;
};
const keyOf = (name: string, number: number): string =>
  `dbt-runcache/entries/${name}@${String(number).padStart(10, '0')}`;
/** Takes a key and never finishes it. */
const burn = (key: string): void => void service.entries.reserve(MAIN, key, CACHE_VERSION);
const terms = { leaseMs: HOUR, retainMs: DAY };

describe('a run that may only read', () => {
  const readOnly = (options = {}): DedupStore =>
    open({ token: cacheToken(undefined, MAIN), trigger: 'issue_comment', ...options });

  test('finds what is there, and is told why it leaves nothing', async () => {
    const name = fresh();
    await written(write(open(), name, 'x'));
    const store = readOnly();
    const read = await store.read(name);
    expect(read).toMatchObject({ kind: 'found', entry: { value: 'x' } });
    const version = read.kind === 'found' ? read.entry.version : '';
    expect(await write(store, name, 'y', version)).toEqual({
      kind: 'unknown',
      refused: true,
      readOnly: true,
      why: 'the Actions cache is read-only for this run (started by issue_comment): cache write denied: token has no writable scopes',
    });
    expect(await store.putBlob('b', new Uint8Array(3), DAY)).toMatchObject({ refused: true });
    expect(callsOf(service, 'create')).toBe(2);
  });

  test('claims nothing, and asks once', async () => {
    const answer = await acquire(readOnly(), fresh(), { ...terms, body: 'x' });
    expect(answer).toEqual({ kind: 'unknown', why: expect.stringContaining('read-only'), readOnly: true });
    expect(callsOf(service, 'create')).toBe(1);
    expect(callsOf(service, 'find')).toBe(2);
  });

  test('by its cache-mode asks for nothing that it may not do', async () => {
    const store = open({ mode: 'read' });
    const name = fresh();
    expect(await store.read(name)).toEqual({ kind: 'absent' });
    expect(await write(store, name, 'x')).toMatchObject({
      refused: true,
      why: expect.stringContaining('cache-mode: read'),
    });
    expect(callsOf(service, 'create')).toBe(0);
    const blind = open({ mode: 'none' });
    expect(await blind.read(name)).toMatchObject({ why: expect.stringContaining('cache-mode: none') });
  });

  test('with a token that reads nothing is told so, not that nothing is there', async () => {
    const store = open({ token: cacheToken(undefined) });
    expect(await store.read(fresh())).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('denied'),
    });
    expect(await store.getBlob('b', 3)).toMatchObject({ kind: 'unknown' });
  });
});

describe('too many requests', () => {
  test('are waited for when that does not take long', async () => {
    failFirst(service, 'create', { kind: 'rate-limited', retryAfter: '1' });
    const name = fresh();
    await written(write(open({ patienceMs: 5000 }), name, 'x'));
    expect(callsOf(service, 'create')).toBe(2);
  });

  test('are told, with when to ask again; until then nothing is asked', async () => {
    failFirst(service, 'create', { kind: 'rate-limited', retryAfter: '120' }, 9);
    const store = open();
    const answer = await acquire(store, fresh(), { ...terms, body: 'x' });
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringContaining('again in 120 s') });
    const refused = await write(store, fresh(), 'x');
    expect(refused).toMatchObject({ kind: 'unknown', refused: true });
    expect(refused).not.toHaveProperty('readOnly');
    expect(callsOf(service, 'create')).toBe(1);
    expect(await store.read(fresh())).toEqual({ kind: 'absent' });
  });
});

describe('a service that cannot be reached', () => {
  test.for([
    ['is not there', undefined],
    ['answers 503', { kind: 'error', status: 503, isDone: false }],
    ['breaks off', { kind: 'request-lost' }],
  ] as const)('that %s is neither absent nor taken by others', async ([, fault]) => {
    if (fault !== undefined) service.fault = () => fault;
    const url = fault === undefined ? `http://127.0.0.1:${await closedPort()}` : service.url;
    const store = open({ url });
    expect(await store.read('claims/a')).toMatchObject({ kind: 'unknown' });
    expect(await write(store, 'claims/a', 'x')).toMatchObject({ kind: 'unknown' });
    expect(await store.remove('claims/a', '1.a')).toMatchObject({ kind: 'unknown' });
    expect(await store.putBlob('b', new Uint8Array(3), DAY)).toMatchObject({ kind: 'unknown' });
    expect(await store.getBlob('b', 3)).toMatchObject({ kind: 'unknown' });
  });

  test('only for writing says so', async () => {
    failFirst(service, 'create', { kind: 'error', status: 503, isDone: false }, 99);
    expect(await write(open(), fresh(), 'x')).toMatchObject({
      kind: 'unknown',
      why: 'the Actions cache answered 503: try again',
    });
  });

  test('no message repeats the token', async () => {
    const token = 'broken\ntoken-not-a-secret';
    const store = actionsCacheStore({ url: service.url, token, patienceMs: 100 });
    const answer = await store.read('claims/a');
    expect(answer).toMatchObject({ kind: 'unknown' });
    expect(JSON.stringify(answer)).not.toContain('token-not-a-secret');
  });

  test('a token that is none is no empty ledger', async () => {
    expect(await open({ token: 'none' }).read('claims/a')).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('401'),
    });
  });
});

describe('a reply that is lost', () => {
  test('to the reservation: the number is skipped, and the entry made all the same', async () => {
    const name = fresh();
    failFirst(service, 'create', { kind: 'reply-lost' });
    expect(await written(write(open(), name, 'x'))).toMatch(/^2\./);
    expect(await open().read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test.for(['reply-lost', 'request-lost'] as const)('to the upload: %s, it is sent again', async (kind) => {
    const name = fresh();
    failFirst(service, 'upload', { kind });
    expect(await written(write(open(), name, 'x'))).toMatch(/^1\./);
  });

  test('to the finish: the entry is recognised by its bytes', async () => {
    const name = fresh();
    failFirst(service, 'finalize', { kind: 'reply-lost' });
    expect(await written(write(open(), name, 'x'))).toMatch(/^1\./);
    expect(callsOf(service, 'finalize')).toBe(2);
    expect(await open().read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('to the finish, with another version over it since: not taken for ours', async () => {
    const name = fresh();
    const other = async () => {
      const store = open();
      const read = await store.read(name);
      return written(write(store, name, 'other', read.kind === 'found' ? read.entry.version : 'none'));
    };
    let finishes = 0;
    let theirs: Promise<string> | undefined;
    service.fault = (call) => {
      if (call.name !== 'finalize') return undefined;
      finishes += 1;
      if (finishes === 1) return { kind: 'reply-lost' };
      if (finishes > 2) return undefined;
      theirs = other();
      return { kind: 'late', until: theirs };
    };
    expect(await write(open(), name, 'mine')).toMatchObject({ kind: 'unknown' });
    expect(await open().read(name)).toMatchObject({ entry: { value: 'other', version: await theirs } });
  });

  test('to every finish: unknown, and the next writer gets by', async () => {
    const name = fresh();
    failFirst(service, 'finalize', { kind: 'request-lost' }, 3);
    const store = open();
    expect(await write(store, name, 'x')).toMatchObject({ kind: 'unknown' });
    expect(await store.read(name)).toEqual({ kind: 'absent' });
    expect(await written(write(open(), name, 'y'))).toMatch(/^2\./);
  });
});

describe('a reservation that was given up', () => {
  test('blocks its key for as long as patience goes, and readers skip it', async () => {
    const name = fresh();
    const reader = open();
    const first = await written(write(open(), name, 'first'));
    await reader.read(name);
    for (const number of [2, 3]) burn(keyOf(name, number));
    const second = await written(write(open({ patienceMs: 1500 }), name, 'second', first));
    expect(second).toMatch(/^4\./);
    expect(await reader.read(name)).toMatchObject({ entry: { value: 'second', version: second } });
    expect(await written(write(reader, name, 'third', second))).toMatch(/^5\./);
  });

  test('is not waited for once the store is closed', async () => {
    const name = fresh();
    burn(keyOf(name, 1));
    const store = open({ patienceMs: 3_600_000 });
    const writing = write(store, name, 'x');
    await expect.poll(() => callsOf(service, 'find')).toBeGreaterThan(1);
    await store.close();
    expect(await writing).toEqual({ kind: 'unknown', why: 'the ledger was closed' });
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
  });

  test('one of several that skip it wins', async () => {
    const name = fresh();
    burn(keyOf(name, 1));
    const stores = Array.from({ length: 5 }, () => open({ patienceMs: 1500 }));
    const answers = await Promise.all(stores.map((store, at) => write(store, name, `by ${at}`)));
    expect(answers.map(({ kind }) => kind).sort()).toEqual([...Array(4).fill('conflict'), 'written']);
  });

  test('an owner that is too slow gives it up itself: others may have skipped it', async () => {
    const name = fresh();
    let release = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isLate = (): void => undefined;
    const reserved = new Promise<void>((resolve) => {
      isLate = resolve;
    });
    let uploads = 0;
    service.fault = ({ name: call }) => {
      if (call !== 'upload') return undefined;
      uploads += 1;
      if (uploads > 1) return undefined;
      isLate();
      return { kind: 'late', until };
    };
    const slow = write(open({ patienceMs: 400 }), name, 'slow');
    await reserved;
    const version = await written(write(open({ patienceMs: 400 }), name, 'quick'));
    release();
    expect(await slow).toEqual({ kind: 'conflict' });
    expect(await open().read(name)).toMatchObject({ entry: { value: 'quick', version } });
    expect(service.entries.all().find(({ key }) => key === keyOf(name, 1))?.isFinalized).toBe(false);
  });
});

describe('an eviction', () => {
  test('of a claim: the next one begins anew, and the late owner is fenced', async () => {
    const name = fresh();
    const patienceMs = 300;
    const late = open({ patienceMs });
    const owner = await acquire(late, name, { ...terms, body: 'one' });
    if (owner.kind !== 'acquired') throw new Error(owner.kind);
    service.entries.evict(keyOf(name, 1));
    // By the service's clock, which has seconds.
    service.now = () => Date.now() + 5000;
    expect(await acquire(open({ patienceMs }), name, { ...terms, body: 'two' })).toMatchObject({
      kind: 'acquired',
      lease: { attempt: 1 },
    });
    // What was seen a moment ago is not looked at again at once.
    const value = expect.stringContaining('two');
    await expect.poll(() => late.read(name), { timeout: 5000 }).toMatchObject({ entry: { value } });
    expect(await owner.lease.renew()).toBe('lost');
    expect(await owner.lease.settle('late')).toBe('lost');
  });

  test('of everything: what was there is absent once the service has said so for long enough', async () => {
    const name = fresh();
    const store = open();
    const version = await written(write(store, name, 'x'));
    service.entries.evict(keyOf(name, 1));
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
    await expect.poll(() => store.read(name), { timeout: 5000 }).toEqual({ kind: 'absent' });
    expect(await write(store, name, 'y', version)).toEqual({ kind: 'conflict' });
    expect(await written(write(store, name, 'z'))).toMatch(/^1\./);
  });
});

describe('clocks', () => {
  test.for([-3 * DAY, 3 * DAY])('of the service that are off by %d ms do not matter', async (off) => {
    service.now = () => Date.now() + off;
    const name = fresh();
    const first = await acquire(open(), name, { ...terms, body: 'one' });
    expect(first.kind).toBe('acquired');
    expect(await acquire(open(), name, { ...terms, body: 'two' })).toMatchObject({
      kind: 'taken',
      standing: { ageMs: expect.closeTo(0, -5), state: 'held' },
    });
    service.now = () => Date.now() + off + HOUR + 5000;
    expect(await acquire(open(), name, { ...terms, body: 'three' })).toMatchObject({
      kind: 'acquired',
      lease: { attempt: 2 },
    });
  });
});

describe('branches', () => {
  const pull = (number: number): DedupStore =>
    open({ token: cacheToken(`refs/pull/${number}/merge`, MAIN), patienceMs: 300 });

  test('a pull request reads what its base left, and writes to its own', async () => {
    const name = fresh();
    const first = await written(write(open(), name, 'base'));
    expect(await pull(1).read(name)).toMatchObject({ entry: { value: 'base', version: first } });
    const second = await written(write(pull(1), name, 'pull', first));
    expect(await pull(1).read(name)).toMatchObject({ entry: { value: 'pull', version: second } });
    expect(await open().read(name)).toMatchObject({ entry: { value: 'base', version: first } });
    expect(await pull(2).read(name)).toMatchObject({ entry: { value: 'base' } });
    expect(await written(write(open(), name, 'base 2', first))).toMatch(/^2\./);
  });

  test('siblings do not see each other, and both win', async () => {
    const name = fresh();
    const claims = await Promise.all([1, 2].map((one) => acquire(pull(one), name, { ...terms, body: one })));
    expect(claims.map(({ kind }) => kind)).toEqual(['acquired', 'acquired']);
    expect(await open().read(name)).toEqual({ kind: 'absent' });
  });
});
