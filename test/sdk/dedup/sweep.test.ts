import { expect, test } from 'vitest';
import type { DedupStore, SweepOptions } from '../../../sdk/dedup/store.ts';
import { sweepNowAndThen, sweptBlobAge } from '../../../sdk/dedup/sweep-now-and-then.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

const DAY = 86_400_000;
const signal = new AbortController().signal;
const bytes = new Uint8Array(1);

/** A store with a clock to turn, and what its sweeps were asked. */
function ledger(): {
  readonly store: DedupStore;
  readonly asked: SweepOptions[];
  readonly pass: (ms: number) => void;
} {
  let now = 0;
  const memory = memoryStore({ now: () => now });
  const asked: SweepOptions[] = [];
  const store: DedupStore = {
    ...memory,
    sweep: (options) => {
      asked.push(options);
      return memory.sweep(options);
    },
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { store, asked, pass };
}

test('one of many at the same time sweeps, and the next one a day later', async () => {
  const { store, asked, pass } = ledger();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => sweepNowAndThen(store, { retainMs: DAY, signal })),
  );
  expect(answers.filter((answer) => answer !== undefined)).toEqual([{ kind: 'swept', entries: 0, blobs: 0 }]);
  pass(DAY - 1);
  expect(await sweepNowAndThen(store, { retainMs: DAY, signal })).toBeUndefined();
  pass(1);
  expect(await sweepNowAndThen(store, { retainMs: DAY, signal })).toMatchObject({ kind: 'swept' });
  expect(asked).toHaveLength(2);
});

test('how often is up to the caller', async () => {
  const { store, asked, pass } = ledger();
  for (let times = 0; times < 3; times += 1) {
    await sweepNowAndThen(store, { retainMs: DAY, signal, everyMs: 1000 });
    pass(1000);
  }
  expect(asked).toHaveLength(3);
});

test('a blob goes a day after the retention, and 31 days after it was put at the earliest', async () => {
  const { store, asked } = ledger();
  await sweepNowAndThen(store, { retainMs: DAY, signal });
  expect(asked.map(({ blobAgeMs }) => blobAgeMs)).toEqual([31 * DAY]);
  const other = ledger();
  await sweepNowAndThen(other.store, { retainMs: 90 * DAY, signal });
  expect(other.asked.map(({ blobAgeMs }) => blobAgeMs)).toEqual([91 * DAY]);
});

test('the longest retention of all who share a ledger counts', async () => {
  const { store, asked, pass } = ledger();
  await sweepNowAndThen(store, { retainMs: DAY, signal });
  // Told at once, not only when it is this one's turn.
  await sweepNowAndThen(store, { retainMs: 90 * DAY, signal });
  expect(await sweptBlobAge(store)).toBe(91 * DAY);
  pass(DAY);
  await sweepNowAndThen(store, { retainMs: DAY, signal });
  expect(asked.at(-1)?.blobAgeMs).toBe(91 * DAY);
});

test('what is old goes by it', async () => {
  const { store, pass } = ledger();
  await store.write({ name: 'a', value: 'x', expected: undefined, retainMs: DAY });
  await store.putBlob('b', bytes, 90 * DAY);
  pass(32 * DAY);
  await store.putBlob('c', bytes, 90 * DAY);
  expect(await sweepNowAndThen(store, { retainMs: DAY, signal })).toEqual({
    kind: 'swept',
    entries: 1,
    blobs: 1,
  });
  expect(await store.getBlob('c', 1)).toMatchObject({ kind: 'found' });
});

test('an entry of another shape is written over', async () => {
  const { store, asked, pass } = ledger();
  await store.write({ name: 'sweeps/last', value: 'no JSON', expected: undefined, retainMs: DAY });
  pass(1);
  await sweepNowAndThen(store, { retainMs: DAY, signal });
  expect(asked).toHaveLength(1);
  expect(await sweptBlobAge(store)).toBe(31 * DAY);
});

test('nothing is thrown, whatever the store does', async () => {
  const { store } = ledger();
  const broken: Partial<DedupStore>[] = [
    { read: () => Promise.reject(new Error('broke')) },
    { read: async () => ({ kind: 'unknown', why: 'silent' }) },
    { write: () => Promise.reject(new Error('broke')) },
    { write: async () => ({ kind: 'unknown', why: 'silent' }) },
    { sweep: () => Promise.reject(new Error('broke')) },
  ];
  for (const one of broken) {
    expect(
      await sweepNowAndThen({ ...store, ...one }, { retainMs: DAY, signal, everyMs: 0 }),
    ).toBeUndefined();
  }
});

test('a store that keeps silent is left when the caller stops', async () => {
  const { store } = ledger();
  const stop = new AbortController();
  let told: AbortSignal | undefined;
  const silent: DedupStore = {
    ...store,
    sweep: (options) => {
      told = options.signal;
      stop.abort();
      return new Promise(() => undefined);
    },
  };
  expect(await sweepNowAndThen(silent, { retainMs: DAY, signal: stop.signal })).toBeUndefined();
  expect(told?.aborted).toBe(true);
});

test('one that is stopped already asks nothing', async () => {
  const { store, asked } = ledger();
  expect(await sweepNowAndThen(store, { retainMs: DAY, signal: AbortSignal.abort() })).toBeUndefined();
  expect(asked).toEqual([]);
  expect(await store.read('sweeps/last')).toEqual({ kind: 'absent' });
});
