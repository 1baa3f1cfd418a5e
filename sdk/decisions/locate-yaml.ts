import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { ManifestNode } from '../artifacts/types.ts';
import { record, text } from './json-access.ts';

/** The section of a properties file that declares a resource, by resource type. */
const SECTIONS: Readonly<Record<string, string>> = {
  model: 'models',
  seed: 'seeds',
  snapshot: 'snapshots',
  source: 'sources',
  unit_test: 'unit_tests',
  exposure: 'exposures',
  metric: 'metrics',
  semantic_model: 'semantic_models',
  saved_query: 'saved_queries',
  function: 'functions',
};

/**
 * The 1-based line that declares a node in a properties file: for a generic test its own entry, else the column or
 * the resource it is attached to. Undefined where the text does not parse or declares no such thing.
 */
export function locateInYaml(fileText: string, node: ManifestNode): number | undefined {
  const lines = new LineCounter();
  const document = parseDocument(fileText, {
    lineCounter: lines,
    strict: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const root = document.contents;
  if (!isMap(root)) return undefined;
  const offset = node.test_metadata === undefined ? declaration(root, node) : testEntry(root, node);
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function declaration(root: YAMLMap, node: ManifestNode): number | undefined {
  const section = SECTIONS[node.resource_type];
  if (section === undefined) return undefined;
  if (section !== 'sources') return offsetOf(entryNamed(root, section, node.name));
  const source = entryNamed(root, 'sources', text(node['source_name']) ?? '');
  return offsetOf(source && (entryNamed(source, 'tables', node.name) ?? source));
}

function testEntry(root: YAMLMap, node: ManifestNode): number | undefined {
  const owner = ownerOf(root, node);
  if (owner === undefined) return undefined;
  const column = text(node.column_name);
  const columns = column === undefined ? undefined : entryNamed(owner, 'columns', unquoted(column));
  for (const place of [columns, owner]) {
    const found = place === undefined ? undefined : matchingTest(place, node);
    if (found !== undefined) return found;
  }
  return offsetOf(columns ?? owner);
}

/** The model, seed, snapshot or source table a generic test is written under. */
function ownerOf(root: YAMLMap, node: ManifestNode): YAMLMap | undefined {
  const attached = text(node.attached_node);
  if (attached !== undefined) {
    const [type = '', , name = ''] = attached.split('.');
    const section = SECTIONS[type];
    return section === undefined ? undefined : entryNamed(root, section, name);
  }
  const source = node.depends_on?.nodes?.find((id) => id.startsWith('source.'))?.split('.');
  const [sourceName = '', ...table] = source?.slice(2) ?? [];
  const declared = entryNamed(root, 'sources', sourceName);
  return declared && (entryNamed(declared, 'tables', table.join('.')) ?? declared);
}

/** The entry of a list of tests that made this one: by its custom name, else by kind if it is the only one. */
function matchingTest(place: YAMLMap, node: ManifestNode): number | undefined {
  const metadata = record(node.test_metadata);
  const kind = text(metadata?.['name']);
  const namespace = text(metadata?.['namespace']);
  if (kind === undefined) return undefined;
  const full = namespace === undefined ? kind : `${namespace}.${kind}`;
  const sameKind: number[] = [];
  for (const key of ['data_tests', 'tests']) {
    const tests = place.get(key, true);
    if (!isSeq(tests)) continue;
    for (const item of tests.items) {
      if (isScalar(item)) {
        if (item.value === full) sameKind.push(item.range?.[0] ?? 0);
        continue;
      }
      if (!isMap(item)) continue;
      const inner = item.get(full, true);
      const body = isMap(inner) ? inner : item;
      const named = nameOf(body) ?? nameOf(item);
      const isKind = item.has(full) || item.get('test_name') === full;
      if (!isKind) continue;
      const at = offsetOf(item);
      if (at === undefined) continue;
      if (named !== undefined && named === node.name) return at;
      if (named === undefined) sameKind.push(at);
    }
  }
  // Two tests of one kind on one column differ in their arguments only, which name neither of them.
  return sameKind.length === 1 ? sameKind[0] : undefined;
}

function entryNamed(map: YAMLMap, section: string, name: string): YAMLMap | undefined {
  const entries = map.get(section, true);
  if (!isSeq(entries)) return undefined;
  const found = entries.items.find((item) => isMap(item) && nameOf(item) === name);
  return isMap(found) ? found : undefined;
}

function nameOf(map: YAMLMap): string | undefined {
  const name = map.get('name');
  return name === undefined || name === null ? undefined : String(name);
}

/** Where a mapping begins: at its name if that is not its first key. */
function offsetOf(map: YAMLMap | undefined): number | undefined {
  if (map === undefined) return undefined;
  const named = map.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === 'name');
  const key = named?.key;
  return (isScalar(key) ? key.range?.[0] : undefined) ?? map.range?.[0];
}

function unquoted(name: string): string {
  return /^(["`])(.*)\1$/.exec(name)?.[2] ?? name;
}
