import { afterAll, expect } from 'vitest';
import type { DedupStore, SweepAnswer } from '../../sdk/dedup/store.ts';

const HOUR = 3_600_000;

let count = 0;
/** Words no other test of this process begins a name with. */
export function prefix(): string {
  count += 1;
  return `t${count}`;
}

/** Opens stores and closes them all at the end of the file. */
export function opened<T>(open: (options: T) => DedupStore): (options: T) => DedupStore {
  const stores: DedupStore[] = [];
  afterAll(async () => {
    for (const store of stores) await store.close();
  });
  return (options) => {
    const store = open(options);
    stores.push(store);
    return store;
  };
}

/** Asks everything there is to ask of a store that cannot answer: never `absent`, and nothing is thrown but by a list. */
export async function expectUnknown(store: DedupStore, name: string): Promise<void> {
  expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
  expect(await store.write({ name, value: 'y', expected: undefined, retainMs: HOUR })).toMatchObject({
    kind: 'unknown',
  });
  expect(await store.write({ name, value: 'y', expected: '1', retainMs: HOUR })).toMatchObject({
    kind: 'unknown',
  });
  expect(await store.remove(name, '1')).toMatchObject({ kind: 'unknown' });
  expect(await store.putBlob(name, new Uint8Array(3), HOUR)).toMatchObject({ kind: 'unknown' });
  expect(await store.getBlob(name, 10)).toMatchObject({ kind: 'unknown' });
  // Redis has nothing to do, and asks nothing.
  if (store.kind !== 'redis') expect(await swept(store)).toMatchObject({ kind: 'unknown' });
  await expect(listed(store)).rejects.toMatchObject({ code: 'dedup-unavailable' });
}

export function swept(store: DedupStore): Promise<SweepAnswer> {
  return store.sweep({ blobAgeMs: 31 * 24 * HOUR, signal: new AbortController().signal });
}

export async function listed(store: DedupStore, namePrefix = ''): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.list(namePrefix)) names.push(name);
  return names.sort();
}
