import { describe, expect, test } from 'vitest';
import type { Manifest, ManifestNode } from '../../../sdk/artifacts/types.ts';
import { downstreamOf } from '../../../sdk/managed-state/downstream-of.ts';
import { modifiedNodes } from '../../../sdk/managed-state/modified-nodes.ts';
import { selectState } from '../../../sdk/managed-state/select-state.ts';
import { readRecording } from './recording.ts';

const core = await readRecording('core-1.12');
const fusion = await readRecording('fusion');

function coreAfter(edit: string) {
  const { now } = core.edits.get(edit) ?? expect.unreachable(edit);
  return { now, changes: modifiedNodes(core.before, now, 'core') };
}

describe('why a node is listed', () => {
  test.each([
    ['model body', { uniqueId: 'model.bakery.plain', kinds: ['body'] }],
    ['new model', { uniqueId: 'model.bakery.fresh', kinds: ['new'] }],
    [
      'materialization in yml',
      { uniqueId: 'model.bakery.orders', kinds: ['configs'], configs: ['materialized'] },
    ],
    ['alias in yml', { uniqueId: 'model.bakery.orders', kinds: ['relation'], relation: ['alias'] }],
    [
      'persisted description of a column',
      { uniqueId: 'model.bakery.described', kinds: ['persisted-descriptions'] },
    ],
    ['contract: type', { uniqueId: 'model.bakery.priced', kinds: ['contract'] }],
    ['seed content', { uniqueId: 'seed.bakery.raw_orders', kinds: ['body'] }],
    ['source schema', { uniqueId: 'source.bakery.oven.batches', kinds: ['relation'], relation: ['schema'] }],
    [
      'deprecation date',
      { uniqueId: 'model.bakery.plain', kinds: ['properties'], properties: ['deprecation_date'] },
    ],
    [
      'owner of an exposure',
      { uniqueId: 'exposure.bakery.board', kinds: ['properties'], properties: ['owner'] },
    ],
    ['expectation of a unit test', { kinds: ['properties'], properties: ['checksum'] }],
    ['severity of a test', { kinds: ['body', 'configs'], configs: ['severity'] }],
    ['model moved within its configs', { uniqueId: 'model.bakery.by_env', kinds: ['path'] }],
  ])('%s', (edit, expected) => {
    expect(coreAfter(edit).changes[0]).toMatchObject(expected);
  });

  test('the macro, and the way from the node to it', () => {
    expect(coreAfter('macro').changes).toMatchObject([
      { uniqueId: 'model.bakery.orders', macros: [{ macro: 'macro.bakery.cents', via: [] }] },
    ]);
    expect(coreAfter('macro that a macro calls').changes).toMatchObject([
      { macros: [{ macro: 'macro.bakery.rounded', via: ['macro.bakery.cents'] }] },
    ]);
    expect(coreAfter('macro of a package').changes).toMatchObject([
      { uniqueId: 'model.bakery.daily', macros: [{ macro: 'macro.helpers.day', via: [] }] },
    ]);
  });

  test('a difference that only a narrower selector sees', () => {
    const { changes, now } = coreAfter('tags of a test');
    expect(changes).toMatchObject([{ kinds: ['body'], selectedBy: ['modified.body'] }]);
    expect(selectState(changes, 'modified', now)).toEqual([]);
    expect(selectState(changes, 'modified.body', now)).toHaveLength(1);
  });
});

test('below which changed node a node stands', () => {
  const { changes, now } = coreAfter('seed content');
  const below = downstreamOf(changes, now);
  expect(below.get('model.bakery.daily')).toEqual(['seed.bakery.raw_orders']);
  expect(below.get('exposure.bakery.board')).toEqual(['seed.bakery.raw_orders']);
  expect(below.has('seed.bakery.raw_orders')).toBe(false);
  expect(below.has('model.bakery.plain')).toBe(false);
  expect([...below.keys()].filter((uniqueId) => uniqueId.startsWith('analysis.'))).toEqual([]);
});

describe('what stands in no manifest', () => {
  const moved = (source: ManifestNode): ManifestNode => ({ ...source, schema: 'elsewhere' });
  const [uniqueId, source] = Object.entries(core.before.sources)[0] ?? expect.unreachable();
  const now: Manifest = { ...core.before, sources: { ...core.before.sources, [uniqueId]: moved(source) } };

  test('whether sources are compared as they are written', () => {
    expect(modifiedNodes(core.before, now, 'core')).toEqual([]);
    expect(modifiedNodes(core.before, now, 'core', { compareMoreUnrendered: false })).toMatchObject([
      { uniqueId, relation: ['schema'] },
    ]);
    const of111 = { ...now, metadata: { ...now.metadata, dbt_version: '1.11.16' } };
    expect(modifiedNodes(core.before, of111, 'core')).toHaveLength(1);
  });

  test('a seed too large for a checksum is compared by its path', () => {
    const id = 'seed.bakery.raw_orders';
    const seed = core.before.nodes[id] ?? expect.unreachable();
    const large = (path: string): Manifest => ({
      ...core.before,
      nodes: { ...core.before.nodes, [id]: { ...seed, checksum: { name: 'path', checksum: path } } },
    });
    expect(modifiedNodes(large('seeds/a.csv'), large('seeds/a.csv'), 'core')).toEqual([]);
    expect(modifiedNodes(large('seeds/a.csv'), large('seeds/b.csv'), 'core')).toMatchObject([
      { kinds: ['body'] },
    ]);
  });

  test('sql_header is a config of tests from dbt Core 1.12 on', () => {
    const id = 'test.bakery.no_free_orders';
    const node = core.before.nodes[id] ?? expect.unreachable();
    const changed = { ...node, unrendered_config: { sql_header: 'select 1' } };
    const edited: Manifest = { ...core.before, nodes: { ...core.before.nodes, [id]: changed } };
    expect(modifiedNodes(core.before, edited, 'core')).toMatchObject([{ configs: ['sql_header'] }]);
    expect(modifiedNodes(core.before, edited, 'core', { testsHaveHeader: false })).toEqual([]);
  });
});

test('dbt v2 knows a renamed test by what it tests, unless two test the same', () => {
  const { now } = fusion.edits.get('name of a test') ?? expect.unreachable();
  const [change] = modifiedNodes(fusion.before, now, 'fusion');
  expect(change).toMatchObject({ uniqueId: expect.stringContaining('no_debts'), kinds: ['path'] });

  const [id, node] =
    Object.entries(fusion.before.nodes).find(([each]) => each.includes('.positive_')) ?? expect.unreachable();
  const twin = { ...fusion.before.nodes, [`${id}.twin`]: { ...node, unique_id: `${id}.twin` } };
  expect(modifiedNodes({ ...fusion.before, nodes: twin }, now, 'fusion')[0]?.kinds).toEqual(['new']);
});

test('an export of a saved query is compared by its name and by what is written for it', () => {
  const [id, query] = Object.entries(core.before.saved_queries)[0] ?? expect.unreachable();
  const withExport = (config: object, unrendered: object): Manifest => {
    const exports = [{ name: 'table', config, unrendered_config: unrendered }];
    return { ...core.before, saved_queries: { [id]: { ...query, exports } } };
  };
  const before = withExport({ schema_name: 'dev' }, { export_as: 'table' });
  expect(modifiedNodes(before, withExport({ schema_name: 'prod' }, { export_as: 'table' }), 'core')).toEqual(
    [],
  );
  expect(
    modifiedNodes(before, withExport({ schema_name: 'dev' }, { export_as: 'view' }), 'core'),
  ).toMatchObject([{ kinds: ['properties'], properties: ['exports'] }]);
});

test('an exposure may name its parents in another order', () => {
  const [id, board] = Object.entries(core.before.exposures)[0] ?? expect.unreachable();
  const withParents = (nodes: readonly string[]): Manifest => {
    return { ...core.before, exposures: { [id]: { ...board, depends_on: { nodes } } } };
  };
  expect(modifiedNodes(withParents(['a', 'b']), withParents(['b', 'a', 'a']), 'core')).toEqual([]);
  expect(modifiedNodes(withParents(['a', 'b']), withParents(['a']), 'core')).toHaveLength(1);
});

test('dbt v2 does not count a macro that is new or gone, dbt Core does', () => {
  const id = 'macro.bakery.cents';
  const without = (manifest: Manifest): Manifest => {
    const { [id]: _, ...macros } = manifest['macros'] as Record<string, unknown>;
    return { ...manifest, macros };
  };
  expect(modifiedNodes(without(fusion.before), fusion.before, 'fusion')).toEqual([]);
  expect(modifiedNodes(fusion.before, without(fusion.before), 'fusion')).toEqual([]);
  expect(modifiedNodes(without(core.before), core.before, 'core')).toMatchObject([
    { macros: [{ macro: id }] },
  ]);
});

test('a config that is set to null is a difference to dbt Core', () => {
  const id = 'model.bakery.plain';
  const model = core.before.nodes[id] ?? expect.unreachable();
  const config = { ...(model['unrendered_config'] as object), full_refresh: null };
  const now = {
    ...core.before,
    nodes: { ...core.before.nodes, [id]: { ...model, unrendered_config: config } },
  };
  expect(modifiedNodes(core.before, now, 'core')).toMatchObject([{ configs: ['full_refresh'] }]);
});
