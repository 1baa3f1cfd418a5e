import { describe, expect, test } from 'vitest';
import { acquire } from '../../sdk/dedup/lease.ts';
import type { DedupStore, WriteAnswer } from '../../sdk/dedup/store.ts';
import { sweepContract } from './sweep-contract.ts';

/** What the suite needs of a store under test. */
export interface StoreUnderTest {
  /** A fresh client of one and the same ledger; the entries of other tests may be in it. */
  readonly open: () => DedupStore;
  /** Unique a test: names begin with it. */
  readonly prefix: () => string;
  /**
   * Makes what is under a name look as if it had been written that long ago; what else is there may age with it.
   * Absent where a store cannot be made to: then only its own tests tell what a sweep clears away.
   */
  readonly age?: (kind: 'entries' | 'blobs', name: string, ms: number) => Promise<void>;
  /** How often a sweep races with writers. Default 20. */
  readonly sweepRounds?: number;
  /** False for a store that cannot list: then it must say so. Default true. */
  readonly lists?: boolean;
}

const HOUR = 3_600_000;
const ROUNDS = 20;
const RACERS = 10;

/** One suite for every store: what the interface promises, with nothing about how it is kept. */
export function storeContract(name: string, store: StoreUnderTest): void {
  const { open, prefix, lists = true } = store;
  sweepContract(name, store);
  const write = (store: DedupStore, entry: string, value: string, expected?: string): Promise<WriteAnswer> =>
    store.write({ name: entry, value, expected, retainMs: HOUR });
  const written = (answer: WriteAnswer): string => {
    if (answer.kind !== 'written') throw new Error(`not written: ${JSON.stringify(answer)}`);
    return answer.version;
  };

  describe(`the contract of stores: ${name}`, () => {
    test('what was written is found by another client, with the version that was told', async () => {
      const [one, two] = [open(), open()];
      const entry = `${prefix()}/a`;
      expect(await one.read(entry)).toEqual({ kind: 'absent' });
      const version = written(await write(one, entry, 'first ✓'));
      const answer = await two.read(entry);
      expect(answer).toMatchObject({ kind: 'found', entry: { value: 'first ✓', version } });
      if (answer.kind === 'found') {
        expect(answer.entry.ageMs).toBeGreaterThanOrEqual(0);
        expect(answer.entry.ageMs).toBeLessThan(60_000);
      }
    });

    test('an entry is made once', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      const version = written(await write(store, entry, 'first'));
      expect(await write(store, entry, 'second')).toEqual({ kind: 'conflict' });
      expect(await store.read(entry)).toMatchObject({ entry: { value: 'first', version } });
    });

    test('only the version that stands can be replaced', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      const first = written(await write(store, entry, 'first'));
      const second = written(await write(store, entry, 'second', first));
      expect(second).not.toBe(first);
      expect(await write(store, entry, 'late', first)).toEqual({ kind: 'conflict' });
      expect(await store.read(entry)).toMatchObject({ entry: { value: 'second', version: second } });
    });

    test('writing the same value is a new version', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      const first = written(await write(store, entry, 'same'));
      const second = written(await write(store, entry, 'same', first));
      expect(second).not.toBe(first);
      expect(await write(store, entry, 'late', first)).toEqual({ kind: 'conflict' });
    });

    test('what is not there cannot be replaced', async () => {
      const store = open();
      const [here, gone] = [`${prefix()}/here`, `${prefix()}/gone`];
      const version = written(await write(store, here, 'x'));
      expect(await write(store, gone, 'y', version)).toEqual({ kind: 'conflict' });
      expect(await store.read(gone)).toEqual({ kind: 'absent' });
    });

    test('a removed entry is absent, may be made anew, and its late writers find nothing to replace', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      const first = written(await write(store, entry, 'first'));
      const second = written(await write(store, entry, 'second', first));
      expect(await store.remove(entry, first)).toEqual({ kind: 'conflict' });
      expect((await store.remove(entry, second)).kind).toBe('written');
      expect(await store.read(entry)).toEqual({ kind: 'absent' });
      expect(await write(store, entry, 'late', second)).toEqual({ kind: 'conflict' });
      const third = written(await write(store, entry, 'third'));
      for (const old of [first, second])
        expect(await write(store, entry, 'late', old)).toEqual({ kind: 'conflict' });
      expect(await store.read(entry)).toMatchObject({ entry: { value: 'third', version: third } });
    });

    test('what is past its retention is gone, and can be made anew', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      const first = written(await store.write({ name: entry, value: 'x', expected: undefined, retainMs: 1 }));
      await expect.poll(() => store.read(entry), { timeout: 5000 }).toEqual({ kind: 'absent' });
      const second = written(await write(store, entry, 'y'));
      expect(await write(store, entry, 'late', first)).toEqual({ kind: 'conflict' });
      expect(await store.read(entry)).toMatchObject({ entry: { value: 'y', version: second } });
    });

    // Only one of the two is a test of the store in hand.
    const [whereListed, whereNot] = lists ? [test, () => undefined] : [() => undefined, test];
    whereNot('one that cannot list says so', async () => {
      const names = open().list('')[Symbol.asyncIterator]();
      await expect(names.next()).rejects.toMatchObject({ code: 'dedup-unavailable' });
    });

    whereListed('a list holds the names that begin with the prefix, and no others', async () => {
      const store = open();
      const root = prefix();
      const names = ['claims/a', 'claims/b', 'claims/deep/c', 'claimsnot/d', 'targets/a'];
      for (const one of names) written(await write(store, `${root}/${one}`, one));
      const removed = `${root}/claims/removed`;
      await store.remove(removed, written(await write(store, removed, 'x')));
      const found: string[] = [];
      for await (const one of store.list(`${root}/claims/`)) found.push(one);
      expect(found.sort()).toEqual([`${root}/claims/a`, `${root}/claims/b`, `${root}/claims/deep/c`]);
    });

    test(`${RACERS} make an entry at the same time: one does, ${ROUNDS} rounds`, async () => {
      const clients = Array.from({ length: RACERS }, open);
      for (let round = 0; round < ROUNDS; round += 1) {
        const entry = `${prefix()}/race`;
        const answers = await Promise.all(clients.map((store, at) => write(store, entry, `by ${at}`)));
        const winners = answers.flatMap((answer, at) => (answer.kind === 'written' ? [at] : []));
        expect(winners).toHaveLength(1);
        expect(answers.filter(({ kind }) => kind === 'conflict')).toHaveLength(RACERS - 1);
        expect(await open().read(entry)).toMatchObject({ entry: { value: `by ${winners[0]}` } });
      }
    });

    test(`${RACERS} make a removed entry anew at the same time: one does, ${ROUNDS} rounds`, async () => {
      const clients = Array.from({ length: RACERS }, open);
      const entry = `${prefix()}/race`;
      let version = written(await write(open(), entry, 'start'));
      for (let round = 0; round < ROUNDS; round += 1) {
        expect((await open().remove(entry, version)).kind).toBe('written');
        const answers = await Promise.all(
          clients.map((store, at) => write(store, entry, `${round} by ${at}`)),
        );
        const winners = answers.flatMap((answer, at) =>
          answer.kind === 'written' ? [{ at, version: answer.version }] : [],
        );
        expect(winners).toHaveLength(1);
        version = winners[0]?.version ?? '';
        expect(await open().read(entry)).toMatchObject({
          entry: { value: `${round} by ${winners[0]?.at}`, version },
        });
      }
    });

    test(`${RACERS} replace one version at the same time: one does, ${ROUNDS} rounds`, async () => {
      const clients = Array.from({ length: RACERS }, open);
      const entry = `${prefix()}/race`;
      let version = written(await write(open(), entry, 'start'));
      for (let round = 0; round < ROUNDS; round += 1) {
        const expected = version;
        const answers = await Promise.all(
          clients.map((store, at) => write(store, entry, `${round} by ${at}`, expected)),
        );
        const winners = answers.flatMap((answer, at) =>
          answer.kind === 'written' ? [{ at, version: answer.version }] : [],
        );
        expect(winners).toHaveLength(1);
        version = winners[0]?.version ?? '';
        expect(await open().read(entry)).toMatchObject({
          entry: { value: `${round} by ${winners[0]?.at}`, version },
        });
      }
    });

    test('blobs come back whole, bounded, or not at all', async () => {
      const store = open();
      const blob = `${prefix()}/blob`;
      const bytes = new Uint8Array(100_000).map((_, at) => at % 251);
      expect(await store.getBlob(blob, 10)).toEqual({ kind: 'absent' });
      expect((await store.putBlob(blob, bytes, HOUR)).kind).toBe('written');
      const found = await open().getBlob(blob, bytes.length);
      expect(found.kind).toBe('found');
      if (found.kind === 'found') expect(Buffer.compare(found.bytes, bytes)).toBe(0);
      expect((await store.getBlob(blob, bytes.length - 1)).kind).toBe('unknown');
    });

    test('names that would leave the ledger and values too large are refused', async () => {
      const store = open();
      for (const bad of [
        '',
        '/a',
        'a/',
        '../a',
        'a/../b',
        'a//b',
        'A',
        'ä',
        'a b',
        'a/.b',
        'x'.repeat(201),
      ]) {
        await expect((async () => store.read(bad))()).rejects.toMatchObject({ code: 'internal' });
        await expect((async () => write(store, bad, 'x'))()).rejects.toMatchObject({ code: 'internal' });
        await expect((async () => store.getBlob(bad, 1))()).rejects.toMatchObject({ code: 'internal' });
      }
      await expect((async () => write(store, `${prefix()}/a`, 'x'.repeat(300_000)))()).rejects.toMatchObject({
        code: 'internal',
      });
    });

    test('a lease: one owner, taken while it lives, adopted when it is silent, fenced when it is late', async () => {
      const entry = `${prefix()}/lease`;
      const terms = { leaseMs: HOUR, retainMs: 10 * HOUR };
      const first = await acquire(open(), entry, { ...terms, leaseMs: 1, body: 'one' });
      if (first.kind !== 'acquired') throw new Error(JSON.stringify(first));
      // Its lease of a millisecond is over as soon as the store's clock says so.
      await expect
        .poll(() => acquire(open(), entry, { ...terms, body: 'two', token: 'two' }), { timeout: 10_000 })
        .toMatchObject({ kind: 'acquired', adoptedFrom: expect.any(String), lease: { attempt: 2 } });
      expect(await first.lease.renew()).toBe('lost');
      expect(await first.lease.settle('too late')).toBe('lost');
      expect(await acquire(open(), entry, { ...terms, body: 'three' })).toMatchObject({
        kind: 'taken',
        standing: { state: 'held', attempt: 2, body: 'two' },
      });
    });
  });
}
