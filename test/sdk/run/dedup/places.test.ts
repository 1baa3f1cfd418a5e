import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../../sdk/artifacts/types.ts';
import type { NodeDecision } from '../../../../sdk/decisions/decision.ts';
import { externalNodes, placesOfNodes, placesOfTarget } from '../../../../sdk/run/dedup/places.ts';

const TARGET = JSON.stringify([
  ['database', 'shop'],
  ['schema', 'dev'],
  ['server', 'wh'],
  ['type', 'postgres'],
]);
const place = (schema: string, database = 'shop'): string =>
  JSON.stringify([
    ['database', database],
    ['schema', schema],
    ['server', 'wh'],
    ['type', 'postgres'],
  ]);

type Node = readonly [id: string, type: string, schema: string, more?: object];

function project(nodes: readonly Node[]): { manifest: Manifest; decisions: readonly NodeDecision[] } {
  const entries = nodes.map(([id, type, schema, more]) => [
    id,
    { unique_id: id, resource_type: type, database: 'SHOP', schema, config: {}, ...more },
  ]);
  return {
    manifest: { nodes: Object.fromEntries(entries) } as unknown as Manifest,
    decisions: nodes.map(([uniqueId]) => ({ uniqueId }) as NodeDecision),
  };
}

describe('the places of a target', () => {
  test('a server is one, each database file is one', () => {
    expect(placesOfTarget(TARGET)).toEqual([TARGET]);
    const files = JSON.stringify([
      ['files', '/a.duckdb', '/b.duckdb'],
      ['type', 'duckdb'],
    ]);
    expect(placesOfTarget(files)).toEqual(['[["file","/a.duckdb"]]', '[["file","/b.duckdb"]]']);
  });
});

describe('the places of nodes', () => {
  const shop = project([
    ['model.a', 'model', 'DEV'],
    ['model.b', 'model', 'marts'],
    ['snapshot.c', 'snapshot', 'history', { database: 'archive' }],
    ['seed.d', 'seed', 'raw'],
    ['test.e', 'test', 'audit'],
  ]);
  const of = (more: object) => placesOfNodes(TARGET, { ...shop, writes: true, stores: false, ...more });

  test('what was run was written, the rest of the project is read; the target’s own schema is the target', () => {
    expect(of({})).toEqual({
      wrote: [TARGET, place('marts'), place('history', 'archive'), place('raw')],
      read: [],
    });
    expect(of({ decisions: shop.decisions.slice(1, 2) })).toEqual({
      wrote: [place('marts')],
      read: [TARGET, place('history', 'archive'), place('raw')],
    });
  });

  test('a command that only reads writes nothing but failures that tests keep', () => {
    expect(of({ writes: false }).wrote).toEqual([]);
    expect(of({ writes: false, stores: true }).wrote).toEqual([place('audit')]);
    const said = (config: object) => ({
      ...project([['test.e', 'test', 'audit', { config }]]),
      writes: false,
    });
    expect(of({ ...said({ store_failures: true }) }).wrote).toEqual([place('audit')]);
    expect(of({ ...said({ store_failures: false }), stores: true }).wrote).toEqual([]);
    expect(of({ ...said({ store_failures_as: 'view' }) }).wrote).toEqual([place('audit')]);
    expect(of({ ...said({ store_failures_as: 'ephemeral' }), stores: true }).wrote).toEqual([]);
  });

  test('in database files the files alone are places', () => {
    const files = JSON.stringify([
      ['files', '/a.duckdb'],
      ['type', 'duckdb'],
    ]);
    expect(placesOfNodes(files, { ...shop, writes: true, stores: false })).toEqual({ wrote: [], read: [] });
  });

  test('external models are named', () => {
    const external = project([
      ['model.x', 'model', 'dev', { config: { materialized: 'external' } }],
      ['model.y', 'model', 'dev', { config: { materialized: 'table' } }],
    ]);
    expect(externalNodes(external.manifest, external.decisions)).toEqual(['model.x']);
    expect(externalNodes(external.manifest, external.decisions.slice(1))).toEqual([]);
  });
});
