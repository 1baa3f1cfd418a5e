import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { JsonObject, Manifest } from '../../../sdk/artifacts/types.ts';
import { modifiedNodes } from '../../../sdk/managed-state/modified-nodes.ts';
import { overlooked } from '../../../sdk/managed-state/overlooked.ts';
import { projectOfManifest } from '../../../sdk/state-archive/project-of-manifest.ts';
import * as files from '../../../sdk/state-archive/trim.ts';
import { trimManifest, trimRunResults } from '../../../sdk/state-archive/trim-manifest.ts';
import { ENGINES } from '../../support/engine.ts';
import { readRecording } from '../managed-state/recording.ts';

const KNOWN = { variables: ['start', 'town', 'mode'], environment: ['TOWN', 'BAKERY_TOWN'] };
const PANTRY = new URL('../../fixtures/dbt-core-1.11/pantry/manifest.json', import.meta.url);

/** With what a build adds to a manifest, and the recordings do not have. */
function built(manifest: Manifest): Manifest {
  const each = (map: unknown, more: JsonObject) =>
    Object.fromEntries(
      Object.entries(map as JsonObject).map(([id, one]) => [id, { ...(one as JsonObject), ...more }]),
    );
  const compiled = {
    compiled: true,
    compiled_code: 'select 1',
    compiled_path: 'target/a.sql',
    extra_ctes: [{ id: 'a', sql: 'b' }],
    extra_ctes_injected: true,
  };
  const described = {
    description: 'd',
    meta: { a: 1 },
    docs: { show: true },
    config: { meta: {} },
    arguments: [{ name: 'a' }],
    patch_path: 'a://b',
    created_at: 1,
  };
  return {
    ...manifest,
    nodes: each(manifest.nodes, compiled) as Manifest['nodes'],
    macros: each(manifest['macros'], described),
    docs: { 'doc.dbt.__overview__': { block_contents: 'x' } },
    disabled: { 'model.bakery.gone': [{}] },
  };
}

for (const { requirements, kind } of ENGINES) {
  describe(`a trimmed manifest of ${requirements} compares like the whole one`, async () => {
    const recording = await readRecording(requirements);
    const whole = built(recording.before);
    const trimmed = trimManifest(whole, kind) as Manifest;

    test.each([...recording.edits])('%s', (_, { now }) => {
      const edited = built(now);
      const changes = modifiedNodes(whole, edited, kind);
      expect(modifiedNodes(trimmed, edited, kind)).toEqual(changes);
      expect(overlooked(trimmed, edited, kind, KNOWN)).toEqual(overlooked(whole, edited, kind, KNOWN));
    });
  });
}

describe('of dbt Core', () => {
  test('a manifest loses what no comparison reads, and keeps the rest as it was', async () => {
    const manifest = JSON.parse(await readFile(PANTRY, 'utf8')) as Manifest;
    const trimmed = trimManifest(manifest, 'core') as Manifest;
    const emptied = { docs: {}, disabled: {}, parent_map: {}, child_map: {} };
    expect({ ...trimmed, nodes: 0, macros: 0 }).toEqual({ ...manifest, ...emptied, nodes: 0, macros: 0 });
    const lost = new Set<string>();
    for (const [id, node] of Object.entries(manifest.nodes)) {
      for (const [name, value] of Object.entries(node)) {
        if (trimmed.nodes[id]?.[name] === undefined && value !== undefined) lost.add(name);
        else expect(trimmed.nodes[id]?.[name]).toEqual(value);
      }
    }
    expect([...lost].sort()).toEqual([
      'compiled',
      'compiled_code',
      'compiled_path',
      'extra_ctes',
      'extra_ctes_injected',
    ]);
    const macro = Object.values(trimmed['macros'] as Record<string, JsonObject>)[0] ?? {};
    expect(Object.keys(macro).sort()).toEqual([
      'depends_on',
      'macro_sql',
      'name',
      'original_file_path',
      'package_name',
      'path',
      'resource_type',
      'supported_languages',
      'unique_id',
    ]);
    const [before, after] = [JSON.stringify(manifest).length, JSON.stringify(trimmed).length];
    expect(after).toBeLessThan(before * 0.9);
  });

  test('its project is told by its first bytes, wherever dbt wrote it', () => {
    const file = Buffer.from('{"nodes": {}, "metadata": {"project_name": "shop"}}');
    expect(projectOfManifest(file)).toBeUndefined();
    expect(projectOfManifest(files.trimManifest(file, 'core'))).toBe('shop');
  });

  test('a map that is not there is not made up', () => {
    expect(trimManifest({ metadata: {}, nodes: {}, macros: {} }, 'core')).toEqual({
      metadata: {},
      nodes: {},
      macros: {},
    });
  });

  test('results lose the code that ran', () => {
    const results = {
      metadata: {},
      results: [{ unique_id: 'a', status: 'error', compiled_code: 'select 1' }],
      args: {},
    };
    expect(trimRunResults(results, 'core')).toEqual({
      ...results,
      results: [{ unique_id: 'a', status: 'error', compiled_code: null }],
    });
    expect(trimRunResults({ results: null }, 'core')).toEqual({ results: null });
  });

  test.each(['core', 'fusion'] as const)('of %s, values of --vars do not stay', (engine) => {
    const args = {
      which: 'build',
      vars: { password: 'x-1' },
      invocation_command: 'dbt build --vars {password: x-1}',
    };
    const kept = trimRunResults({ metadata: {}, results: [], args }, engine);
    expect(kept).toEqual({ metadata: {}, results: [], args: { which: 'build' } });
    const file = files.trimRunResults(Buffer.from(JSON.stringify({ results: [], args })), engine);
    expect(Buffer.from(file).toString()).not.toContain('x-1');
  });
});

describe('files', () => {
  const manifest = { metadata: {}, nodes: { a: { name: 'ä', compiled_code: 'select 1' } }, macros: {} };

  test('come back as files', () => {
    const file = Buffer.from(JSON.stringify(manifest));
    expect(JSON.parse(Buffer.from(files.trimManifest(file, 'core')).toString())).toEqual(
      trimManifest(manifest, 'core'),
    );
    const results = { results: [{ unique_id: 'a', compiled_code: 'select 1' }] };
    const trimmed = files.trimRunResults(Buffer.from(JSON.stringify(results)), 'core');
    expect(JSON.parse(Buffer.from(trimmed).toString())).toEqual(trimRunResults(results, 'core'));
  });

  test.each([
    ['of dbt v2', 'fusion', JSON.stringify(manifest, null, 1)],
    ['with what only Python reads', 'core', '{"metadata": {}, "nodes": {"a": {"compiled_code": NaN}}}'],
  ] as const)('%s stay as they are', (_, engine, text) => {
    const file = Buffer.from(text);
    expect(files.trimManifest(file, engine)).toBe(file);
    expect(files.trimRunResults(file, engine)).toBe(file);
  });
});

test('of dbt v2 everything stays as it is', () => {
  const manifest = { metadata: {}, nodes: { a: { compiled_code: 'select 1' } }, docs: { a: 1 } };
  expect(trimManifest(manifest, 'fusion')).toBe(manifest);
  expect(trimRunResults(manifest, 'fusion')).toBe(manifest);
});
