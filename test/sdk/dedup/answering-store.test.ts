import { expect, test, vi } from 'vitest';
import { type AnsweringOptions, answeringStore } from '../../../sdk/dedup/answering-store.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

const BYTES = new Uint8Array(3);
/** A test that hangs fails by its own limit; one that is late for another reason does not. */
const SHORT = { callMs: 30, blobMs: 30, sweepMs: 30, closeMs: 30 };

/** Every call of a store, by its name. */
const CALLS: Readonly<Record<string, (store: DedupStore) => Promise<unknown>>> = {
  read: (store) => store.read('a'),
  write: (store) => store.write({ name: 'a', value: 'x', expected: undefined, retainMs: 1000 }),
  remove: (store) => store.remove('a', '1'),
  putBlob: (store) => store.putBlob('a', BYTES, 1000),
  getBlob: (store) => store.getBlob('a', 10),
  sweep: (store) => store.sweep({ blobAgeMs: 1, signal: new AbortController().signal }),
};
const NAMES = Object.keys(CALLS);

/** A store that answers every call with this. */
function driver(answer: () => unknown): DedupStore {
  const { kind, guarantees } = memoryStore();
  const calls = Object.fromEntries(NAMES.map((name) => [name, answer]));
  const list = () => ({ [Symbol.asyncIterator]: () => ({ next: answer }) });
  return { kind, guarantees, close: answer, list, ...calls } as unknown as DedupStore;
}

const silent = (): DedupStore => driver(() => new Promise(() => undefined));

function call(name: string, store: DedupStore): Promise<unknown> {
  const asked = CALLS[name];
  if (asked === undefined) throw new Error(name);
  return asked(store);
}

async function names(store: DedupStore): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const name of store.list('')) all.push(name);
  return all;
}

test.each(NAMES)('%s: no answer is unknown after its limit', async (name) => {
  const answer = await call(name, answeringStore(silent(), { limits: SHORT }));
  expect(answer).toEqual({ kind: 'unknown', why: expect.stringMatching(/^no answer within 0\.03\d* s$/) });
});

test('a list and a close that hang end as well', async () => {
  const store = answeringStore(silent(), { limits: SHORT });
  await expect(names(store)).rejects.toMatchObject({
    code: 'dedup-unavailable',
    message: 'The memory store could not be listed: no answer within 0.03 s',
  });
  await store.close();
});

test('the limits: half a minute, and for a blob by its size', async () => {
  vi.useFakeTimers();
  try {
    const store = answeringStore(silent());
    const read = store.read('a');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await read).toMatchObject({ why: 'no answer within 30 s' });
    const blob = store.getBlob('a', 1_000_000);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(await blob).toMatchObject({ why: 'no answer within 70 s' });
  } finally {
    vi.useRealTimers();
  }
});

test('a stop ends every call that waits at once, and a close too', async () => {
  for (const end of ['stop', 'close'] as const) {
    const stopping = new AbortController();
    const store = answeringStore(silent(), { signal: stopping.signal, leavesOpen: true });
    const waiting = NAMES.map((name) => call(name, store));
    const listing = expect(names(store)).rejects.toMatchObject({ code: 'dedup-unavailable' });
    if (end === 'stop') stopping.abort();
    else await store.close();
    const why = end === 'stop' ? 'the run was stopped before it answered' : 'the ledger was closed';
    expect(await Promise.all(waiting)).toEqual(NAMES.map(() => ({ kind: 'unknown', why })));
    await listing;
  }
});

test('after a stop there is a little time for each call, and what answers is heard', async () => {
  const limits = { ...SHORT, callMs: 60_000, stoppedMs: 20 };
  const options: AnsweringOptions = { signal: AbortSignal.abort(), limits };
  expect(await answeringStore(silent(), options).read('a')).toMatchObject({ why: 'no answer within 0.02 s' });
  expect(await answeringStore(memoryStore(), options).read('a')).toEqual({ kind: 'absent' });
});

test('a store of its caller is not closed, and asked nothing any more', async () => {
  const closed = vi.fn(async () => undefined);
  const store = answeringStore({ ...memoryStore(), close: closed }, { leavesOpen: true });
  await store.close();
  expect(closed).not.toHaveBeenCalled();
  expect(await store.read('a')).toEqual({ kind: 'unknown', why: 'the ledger was closed' });
});

const NONSENSE: readonly unknown[] = [
  ...[undefined, null, 'found', 7, {}, { kind: 'yes' }, { kind: 'unknown' }],
  { kind: 'found', entry: null },
  { kind: 'found', entry: { value: 'x', version: 1, ageMs: 0 } },
  { kind: 'found', entry: { value: 'x', version: '1', ageMs: Number.NaN } },
  { kind: 'found', bytes: 'text' },
  { kind: 'written' },
  { kind: 'swept', entries: -1, blobs: 0 },
];

test.each(NAMES)('%s: what has no shape of an answer is unknown', async (name) => {
  for (const nonsense of NONSENSE) {
    const expected = { kind: 'unknown', why: 'the store gave no answer that can be read' };
    for (const answer of [() => nonsense, async () => nonsense])
      expect(await call(name, answeringStore(driver(answer))), JSON.stringify(nonsense)).toEqual(expected);
  }
});

test('a list of what are no names is unavailable', async () => {
  for (const nonsense of [undefined, null, 7, { done: false, value: 7 }])
    await expect(names(answeringStore(driver(() => nonsense)))).rejects.toMatchObject({
      code: 'dedup-unavailable',
    });
});

test('what is thrown is unknown, at once or later', async () => {
  const now = driver(() => {
    throw new Error('no disk');
  });
  const later = driver(async () => {
    throw new Error('no disk');
  });
  for (const store of [now, later]) {
    for (const name of NAMES)
      expect(await call(name, answeringStore(store))).toEqual({ kind: 'unknown', why: 'no disk' });
    await expect(names(answeringStore(store))).rejects.toMatchObject({ code: 'dedup-unavailable' });
  }
});

test('good answers come through as they are', async () => {
  const store = answeringStore(memoryStore());
  expect(await CALLS['write']?.(store)).toMatchObject({ kind: 'written' });
  expect(await store.read('a')).toMatchObject({ kind: 'found', entry: { value: 'x' } });
  expect(await store.putBlob('b', BYTES, 1000)).toMatchObject({ kind: 'written' });
  expect(await store.getBlob('b', 10)).toEqual({ kind: 'found', bytes: BYTES });
  expect(await names(store)).toEqual(['a']);
  expect(await store.sweep({ blobAgeMs: 1, signal: new AbortController().signal })).toMatchObject({
    kind: 'swept',
  });
});
