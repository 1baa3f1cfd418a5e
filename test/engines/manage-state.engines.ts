import { afterAll, beforeAll, expect, test } from 'vitest';
import { FUSION } from '../support/engine.ts';
import { type Library, library } from './library.ts';

let shop: Library;
beforeAll(async () => {
  shop = await library(FUSION);
});
afterAll(() => shop?.remove());

test('dbt v2 says “New changes detected” on DuckDB, where it never asks State: that proves nothing', async () => {
  const bare = await shop.bare(['build', '--manage-state']);
  expect(bare.stdout).toContain('New changes detected');

  const result = await shop.run(['build', '--manage-state']);
  expect(result).toMatchObject({ outcome: 'executed', engine: { kind: 'fusion', adapterType: 'duckdb' } });
  expect(result.state.kind).toBe('inactive');
  expect(result.decisions.length).toBeGreaterThan(10);
  for (const node of result.decisions) {
    expect(['built', 'tested'], node.name).toContain(node.action);
    expect(node.because, node.name).not.toBe('state-decided');
  }
  expect(result.savings).toBeUndefined();
});

test('without the switch State is not wanted', async () => {
  const result = await shop.run(['build']);
  expect(result.state.kind).toBe('absent');
});
