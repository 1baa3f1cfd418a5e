import { type ArtifactFile, at, invalidAt, isObject, type ParsedObject } from './artifact-file.ts';
import { normalizeMap } from './normalize-map.ts';

/** Maps of nodes by unique id. Those an older schema or dbt lacks are added empty. */
const NODE_MAPS = [
  { name: 'nodes', optional: false },
  { name: 'sources', optional: false },
  { name: 'exposures', optional: false },
  { name: 'metrics', optional: false },
  { name: 'semantic_models', optional: true },
  { name: 'saved_queries', optional: true },
  { name: 'unit_tests', optional: true },
  { name: 'functions', optional: true },
] as const;

const REQUIRED_TEXTS = ['unique_id', 'name', 'resource_type', 'package_name', 'original_file_path'];
const TEXTS_OR_NULL = ['relation_name', 'attached_node', 'column_name'];
const OBJECTS = ['config', 'depends_on', 'test_metadata'];

/**
 * Checks the body of manifest.json v11, v12 or v20 and completes it, in place. Checked is what the types promise; the
 * rest (macros, docs, groups, disabled nodes, …) stays as dbt wrote it.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeManifest(file: ArtifactFile, artifact: ParsedObject): void {
  for (const { name, optional } of NODE_MAPS) {
    const map = normalizeMap(file, artifact, name, optional);
    for (const key of Object.keys(map)) checkNode(file, name, key, map[key]);
  }
  for (const name of ['parent_map', 'child_map']) {
    // dbt's own schema lets these two be null.
    const map = normalizeMap(file, artifact, name, true);
    for (const key of Object.keys(map)) {
      if (!isListOfTexts(map[key])) throw invalidAt(file, at(name, key), 'a list of texts', map[key]);
    }
  }
}

function checkNode(file: ArtifactFile, map: string, key: string, node: unknown): void {
  if (!isObject(node)) throw invalidAt(file, at(map, key), 'an object', node);
  const bad = (field: string, wanted: string) =>
    invalidAt(file, `${at(map, key)}.${field}`, wanted, node[field]);

  for (const field of REQUIRED_TEXTS) {
    if (typeof node[field] !== 'string') throw bad(field, 'text');
  }
  for (const field of TEXTS_OR_NULL) {
    const value = node[field];
    if (value !== undefined && value !== null && typeof value !== 'string') throw bad(field, 'text or null');
  }
  for (const field of OBJECTS) {
    const value = node[field];
    if (value === null) delete node[field];
    else if (value !== undefined && !isObject(value)) throw bad(field, 'an object');
  }
  if (node['raw_code'] === null) delete node['raw_code'];
  else if (node['raw_code'] !== undefined && typeof node['raw_code'] !== 'string')
    throw bad('raw_code', 'text');

  const dependsOn = node['depends_on'];
  if (!isObject(dependsOn)) return;
  for (const field of ['nodes', 'macros']) {
    const value = dependsOn[field];
    if (value === null) delete dependsOn[field];
    else if (value !== undefined && !isListOfTexts(value)) {
      throw invalidAt(file, `${at(map, key)}.depends_on.${field}`, 'a list of texts', value);
    }
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
