import type { JsonObject, Manifest, ManifestNode } from '../artifacts/types.ts';

const MAPS = [
  'nodes',
  'sources',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
  'unit_tests',
  'functions',
] as const;

/** The engine whose comparison is followed: dbt Core 1.x, or dbt v2. */
export type ManagedStateEngine = 'core' | 'fusion';

/** What `dbt ls` does not list unless it is asked for it by its type, or at all: project hooks, for one. */
const NOT_LISTED: Readonly<Record<ManagedStateEngine, readonly string[]>> = {
  core: ['operation', 'analysis'],
  fusion: ['operation', 'metric', 'semantic_model', 'saved_query'],
};

/** Everything that a `state:` selector can list, by unique id. */
export function stateNodes(manifest: Manifest): ReadonlyMap<string, ManifestNode> {
  const notListed = NOT_LISTED[writtenBy(manifest)];
  const found = new Map<string, ManifestNode>();
  for (const map of MAPS) {
    for (const [uniqueId, node] of Object.entries(manifest[map] ?? {})) {
      if (!notListed.includes(node.resource_type)) found.set(uniqueId, node);
    }
  }
  return found;
}

function writtenBy(manifest: Manifest): ManagedStateEngine {
  return Number(manifest.metadata.dbt_version.split('.')[0]) >= 2 ? 'fusion' : 'core';
}

/** A field that holds an object, or an empty one. */
export function objectAt(value: JsonObject, name: string): JsonObject {
  const found = value[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : {};
}
