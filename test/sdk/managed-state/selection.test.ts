import { describe, expect, test } from 'vitest';
import type { JsonObject, Manifest, RunResults, SourcesArtifact } from '../../../sdk/artifacts/types.ts';
import { builtInConcerns } from '../../../sdk/managed-state/built-in-concerns.ts';
import { fresherSources } from '../../../sdk/managed-state/fresher-sources.ts';
import { changedValues } from '../../../sdk/managed-state/known-values.ts';
import { overlooked } from '../../../sdk/managed-state/overlooked.ts';
import type { KnownChanges } from '../../../sdk/managed-state/oversight.ts';
import { selectionReasons } from '../../../sdk/managed-state/selection-reasons.ts';
import { selectionToken } from '../../../sdk/managed-state/selection-token.ts';
import { strictSelection } from '../../../sdk/managed-state/strict-selection.ts';
import { readRecording } from './recording.ts';

const core = await readRecording('core-1.12');
const fusion = await readRecording('fusion');

function edited(edit: string, known: KnownChanges = {}, engine: 'core' | 'fusion' = 'core') {
  const { before, edits } = engine === 'core' ? core : fusion;
  const { now } = edits.get(edit) ?? expect.unreachable(edit);
  return { before, now, oversights: overlooked(before, now, engine, known), engine, known };
}

/** The recorded manifest with more macros, and nodes changed. */
function withMacros(
  texts: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, JsonObject>> = {},
): Manifest {
  const macros = Object.entries(texts).map(([name, text]) => {
    const id = `macro.bakery.${name}`;
    return [id, { unique_id: id, name, package_name: 'bakery', macro_sql: text, depends_on: { macros: [] } }];
  });
  const nodes = Object.entries(changes).map(([id, change]) => [id, { ...core.before.nodes[id], ...change }]);
  return {
    ...core.before,
    macros: { ...(core.before['macros'] as object), ...Object.fromEntries(macros) },
    nodes: { ...core.before.nodes, ...Object.fromEntries(nodes) },
  };
}

function strictly(before: Manifest, now: Manifest, known: KnownChanges = {}) {
  return strictSelection({ before, now, engine: 'core', oversights: overlooked(before, now, 'core', known) });
}

describe('why nodes are selected', () => {
  test('what changed, and what stands below it', () => {
    const { changes, downstream } = selectionReasons(edited('seed content'));
    expect(changes.map(({ uniqueId }) => uniqueId)).toEqual(['seed.bakery.raw_orders']);
    expect(downstream['model.bakery.daily']).toEqual(['seed.bakery.raw_orders']);
  });

  test('a difference that neither state:modified nor state:new sees is no reason', () => {
    expect(selectionReasons(edited('tags of a test')).changes).toEqual([]);
  });

  test('what failed in the last run, with what stands below it now; and what was skipped', () => {
    const results = [
      { unique_id: 'model.bakery.stg_orders', status: 'error' },
      { unique_id: 'test.bakery.no_free_orders', status: 'fail' },
      { unique_id: 'model.bakery.plain', status: 'skipped' },
      { unique_id: 'model.bakery.by_env', status: 'success' },
      { unique_id: 'model.bakery.long_gone', status: 'error' },
      { unique_id: 'model.bakery.by_var', status: 'partial success' },
    ];
    const lastResults = { results } as unknown as RunResults;
    const { retried } = selectionReasons({ ...edited('nothing'), lastResults });
    expect(retried).toEqual(
      expect.arrayContaining([
        'model.bakery.stg_orders',
        'model.bakery.orders',
        'test.bakery.no_free_orders',
        'model.bakery.by_var',
        'model.bakery.plain',
      ]),
    );
    for (const id of ['by_env', 'long_gone']) expect(retried).not.toContain(`model.bakery.${id}`);
    const ofOther = selectionReasons({ ...edited('nothing'), lastResults, isOfOtherCode: true });
    expect(ofOther.retried).toContain('model.bakery.by_env');
    const skipped = { results: results.slice(2, 4) } as unknown as RunResults;
    expect(selectionReasons({ ...edited('nothing'), lastResults: skipped }).retried).toEqual([]);
  });

  test('what stands below sources with newer data', () => {
    const { fresher } = selectionReasons({
      ...edited('nothing'),
      fresherSources: ['source.bakery.oven.batches', 'source.bakery.oven.gone'],
    });
    expect(fresher).toContain('model.bakery.stg_batches');
    expect(fresher).not.toContain('source.bakery.oven.batches');
  });
});

describe('which sources are fresher', () => {
  const asked = (version: string, times: Readonly<Record<string, string | undefined>>) =>
    ({
      metadata: { dbt_version: version },
      results: Object.entries(times).map(([id, time]) => ({ unique_id: id, max_loaded_at: time })),
    }) as unknown as SourcesArtifact;

  test('by the microsecond, in any time zone; dbt Core takes what was not known before', () => {
    const before = {
      a: '2026-01-01T00:00:00.000001+00:00',
      b: '2026-01-01T02:00:00+02:00',
      c: '2026-01-02T00:00:00Z',
    };
    const now = {
      a: '2026-01-01T00:00:00.000002Z',
      b: '2026-01-01T00:00:00Z',
      c: '2026-01-01T00:00:00Z',
      d: '2020-01-01T00:00:00Z',
      e: undefined,
    };
    expect(fresherSources(asked('1.12.6', before), asked('1.12.6', now))).toEqual(['a', 'd']);
    expect(fresherSources(asked('2.0.0', before), asked('2.0.0', now))).toEqual(['a']);
  });
});

test('which values have changed', () => {
  const none = { variables: {}, environment: {} };
  expect(changedValues(undefined, none)).toEqual({ isUnknown: true });
  expect(
    changedValues(
      { variables: { a: '1', b: '1', constructor: '1' }, environment: {} },
      { variables: { a: '1', b: '2' }, environment: { C: '1' } },
    ),
  ).toEqual({ variables: ['b', 'constructor'], environment: ['C'] });
});

describe('what strict adds', () => {
  test.each(['nothing', 'model body', 'macro', 'another target', 'project hook', 'model deleted'])(
    '%s: nothing',
    (edit) => {
      const strict = strictSelection(edited(edit));
      expect(strict).toEqual({ kind: 'nodes', uniqueIds: [], tokens: [] });
    },
  );

  test('everything for a macro of dbt’s that has a part in nobody knows what', () => {
    expect(strictSelection(edited('built-in macro overridden'))).toEqual({
      kind: 'everything',
      because: { kind: 'built-in-macro', macro: 'macro.bakery.current_timestamp' },
    });
  });

  test('the node and what stands below it, in one word', () => {
    const found = strictSelection(edited('environment variable in SQL', { environment: ['BAKERY_CITY'] }));
    expect(found).toMatchObject({ tokens: ['fqn:bakery.marts.by_env+'] });
    const stg = { kind: 'not-compared', uniqueId: 'model.bakery.stg_orders', fields: [] } as const;
    const below = { ...stg, uniqueId: 'model.bakery.orders' };
    const strict = strictSelection({ ...edited('nothing'), oversights: [stg, below] });
    expect(strict).toMatchObject({
      tokens: ['fqn:bakery.staging.stg_orders+'],
      uniqueIds: expect.arrayContaining(['model.bakery.stg_orders', 'model.bakery.orders']),
    });
  });

  test('not what dbt selects anyway', () => {
    const below = { kind: 'not-compared', uniqueId: 'model.bakery.daily', fields: [] } as const;
    expect(strictSelection({ ...edited('seed content'), oversights: [below] })).toMatchObject({ tokens: [] });
  });

  test('a macro that an override of dbt’s calls', () => {
    const texts = (helped: string) => ({
      get_where_subquery: '{% macro get_where_subquery(relation) %}{{ helped() }}{% endmacro %}',
      helped,
    });
    const strict = strictly(withMacros(texts('1')), withMacros(texts('2')));
    expect(strict).toMatchObject({ uniqueIds: expect.arrayContaining(['test.bakery.no_free_orders']) });
    expect(JSON.stringify(strict)).not.toContain('"model.');
  });

  test('a materialization of the project, and what it calls by dispatch', () => {
    const texts = (written: string) => ({
      materialization_kept_default:
        "{% materialization kept, default %}{{ adapter.dispatch('write_kept')() }}{% endmaterialization %}",
      default__write_kept: written,
    });
    const kept = { 'model.bakery.plain': { config: { materialized: 'kept' } } };
    expect(strictly(withMacros(texts('1'), kept), withMacros(texts('2'), kept))).toMatchObject({
      tokens: ['fqn:bakery.marts.plain+'],
    });
  });

  test('an override that reads a variable, and a naming macro that does', () => {
    const reading = (name: string) =>
      withMacros({ [name]: "{% macro x() %}{{ var('depth') }}{% endmacro %}" });
    const known = { variables: ['depth'] };
    const override = reading('create_table_as_sql_of_ours');
    expect(strictly(override, override, known)).toMatchObject({ kind: 'nodes', tokens: [] });
    const timestamp = reading('current_timestamp');
    expect(strictly(timestamp, timestamp, known).kind).toBe('everything');
    const [old, naming] = [reading('generate_schema_name'), reading('generate_schema_name')];
    const plain = old.nodes['model.bakery.plain'] ?? expect.unreachable();
    const moved = { ...plain, schema: 'b', relation_name: '"b"."plain"' };
    const now = {
      ...naming,
      nodes: Object.fromEntries(
        Object.entries(naming.nodes).map(([id, node]) => [id, id === 'model.bakery.plain' ? moved : node]),
      ),
    };
    expect(strictly(old, now, known)).toMatchObject({ tokens: ['fqn:bakery.marts.plain+'] });
  });

  test('a name that is not written out may be the variable that changed', () => {
    const dynamic = { 'model.bakery.plain': { raw_code: "select var(x), {{ env_var(prefix ~ '_CITY') }}" } };
    const project = withMacros({}, dynamic);
    for (const known of [{ environment: ['?'] }, { environment: ['BAKERY_OTHER'] }])
      expect(strictly(project, project, known)).toMatchObject({ tokens: ['fqn:bakery.marts.plain+'] });
    expect(strictly(project, project, { variables: ['?'] })).toMatchObject({ tokens: [] });
    expect(strictly(project, project, { variables: ['*'] })).toMatchObject({
      uniqueIds: expect.arrayContaining(['model.bakery.by_var']),
    });
  });

  test('a ref that finds another node, and a seed that dbt does not look into', () => {
    const other = { depends_on: { nodes: ['model.bakery.described'], macros: [] } };
    expect(strictly(core.before, withMacros({}, { 'model.bakery.plain': other }))).toMatchObject({
      tokens: ['fqn:bakery.marts.plain+'],
    });
    const large = withMacros({}, { 'seed.bakery.raw_orders': { checksum: { name: 'path', checksum: 'x' } } });
    expect(strictly(large, large)).toMatchObject({ tokens: ['fqn:bakery.raw_orders+'] });
  });

  test('dbt v2: a macro of a package, which it does not follow', () => {
    expect(strictSelection(edited('macro of a package', {}, 'fusion'))).toMatchObject({
      tokens: ['fqn:bakery.marts.daily+'],
    });
  });
});

describe('another schema', () => {
  const inSchema = (schemaOf: (name: string) => string): Manifest => ({
    ...core.before,
    nodes: Object.fromEntries(
      Object.entries(core.before.nodes).map(([id, node]) => {
        const schema = schemaOf(node.name);
        return [
          id,
          node.relation_name ? { ...node, schema, relation_name: `"${schema}"."${node.name}"` } : node,
        ];
      }),
    ),
  });

  test('of the whole target is no oversight: a pull request has one of its own', () => {
    expect(
      overlooked(
        inSchema(() => 'live'),
        inSchema(() => 'pr_7'),
        'core',
      ),
    ).toEqual([]);
  });

  test('of one table alone is one', () => {
    const now = inSchema((name) => (name === 'plain' ? 'moved' : 'pr_7'));
    expect(
      overlooked(
        inSchema(() => 'live'),
        now,
        'core',
      ),
    ).toEqual([
      { kind: 'relation', uniqueId: 'model.bakery.plain', from: '"live"."plain"', to: '"moved"."plain"' },
    ]);
  });
});

test('a word for dbt holds nothing that parts it, and tests have nothing below them', () => {
  const node = core.before.nodes['model.bakery.plain'] ?? expect.unreachable();
  expect(selectionToken({ ...node, fqn: ['bakery', 'odd folder, + x', 'Käse'] })).toBe(
    'fqn:bakery.odd?folder????x.Käse+',
  );
  const singular = core.before.nodes['test.bakery.no_free_orders'] ?? expect.unreachable();
  expect(selectionToken(singular)).toBe('fqn:bakery.no_free_orders');
  const [source] = Object.values(core.before.sources);
  expect(selectionToken(source ?? expect.unreachable())).toBe('source:bakery.oven.batches+');
});

test('what is known of macros of dbt’s own', () => {
  const table = { ...(core.before.nodes['model.bakery.plain'] ?? expect.unreachable()) };
  expect(builtInConcerns('materialization_table_duckdb')?.(table)).toBe(true);
  expect(builtInConcerns('materialization_view_default')?.(table)).toBe(false);
  expect(builtInConcerns('get_catalog')?.(table)).toBe(false);
  expect(builtInConcerns('create_table_as')).toBeUndefined();
});
