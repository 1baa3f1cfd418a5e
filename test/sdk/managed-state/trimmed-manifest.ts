import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, Manifest } from '../../../sdk/artifacts/types.ts';

const NODE_MAPS = [
  ...(['nodes', 'sources', 'exposures', 'metrics', 'semantic_models', 'saved_queries'] as const),
  ...(['unit_tests', 'functions'] as const),
] as const;
const MAPS = [...NODE_MAPS, 'macros', 'child_map'] as const;

export type MapsOfManifest = (typeof MAPS)[number];

/** What a map has else, and what it lacks. Of an object only the fields that differ, a field that is gone as null. */
export interface MapPatch {
  readonly set: Readonly<Record<string, unknown>>;
  readonly gone: readonly string[];
}

/** What differs from run to run or from machine to machine, and what nothing compares. */
const DROPPED = new Set([
  ...['created_at', 'root_path', 'patch_path', 'path', 'build_path', 'compiled_path', 'docs', 'doc_blocks'],
  ...['refs', 'sources', 'metrics', 'functions', 'language', 'extra_ctes', 'extra_ctes_injected', 'compiled'],
  ...['file_key_name', 'generated_sql_file', 'nodes_with_ref_location', 'source_meta', 'classifiers'],
  ...['metadata', 'supported_languages', 'arguments_in_order', 'time_spine', 'static_analysis_off_reason'],
]);

/** A manifest with what a comparison may look at. Macros of dbt itself keep their names and what they call. */
export function trimmed(manifest: Manifest): Manifest {
  const { dbt_version, dbt_schema_version, generated_at, adapter_type, project_name } = manifest.metadata;
  const metadata = { dbt_version, dbt_schema_version, generated_at, adapter_type, project_name };
  const nodes = NODE_MAPS.map((map) => [map, mapValues(manifest[map] ?? {}, trimmedNode)]);
  const children = Object.entries(manifest.child_map).map(([id, list]) => [id, [...list].sort()] as const);
  return {
    metadata: { ...metadata, invocation_id: null },
    ...Object.fromEntries(nodes),
    macros: macrosThatMatter(manifest),
    child_map: Object.fromEntries(children.filter(([, list]) => list.length > 0)),
    parent_map: {},
  } as Manifest;
}

export function patchOf(
  before: Manifest,
  now: Manifest,
): Readonly<Partial<Record<MapsOfManifest, MapPatch>>> {
  const patches = MAPS.map((map) => {
    const [old, current] = [mapOf(before, map), mapOf(now, map)];
    const set = Object.entries(current).filter(([key, value]) => !isDeepStrictEqual(value, old[key]));
    const gone = Object.keys(old).filter((key) => !(key in current));
    const fields = set.map(([key, value]) => [key, differingFields(old[key], value)]);
    return [map, { set: Object.fromEntries(fields), gone }] as const;
  });
  return Object.fromEntries(
    patches.filter(([, { set, gone }]) => Object.keys(set).length > 0 || gone.length > 0),
  );
}

export function applyPatch(
  before: Manifest,
  patch: Readonly<Partial<Record<MapsOfManifest, MapPatch>>>,
): Manifest {
  const maps = Object.entries(patch).map(([map, { set, gone }]) => {
    const kept = Object.entries(mapOf(before, map)).filter(([key]) => !gone.includes(key));
    const changed = Object.entries(set).map(([key, value]) => {
      const old = mapOf(before, map)[key];
      return [key, isObject(old) && isObject(value) ? { ...old, ...value } : value];
    });
    return [map, { ...Object.fromEntries(kept), ...Object.fromEntries(changed) }];
  });
  return { ...before, ...Object.fromEntries(maps) };
}

function differingFields(old: unknown, value: unknown): unknown {
  if (!isObject(old) || !isObject(value)) return value;
  const names = [...new Set([...Object.keys(old), ...Object.keys(value)])];
  const differing = names.filter((name) => !isDeepStrictEqual(old[name], value[name]));
  return Object.fromEntries(differing.map((name) => [name, value[name] ?? null]));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function trimmedNode(node: unknown): unknown {
  const kept = Object.entries(node as JsonObject).filter(
    ([name, value]) => !DROPPED.has(name) && !isEmpty(value),
  );
  return mapValues(Object.fromEntries(kept), (value, name) => {
    if (name === 'depends_on') return withoutDropped(value as JsonObject);
    return name === 'config' ? withoutEmpty(value as JsonObject) : value;
  });
}

function macrosThatMatter(manifest: Manifest): JsonObject {
  const macros = mapOf(manifest, 'macros') as Readonly<Record<string, JsonObject>>;
  const reached = new Set<string>();
  const waiting = NODE_MAPS.flatMap((map) => Object.values(manifest[map] ?? {}).flatMap(calls));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...calls(macros[next] ?? {}));
  }
  const kept = Object.entries(macros).filter(
    ([id, { name }]) => reached.has(id) || OVERRIDDEN.has(String(name)),
  );
  const own = Object.entries(macros).filter(([, macro]) => !isOfDbt(macro));
  return Object.fromEntries(
    [...kept, ...own].map(([id, macro]) => {
      const { unique_id, name, package_name, macro_sql } = macro;
      const code = isOfDbt(macro) ? '' : macro_sql;
      return [id, { unique_id, name, package_name, macro_sql: code, depends_on: { macros: calls(macro) } }];
    }),
  );
}

/** Macros of dbt that an edit puts another one in front of, and which no node names. */
const OVERRIDDEN = new Set(['current_timestamp', 'generate_schema_name', 'generate_alias_name']);

function isOfDbt({ package_name: name }: JsonObject): boolean {
  return typeof name === 'string' && /^dbt($|_)/.test(name);
}

function calls(caller: JsonObject): readonly string[] {
  return (
    ((caller['depends_on'] as JsonObject | undefined)?.['macros'] as readonly string[] | undefined) ?? []
  );
}

function mapOf(manifest: Manifest, map: string): JsonObject {
  return (manifest[map] ?? {}) as JsonObject;
}

function mapValues(map: object, change: (value: unknown, name: string) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value, name)]));
}

function withoutDropped(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !DROPPED.has(name)));
}

function withoutEmpty(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => !isEmpty(each)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '' || value === undefined) return true;
  return Array.isArray(value) && value.length === 0;
}
