import { counted, listed } from './format.ts';

/** dbt's resource types in words: one, and many. In the order they are listed. */
const WORDS = new Map<string, readonly [one: string, many: string]>([
  ['model', ['model', 'models']],
  ['seed', ['seed', 'seeds']],
  ['snapshot', ['snapshot', 'snapshots']],
  ['function', ['function', 'functions']],
  ['source', ['source', 'sources']],
  ['test', ['data test', 'data tests']],
  ['unit_test', ['unit test', 'unit tests']],
  ['analysis', ['analysis', 'analyses']],
  ['operation', ['operation', 'operations']],
  ['exposure', ['exposure', 'exposures']],
  ['metric', ['metric', 'metrics']],
  ['semantic_model', ['semantic model', 'semantic models']],
  ['saved_query', ['saved query', 'saved queries']],
]);

const RANKS = new Map([...WORDS.keys()].map((type, rank) => [type, rank]));

/** A resource type in words; one that is not known stays as dbt wrote it. */
export function typeInWords(resourceType: string): string {
  return WORDS.get(resourceType)?.[0] ?? resourceType;
}

/** What a node is, with a model's materialization: `incremental model`, `seed`. */
export function kindInWords(node: { readonly resourceType: string; readonly materialized?: string }): string {
  const type = typeInWords(node.resourceType);
  return node.resourceType === 'model' && node.materialized !== undefined
    ? `${node.materialized} ${type}`
    : type;
}

/** Where nodes of this type stand among others: models first, types not known last. */
export function typeRank(resourceType: string): number {
  return RANKS.get(resourceType) ?? WORDS.size;
}

export function isTest(node: { readonly resourceType: string }): boolean {
  return node.resourceType === 'test' || node.resourceType === 'unit_test';
}

/** What nodes there are, by type: `2 models, 1 seed and 3 data tests`. */
export function typesCounted(nodes: Iterable<{ readonly resourceType: string }>): string {
  const counts = new Map<string, number>();
  for (const { resourceType } of nodes) counts.set(resourceType, (counts.get(resourceType) ?? 0) + 1);
  return listed(
    [...counts]
      .sort(([a], [b]) => typeRank(a) - typeRank(b) || (a < b ? -1 : 1))
      .map(([type, many]) => counted(many, ...(WORDS.get(type) ?? [`${type} node`, `${type} nodes`]))),
  );
}
