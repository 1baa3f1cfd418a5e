type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Of a node: what compiling left. dbt compares code as it is written, and defers to names. Functions stay whole: a function
 * that a project no longer has is taken over as it was.
 */
const COMPILED = new Set(['compiled', 'compiled_code', 'compiled_path', 'extra_ctes', 'extra_ctes_injected']);
/** Of a macro: what describes it. dbt compares the code of macros alone. */
const DESCRIBING = new Set([
  'description',
  'meta',
  'docs',
  'config',
  'arguments',
  'patch_path',
  'created_at',
]);
/** dbt wants these maps and does not look into them when it compares or defers; the two last it can make anew. */
const EMPTIED = ['docs', 'disabled', 'parent_map', 'child_map'];

/**
 * The manifest without what no comparison reads: not dbt's `state:` selectors, not `--defer`, not `modifiedNodes()` and
 * `overlooked()`. Whoever needs `child_map` or `parent_map` of a kept manifest makes it of `depends_on.nodes`. dbt v2 takes
 * its manifest only whole.
 */
export function trimManifest(manifest: JsonObject, engine: 'core' | 'fusion'): JsonObject {
  if (engine === 'fusion') return manifest;
  const { metadata, nodes, macros, ...rest } = manifest;
  const emptied = EMPTIED.filter((name) => name in rest).map((name) => [name, {}]);
  return {
    metadata,
    ...rest,
    ...Object.fromEntries(emptied),
    nodes: without(nodes, COMPILED),
    macros: without(macros, DESCRIBING),
  };
}

/**
 * The results of a run without the code that ran, and without the arguments that may hold values of `--vars`: dbt reads how
 * each node ended.
 */
export function trimRunResults(runResults: JsonObject, engine: 'core' | 'fusion'): JsonObject {
  const { args, results } = runResults;
  const kept =
    typeof args === 'object' && args !== null ? { ...runResults, args: withoutValues(args) } : runResults;
  if (engine === 'fusion' || !Array.isArray(results)) return kept;
  return { ...kept, results: results.map((result) => ({ ...result, compiled_code: null })) };
}

/** The command line has them once more. */
function withoutValues(args: object): JsonObject {
  return Object.fromEntries(
    Object.entries(args).filter(([name]) => name !== 'vars' && name !== 'invocation_command'),
  );
}

/** A map of objects, each without some of its fields. */
function without(map: unknown, fields: ReadonlySet<string>): unknown {
  if (typeof map !== 'object' || map === null) return map;
  const kept = Object.entries(map).map(([id, one]: [string, JsonObject]) => {
    const entries = Object.entries(one).filter(([name]) => !fields.has(name));
    return [id, Object.fromEntries(entries)];
  });
  return Object.fromEntries(kept);
}
