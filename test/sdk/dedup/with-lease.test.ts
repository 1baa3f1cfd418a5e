import { expect, test } from 'vitest';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { withLease } from '../../../sdk/dedup/with-lease.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

/** A promise and the function that ends it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

test('one works at a time, in turn, and gets its result back', async () => {
  const store = memoryStore();
  let inside = 0;
  let most = 0;
  const work = async (): Promise<number> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    return 7;
  };
  const results = await Promise.all(
    Array.from({ length: 5 }, () => withLease(store, 'deploy', work, { waitMs: 60_000 })),
  );
  expect(results).toEqual([7, 7, 7, 7, 7]);
  expect(most).toBe(1);
});

test('other names are no hindrance', async () => {
  const store = memoryStore();
  await withLease(store, 'a', () => withLease(store, 'b', async () => undefined));
});

test('without waiting the second is refused, and told who has it', async () => {
  const store = memoryStore();
  const { passed, open } = gate();
  const first = withLease(store, 'deploy', () => passed, { owner: { job: 'nightly' } });
  await expect(withLease(store, 'deploy', async () => undefined)).rejects.toMatchObject({
    code: 'dedup-in-flight',
    message: expect.stringContaining('nightly'),
  });
  open();
  await first;
  await withLease(store, 'deploy', async () => undefined);
});

test('what the work throws goes through, and the lease is free again', async () => {
  const store = memoryStore();
  await expect(withLease(store, 'x', () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  expect(await withLease(store, 'x', async () => 'again')).toBe('again');
});

test('a heartbeat keeps it for longer than the lease', async () => {
  const store = memoryStore();
  const { passed, open } = gate();
  const first = withLease(store, 'x', () => passed, { leaseMs: 200, heartbeatMs: 20 });
  await expect(withLease(store, 'x', async () => undefined, { waitMs: 600 })).rejects.toMatchObject({
    code: 'dedup-in-flight',
  });
  open();
  await first;
});

test('an owner whose lease was taken over is told so', async () => {
  let now = 0;
  const store = memoryStore({ now: () => now });
  let told = false;
  const taken = gate();
  const first = withLease(
    store,
    'x',
    async (lost) => {
      now += 1000;
      await withLease(store, 'x', async () => taken.open(), { leaseMs: 60_000 });
      await new Promise<void>((resolve) => lost.addEventListener('abort', () => resolve(), { once: true }));
      told = lost.aborted;
    },
    { leaseMs: 500, heartbeatMs: 10 },
  );
  await taken.passed;
  await first;
  expect(told).toBe(true);
});

test('a store that does not answer is an error, never a free lease', async () => {
  const silent: DedupStore = { ...memoryStore(), read: async () => ({ kind: 'unknown', why: 'refused' }) };
  let worked = false;
  await expect(
    withLease(silent, 'x', async () => {
      worked = true;
    }),
  ).rejects.toMatchObject({ code: 'dedup-unavailable' });
  expect(worked).toBe(false);
});

test('waiting ends when the caller stops', async () => {
  const store = memoryStore();
  const { passed, open } = gate();
  const first = withLease(store, 'x', () => passed);
  const stop = new AbortController();
  const second = withLease(store, 'x', async () => undefined, { waitMs: 60_000, signal: stop.signal });
  stop.abort();
  await expect(second).rejects.toThrow(/abort/i);
  open();
  await first;
});
