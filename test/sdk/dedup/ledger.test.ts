import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { saveItems } from '../../../sdk/dedup/bundle.ts';
import {
  type LedgerLine,
  listLedger,
  releaseLedgerEntry,
  showLedgerEntry,
  sweepLedger,
} from '../../../sdk/dedup/ledger.ts';
import { claimName, digestOf } from '../../../sdk/dedup/names.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { ageFile } from '../../support/age-file.ts';
import { claimKey, leaveRecord, ledgerRecord, PRODUCER } from '../../support/ledger-record.ts';

const DAY = 86_400_000;
let dir = '';
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-ops-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
const openFile = (): DedupStore => {
  count += 1;
  return fileStore({ dir: join(dir, String(count)) });
};

describe.each<[string, () => DedupStore]>([
  ['memory', () => memoryStore()],
  ['file', openFile],
])('a ledger in a %s store', (_kind, open) => {
  test('is listed key by key, each in its state', async () => {
    const store = open();
    await claimKey(store, 'at it');
    await leaveRecord(store, 'done', ledgerRecord());
    await leaveRecord(
      store,
      'given',
      ledgerRecord({ keyKind: 'given', givenKey: 'given', result: 'failed' }),
    );
    await (await claimKey(store, 'left')).release();
    await store.write({ name: 'targets/x', value: 'x', expected: undefined, retainMs: DAY });
    const lines = await listed(store);
    expect(lines).toHaveLength(4);
    expect(lines).toEqual(
      expect.arrayContaining([
        {
          digest: digestOf('at it'),
          state: 'in-flight',
          attempt: 1,
          run: PRODUCER,
          ageMs: expect.any(Number),
          staleInMs: expect.any(Number),
        },
        {
          digest: digestOf('done'),
          state: 'finished',
          attempt: 1,
          result: 'succeeded',
          keyKind: 'derived',
          run: expect.objectContaining({ host: 'ci-1', result: 'succeeded', wallMs: 60_000 }),
          ageMs: expect.any(Number),
          bytes: 100,
        },
        expect.objectContaining({ digest: digestOf('given'), result: 'failed', givenKey: 'given' }),
        { digest: digestOf('left'), state: 'free', attempt: 1, ageMs: expect.any(Number) },
      ]),
    );
  });

  test('a key that is freed is executed anew, and its late owner changes nothing', async () => {
    const store = open();
    const owner = await claimKey(store, 'k');
    expect(await releaseLedgerEntry(store, 'k')).toMatchObject({ state: 'in-flight', attempt: 1 });
    // Two guards: it is neither the owner's token nor its attempt that stands there.
    const freed = await store.read(claimName('k'));
    expect(freed).toMatchObject({ kind: 'found' });
    expect(freed).not.toMatchObject({ entry: { value: expect.stringContaining(owner.token) } });
    expect(await owner.renew()).toBe('lost');
    const next = await claimKey(store, 'k');
    expect(next.attempt).toBe(3);
    expect(await owner.settle(ledgerRecord())).toBe('lost');
    expect(await next.settle(ledgerRecord())).toBe('settled');
    expect(await releaseLedgerEntry(store, digestOf('k'))).toMatchObject({ state: 'finished' });
    expect(await releaseLedgerEntry(store, digestOf('k').slice(0, 8))).toMatchObject({ state: 'free' });
    expect(await listed(store)).toMatchObject([{ state: 'free', attempt: 4 }]);
  });
});

describe('listing', () => {
  test('stops at a limit', async () => {
    const store = memoryStore();
    for (let at = 0; at < 40; at += 1) await claimKey(store, String(at));
    for (const limit of [0, 1, 16, 17, 40, 100])
      expect(await listed(store, { limit })).toHaveLength(Math.min(limit, 40));
    expect(await listed(store)).toHaveLength(40);
  });

  test('tells how long until a key may be taken over', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await claimKey(store, 'k');
    now = 30_000;
    expect(await listed(store)).toMatchObject([{ ageMs: 30_000, staleInMs: 90_000 }]);
    now = 500_000;
    expect(await listed(store)).toMatchObject([{ state: 'in-flight', ageMs: 500_000, staleInMs: 0 }]);
  });

  test.each<[string, string]>([
    ['no JSON', 'no JSON'],
    ['null', 'null'],
    ['a newer version', JSON.stringify({ schemaVersion: 2, state: 'held' })],
    ['a record of another shape', settled({ result: 'partly' })],
    ['a record that would leave its folder', settled({ ...ledgerRecord(), files: [{ path: '../x' }] })],
    ['a record without files', settled({ ...ledgerRecord(), files: [] })],
  ])('shows %s as unreadable, and goes on', async (_what, value) => {
    const store = memoryStore();
    await store.write({ name: claimName('bad'), value, expected: undefined, retainMs: DAY });
    await leaveRecord(store, 'good', ledgerRecord());
    const lines = await listed(store);
    expect(lines.map(({ state }) => state).sort()).toEqual(['finished', 'unreadable']);
    expect(await showLedgerEntry(store, 'bad')).toMatchObject({ line: { state: 'unreadable' } });
    expect(await releaseLedgerEntry(store, 'bad')).toMatchObject({ state: 'unreadable' });
    expect((await claimKey(store, 'bad')).attempt).toBeGreaterThan(0);
  });

  test('shows a file that is broken as unreadable', async () => {
    const store = openFile();
    const name = await leaveRecord(store, 'k', ledgerRecord());
    await leaveRecord(store, 'good', ledgerRecord());
    await writeFile(join(store.folder ?? '', 'entries', `${name}@`, '99'), '{"id":');
    expect((await listed(store)).map(({ state }) => state).sort()).toEqual(['finished', 'unreadable']);
    expect(await showLedgerEntry(store, 'k')).toMatchObject({ line: { state: 'unreadable' } });
  });

  test('an owner that says nothing of itself is at it all the same', async () => {
    const store = memoryStore();
    await claimKey(store, 'k', { strange: true });
    const [line] = await listed(store);
    expect(line).toMatchObject({ state: 'in-flight' });
    expect(line).not.toHaveProperty('run');
  });
});

describe('one key', () => {
  test('is shown with what it is made of and what it gives back', async () => {
    const store = memoryStore();
    const parts = [{ name: 'code', digest: 'b'.repeat(64) }];
    const items = { 'models/a.sql': '0123456789abcdef' };
    const saved = await saveItems(store, [{ name: 'code', digest: null, items }], DAY);
    if (saved.kind !== 'saved') throw new Error(saved.kind);
    const omitted = [{ path: 'catalog.json', bytes: 9 }];
    const record = ledgerRecord({ parts, items: saved.items, omitted });
    await leaveRecord(store, 'k', record);
    expect(await showLedgerEntry(store, 'k')).toMatchObject({
      line: { state: 'finished', bytes: 100 + saved.items.bytes },
      details: { exitCode: 0, parts: [{ ...parts[0], items }], files: record.files, omitted },
    });
  });

  test('is shown without the items that are gone', async () => {
    const store = memoryStore();
    const parts = [{ name: 'code', digest: 'b'.repeat(64) }];
    await leaveRecord(store, 'k', ledgerRecord({ parts, items: { sha256: 'c'.repeat(64), bytes: 5 } }));
    expect((await showLedgerEntry(store, 'k')).details?.parts).toEqual(parts);
  });

  test('is found by its digest, the beginning of it, or as it was given', async () => {
    const store = memoryStore();
    await claimKey(store, 'release 7');
    await claimKey(store, 'abcdef1');
    const digest = digestOf('release 7');
    for (const key of [digest, digest.slice(0, 6), 'release 7'])
      expect((await showLedgerEntry(store, key)).line.digest).toBe(digest);
    // A given key may look like a digest.
    expect((await showLedgerEntry(store, 'abcdef1')).line.digest).toBe(digestOf('abcdef1'));
  });

  test.each(['nowhere', digestOf('k').slice(0, 5), digestOf('k').toUpperCase(), '0'.repeat(64)])(
    '%s is not found',
    async (key) => {
      const store = memoryStore();
      await claimKey(store, 'k');
      const error = { code: 'ledger-key-not-found', message: expect.stringContaining(key) };
      await expect(showLedgerEntry(store, key)).rejects.toMatchObject(error);
      await expect(releaseLedgerEntry(store, key)).rejects.toMatchObject(error);
    },
  );

  test('that may be any of several is not guessed, and they are named', async () => {
    const store = memoryStore();
    const names = ['1', '2'].map((end) => `abcdef${end.repeat(58)}`);
    for (const name of names) {
      await store.write({ name: `claims/${name}`, value: '{}', expected: undefined, retainMs: DAY });
    }
    await expect(releaseLedgerEntry(store, 'abcdef')).rejects.toMatchObject({
      code: 'ledger-key-ambiguous',
      message: expect.stringContaining(names.join(', ')),
    });
    // As a given key, too.
    await claimKey(store, 'abcdef1');
    await expect(showLedgerEntry(store, 'abcdef1')).rejects.toMatchObject({ code: 'ledger-key-ambiguous' });
    expect(await listed(store)).toHaveLength(3);
  });
});

describe('freeing a key', () => {
  test('whose owner gives a sign of life meanwhile is done all the same', async () => {
    const store = memoryStore();
    const owner = await claimKey(store, 'k');
    let beats = 0;
    const busy: DedupStore = {
      ...store,
      write: async (request) => {
        beats += 1;
        if (beats <= 3) await owner.renew();
        return store.write(request);
      },
    };
    expect(await releaseLedgerEntry(busy, 'k')).toMatchObject({ state: 'in-flight' });
    expect(await owner.settle(ledgerRecord())).toBe('lost');
  });

  test.each([true, false])('survives a lost reply, done: %s', async (done) => {
    const store = memoryStore();
    const owner = await claimKey(store, 'k');
    let lost = 0;
    const flaky: DedupStore = {
      ...store,
      write: async (request) => {
        if (lost > 0) return store.write(request);
        lost += 1;
        if (done) await store.write(request);
        return { kind: 'unknown', why: 'lost' };
      },
    };
    expect(await releaseLedgerEntry(flaky, 'k')).toMatchObject({ state: 'in-flight', attempt: 1 });
    expect(await owner.renew()).toBe('lost');
    expect(await listed(store)).toMatchObject([{ state: 'free', attempt: 2 }]);
  });

  test('of a store that does not answer is an error', async () => {
    const store = memoryStore();
    await claimKey(store, 'k');
    const silent: DedupStore = { ...store, read: async () => ({ kind: 'unknown', why: 'silent' }) };
    await expect(releaseLedgerEntry(silent, 'k')).rejects.toMatchObject({ code: 'dedup-unavailable' });
  });
});

describe('sweeping at once', () => {
  test('clears away what is old, and says how much', async () => {
    const store = openFile();
    await store.write({ name: 'claims/old', value: 'x', expected: undefined, retainMs: DAY });
    await ageFile(store.folder ?? '', 'entries', 'claims/old', 3 * DAY);
    await store.putBlob('bundles/old', new Uint8Array(1), DAY);
    await ageFile(store.folder ?? '', 'blobs', 'bundles/old', 32 * DAY);
    await leaveRecord(store, 'k', ledgerRecord());
    await store.putBlob('bundles/new', new Uint8Array(1), DAY);
    expect(await sweepLedger(store)).toEqual({ entries: 1, blobs: 1 });
    expect(await sweepLedger(store)).toEqual({ entries: 0, blobs: 0 });
    expect(await listed(store)).toHaveLength(1);
    expect(await store.getBlob('bundles/new', 1)).toMatchObject({ kind: 'found' });
  });

  test('of a store that does not answer is an error', async () => {
    const silent: DedupStore = { ...memoryStore(), sweep: async () => ({ kind: 'unknown', why: 'silent' }) };
    await expect(sweepLedger(silent)).rejects.toMatchObject({
      code: 'dedup-unavailable',
      message: expect.stringContaining('silent'),
    });
  });
});

function settled(body: unknown): string {
  return JSON.stringify({
    schemaVersion: 1,
    state: 'settled',
    attempt: 1,
    token: 't',
    leaseMs: 1,
    beat: 0,
    body,
  });
}

async function listed(store: DedupStore, options?: { readonly limit?: number }): Promise<LedgerLine[]> {
  const lines: LedgerLine[] = [];
  for await (const line of listLedger(store, options)) lines.push(line);
  return lines;
}

describe('a store that never answers', () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const list = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });
  const silent: DedupStore = {
    ...memoryStore(),
    read: never,
    write: never,
    remove: never,
    sweep: never,
    list,
  };

  test.each<[string, () => Promise<unknown>]>([
    ['list', () => listed(silent)],
    ['show', () => showLedgerEntry(silent, 'k')],
    ['release', () => releaseLedgerEntry(silent, 'k')],
    ['sweep', () => sweepLedger(silent)],
  ])('%s: ends with an error', async (_, ask) => {
    vi.useFakeTimers();
    try {
      const told = expect(ask()).rejects.toMatchObject({
        code: 'dedup-unavailable',
        message: expect.stringContaining('no answer within 30 s'),
      });
      await vi.advanceTimersByTimeAsync(60_000);
      await told;
    } finally {
      vi.useRealTimers();
    }
  });
});
