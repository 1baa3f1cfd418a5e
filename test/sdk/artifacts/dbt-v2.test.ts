import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readManifest, readRunResults, readSources } from '../../../sdk/artifacts/read.ts';
import { failure, tempFolder } from './temp-files.ts';

const FIXTURES = 'test/fixtures/dbt-v2';
const folder = tempFolder();

test('run results come in the form of v6, with null where dbt v2 writes nothing', async () => {
  const raw = JSON.parse(readFileSync(`${FIXTURES}/success.run_results.json`, 'utf8')) as {
    results: Record<string, unknown>[];
  };
  expect(raw.results.some((entry) => 'failures' in entry)).toBe(true);
  expect(raw.results.some((entry) => !('failures' in entry) && !('compiled_code' in entry))).toBe(true);
  const { results } = await readRunResults(`${FIXTURES}/success.run_results.json`);
  for (const entry of results) {
    expect(entry).toMatchObject({ unique_id: expect.any(String), status: expect.any(String) });
    expect([entry.failures, entry.compiled_code, entry.message]).not.toContain(undefined);
  }
});

test('a manifest of 2.0.0-preview.196', async () => {
  const manifest = await readManifest(`${FIXTURES}/success.manifest.json`);
  expect(manifest.metadata).toMatchObject({
    dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
    dbt_version: '2.0.0-preview.196',
    adapter_type: 'duckdb',
  });
  expect(manifest.nodes['model.books.shelf']).toMatchObject({
    resource_type: 'model',
    config: { materialized: 'view' },
    depends_on: { nodes: ['model.books.titles'] },
  });
  expect(manifest.parent_map['model.books.shelf']).toEqual(['model.books.titles']);
});

// No dbt that can be installed from a package writes it yet: this is a manifest of today under the later number.
test('a manifest of schema v20', async () => {
  const later = readFileSync(`${FIXTURES}/success.manifest.json`, 'utf8').replace(
    'manifest/v12',
    'manifest/v20',
  );
  const manifest = await readManifest(folder.write('manifest.json', JSON.parse(later) as object));
  expect(manifest.metadata.dbt_schema_version).toContain('v20');
  expect(Object.keys(manifest.nodes)).toContain('model.books.titles');
  const next = JSON.parse(later.replace('manifest/v20', 'manifest/v21')) as object;
  const error = await failure(readManifest(folder.write('next.json', next)));
  expect(error.code).toBe('artifact-unsupported-version');
});

test('statuses of source freshness are in small letters', async () => {
  expect(readFileSync(`${FIXTURES}/freshness.sources.json`, 'utf8')).toContain('"Warn"');
  const { results } = await readSources(`${FIXTURES}/freshness.sources.json`);
  expect(results.map((entry) => entry.status)).toEqual(['warn']);
});
