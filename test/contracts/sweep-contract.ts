import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DedupStore, SweepAnswer } from '../../sdk/dedup/store.ts';
import { seededRandom } from '../support/random.ts';
import type { StoreUnderTest } from './store-contract.ts';

const DAY = 86_400_000;
const BLOB_AGE_MS = 31 * DAY;
const WRITERS = 4;
const SWEEPERS = 2;

/** What every store promises of its sweep. */
export function sweepContract(name: string, { open, prefix, age, sweepRounds = 20 }: StoreUnderTest): void {
  const sweep = (store: DedupStore, signal = new AbortController().signal): Promise<SweepAnswer> =>
    store.sweep({ blobAgeMs: BLOB_AGE_MS, signal });
  const bytes = new Uint8Array([1, 2, 3]);
  const kind = async (answer: Promise<{ readonly kind: string }>): Promise<string> => (await answer).kind;
  const write = (store: DedupStore, entry: string, value: string, expected?: string, retainMs = 90 * DAY) =>
    store.write({ name: entry, value, expected, retainMs });

  describe(`the sweep of stores: ${name}`, () => {
    test('what lives and what is fresh stays', async () => {
      const store = open();
      const entry = `${prefix()}/a`;
      await write(store, entry, 'first');
      await store.putBlob(entry, bytes, DAY);
      expect(await kind(sweep(open()))).toBe('swept');
      expect(await store.read(entry)).toMatchObject({ entry: { value: 'first' } });
      expect(await kind(store.getBlob(entry, 10))).toBe('found');
    });

    if (age === undefined) return;

    test('an entry past its retention is cleared away, and its late writers find nothing', async () => {
      const store = open();
      const [dead, alive] = [`${prefix()}/dead`, `${prefix()}/alive`];
      const first = await write(store, dead, 'x', undefined, DAY);
      await age('entries', dead, 3 * DAY);
      await write(store, alive, 'y');
      const answer = await sweep(store);
      expect(answer).toMatchObject({ kind: 'swept' });
      if (answer.kind === 'swept') expect(answer.entries).toBeGreaterThan(0);
      expect(await sweep(store)).toMatchObject({ entries: 0 });
      expect(await store.read(alive)).toMatchObject({ entry: { value: 'y' } });
      expect(await store.read(dead)).toEqual({ kind: 'absent' });
      expect(first.kind).toBe('written');
      if (first.kind === 'written')
        expect(await write(store, dead, 'late', first.version)).toEqual({ kind: 'conflict' });
      expect(await kind(write(store, dead, 'z'))).toBe('written');
    });

    test('a blob goes by when it was last put', async () => {
      const store = open();
      const [old, renewed] = [`${prefix()}/old`, `${prefix()}/renewed`];
      for (const blob of [old, renewed]) {
        await store.putBlob(blob, bytes, 90 * DAY);
        await age('blobs', blob, BLOB_AGE_MS + DAY);
      }
      await store.putBlob(renewed, bytes, 90 * DAY);
      const answer = await sweep(store);
      expect(answer).toMatchObject({ kind: 'swept' });
      if (answer.kind === 'swept') expect(answer.blobs).toBeGreaterThan(0);
      expect(await store.getBlob(old, 10)).toEqual({ kind: 'absent' });
      expect(await kind(store.getBlob(renewed, 10))).toBe('found');
      expect(await sweep(store)).toMatchObject({ blobs: 0 });
    });

    test('one that is told to stop clears nothing away', async () => {
      const store = open();
      const [entry, blob] = [`${prefix()}/a`, `${prefix()}/b`];
      await write(store, entry, 'x', undefined, DAY);
      await store.putBlob(blob, bytes, 90 * DAY);
      await age('entries', entry, 3 * DAY);
      await age('blobs', blob, BLOB_AGE_MS + DAY);
      expect(await sweep(store, AbortSignal.abort())).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
      expect(await kind(store.getBlob(blob, 10))).toBe('found');
      const answer = await sweep(store);
      if (answer.kind !== 'swept') throw new Error(answer.why);
      expect(answer.entries).toBeGreaterThan(0);
      expect(answer.blobs).toBeGreaterThan(0);
    });

    test(`${WRITERS} make a dead entry anew while it is cleared away: one does, and keeps it, ${sweepRounds} rounds`, async () => {
      const random = seededRandom(`sweep against writers, ${name}`);
      const entry = `${prefix()}/race`;
      const writers = Array.from({ length: WRITERS }, open);
      const sweepers = Array.from({ length: SWEEPERS }, open);
      const afterTicks = async <T>(ticks: number, action: () => Promise<T>): Promise<T> => {
        for (let at = 0; at < ticks; at += 1) await tick();
        return action();
      };
      for (let round = 0; round < sweepRounds; round += 1) {
        const before = await open().read(entry);
        const version = before.kind === 'found' ? before.entry.version : undefined;
        expect(await kind(write(open(), entry, 'dead', version, DAY))).toBe('written');
        await age('entries', entry, 3 * DAY);
        const sweeping = sweepers.map((store) => afterTicks(random.int(0, 20), () => sweep(store)));
        const won: string[] = [];
        await Promise.all(
          writers.map((store, by) => {
            const replaces = random.int(0, 2);
            return afterTicks(random.int(0, 20), async () => {
              let value = `${round} by ${by}`;
              let answer = await write(store, entry, value);
              if (answer.kind === 'conflict') return;
              for (let times = 0; times < replaces && answer.kind === 'written'; times += 1) {
                value += '+';
                answer = await write(store, entry, value, answer.version);
              }
              expect(answer).toMatchObject({ kind: 'written' });
              won.push(value);
            });
          }),
        );
        for (const answer of await Promise.all(sweeping)) expect(answer.kind).toBe('swept');
        expect(won).toHaveLength(1);
        expect(await open().read(entry)).toMatchObject({ entry: { value: won[0] } });
      }
    });
  });
}
