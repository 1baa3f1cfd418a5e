import { describe, expect, onTestFinished, test } from 'vitest';
import { type StoreExample, storeExample } from '../support/store-example.ts';

async function example(name: string): Promise<StoreExample> {
  const made = await storeExample(name, 'duckdb');
  onTestFinished(made.remove);
  return made;
}

describe('the example of the store', () => {
  test('memory: one of two executes, the other takes its result', async () => {
    const memory = await example('memory');
    expect(await memory.run()).toEqual([
      'executed and replayed',
      'one publishes alone',
      'the other publishes alone',
    ]);
  });

  test('file: the second run takes the result of the first', async () => {
    const file = await example('file');
    expect(await file.run()).toEqual(['executed: no-record', 'publishing alone']);
    expect(await file.run()).toEqual(['replayed', 'publishing alone']);
  });
});
