import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readCatalog, readManifest, readRunResults, readSources } from '../../../sdk/artifacts/read.ts';
import { pantry, pantryPath } from './temp-files.ts';

const VERSIONS = ['1.7', '1.11'] as const;

describe.each(VERSIONS)('what dbt %s wrote', (version) => {
  test('run results: every field of the file is there, and the nullable ones of v6', async () => {
    const results = await readRunResults(pantryPath(version, 'run_results'));
    expect(results).toMatchObject(pantry(version, 'run_results'));
    for (const entry of results.results) {
      expect(entry).toHaveProperty('batch_results', null);
      expect(entry.compiled_code === null || typeof entry.compiled_code === 'string').toBe(true);
    }
    const statuses = Object.fromEntries(results.results.map((entry) => [entry.unique_id, entry.status]));
    expect(statuses).toMatchObject({
      'seed.pantry.raw_jars': 'success',
      'model.pantry.broken': 'error',
      'model.pantry.after_broken': 'skipped',
      'test.pantry.no_empty_jars': 'pass',
      'test.pantry.label_known.777b66c1e0': 'warn',
    });
    expect(results.args['which']).toBe('build');
  });

  test('manifest: every field of the file is there, and every map', async () => {
    const manifest = await readManifest(pantryPath(version, 'manifest'));
    expect(manifest).toMatchObject(pantry(version, 'manifest'));
    expect(manifest.nodes['model.pantry.heavy_jars']).toMatchObject({
      resource_type: 'model',
      original_file_path: 'models/heavy_jars.sql',
      config: { materialized: 'table' },
      depends_on: { nodes: ['model.pantry.stg_jars'] },
    });
    expect(manifest.nodes['test.pantry.label_known.777b66c1e0']?.attached_node).toBe(
      'model.pantry.heavy_jars',
    );
    expect(manifest.parent_map['model.pantry.heavy_jars']).toEqual(['model.pantry.stg_jars']);
    expect(manifest.child_map['model.pantry.broken']).toEqual(['model.pantry.after_broken']);
    const counts = Object.fromEntries(
      (
        [
          'sources',
          'exposures',
          'metrics',
          'semantic_models',
          'saved_queries',
          'unit_tests',
          'functions',
        ] as const
      ).map((name) => [name, Object.keys(manifest[name]).length]),
    );
    const newer = version === '1.11' ? 1 : 0;
    expect(counts).toEqual({
      sources: 2,
      exposures: 1,
      metrics: 1,
      semantic_models: 1,
      saved_queries: 1,
      unit_tests: newer,
      functions: newer,
    });
  });

  test('sources', async () => {
    const sources = await readSources(pantryPath(version, 'sources'));
    expect(sources).toEqual(pantry(version, 'sources'));
    expect(sources.results[0]).toMatchObject({ unique_id: 'source.pantry.shop.deliveries', status: 'warn' });
    expect(sources.results[0]?.max_loaded_at_time_ago_in_s).toBeGreaterThan(86_400);
  });

  test('catalog', async () => {
    const catalog = await readCatalog(pantryPath(version, 'catalog'));
    expect(catalog).toEqual(pantry(version, 'catalog'));
    expect(catalog.errors).toBeNull();
    expect(catalog.nodes['model.pantry.heavy_jars']?.['columns']).toHaveProperty('kilos');
  });

  test('manifest and run results of one run share their invocation', async () => {
    const results = await readRunResults(pantryPath(version, 'run_results'));
    const invocationId = results.metadata.invocation_id ?? 'none';
    const manifest = await readManifest(pantryPath(version, 'manifest'), { invocationId });
    expect(manifest.metadata.invocation_id).toBe(invocationId);
  });
});

test('a source whose freshness could not be measured keeps its error', async () => {
  const sources = await readSources(pantryPath('1.7', 'sources'));
  expect(sources.results[1]).toMatchObject({
    status: 'runtime error',
    error: expect.stringContaining('absent_table'),
  });
});

test.each(['dbt-core-1.11/core-1.11-run_results.json', 'dbt-core-1.12/core-1.12-run_results-reused.json'])(
  'run results of a run with dbt State: %s',
  async (name) => {
    const path = fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
    const raw: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const results = await readRunResults(path);
    expect(results).toMatchObject(raw as object);
    expect(results.results.length).toBeGreaterThan(0);
  },
);

test('the status reused of dbt 1.12 is kept', async () => {
  const path = fileURLToPath(
    new URL('../../fixtures/dbt-core-1.12/core-1.12-run_results-reused.json', import.meta.url),
  );
  const results = await readRunResults(path);
  expect(results.results.map((entry) => entry.status)).toContain('reused');
});
