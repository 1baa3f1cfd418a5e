import { expect, test } from 'vitest';
import { createBroadcast } from '../../../sdk/util/broadcast.ts';

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

test('each reader gets everything from its beginning, in order', async () => {
  const broadcast = createBroadcast<number>();
  const first = collect(broadcast.subscribe());
  broadcast.emit(1);
  broadcast.emit(2);
  await Promise.resolve();
  const second = collect(broadcast.subscribe());
  broadcast.emit(3);
  broadcast.end();
  expect(await first).toEqual([1, 2, 3]);
  expect(await second).toEqual([3]);
});

test('an error comes after the last value', async () => {
  const broadcast = createBroadcast<number>();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const value of broadcast.subscribe()) seen.push(value);
  })();
  broadcast.emit(1);
  broadcast.end(new Error('over'));
  await expect(reading).rejects.toThrow('over');
  expect(seen).toEqual([1]);
});

test('a reader that comes late ends at once', async () => {
  const broadcast = createBroadcast<number>();
  broadcast.emit(1);
  broadcast.end();
  expect(await collect(broadcast.subscribe())).toEqual([]);
});

test('a reader that leaves keeps nothing waiting', async () => {
  const broadcast = createBroadcast<number>();
  const reading = (async () => {
    for await (const value of broadcast.subscribe()) return value;
    return undefined;
  })();
  broadcast.emit(7);
  expect(await reading).toBe(7);
});
