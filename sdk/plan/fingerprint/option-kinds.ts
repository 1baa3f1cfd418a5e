import type { EngineKind } from '../engine-kind.ts';

/** Why an option takes no part in the part `command`. */
export type LeftOutOption = 'cosmetic' | 'no-result' | 'leads-elsewhere' | 'other-part';

const WHY: Readonly<Record<LeftOutOption, string>> = {
  cosmetic: 'it changes what is shown or logged, no result',
  'no-result': 'it changes how fast a run is, no result',
  'leads-elsewhere': 'what it leads to counts, not its path',
  'other-part': 'it counts in a part of its own',
};

const SHOWN = [
  ...['debug', 'deprecated-print', 'hints-enabled', 'log-cache-events', 'log-file-max-bytes', 'log-format'],
  ...['log-format-file', 'log-level', 'log-level-file', 'print', 'printer-width', 'quiet'],
  ...['record-timing-info', 'send-anonymous-usage-stats', 'show-resource-report', 'use-colors'],
  ...['use-colors-file', 'invocation-id', 'otel-file-name', 'otel-parquet-file-name', 'parent-span-id'],
];
/** Options that choose nodes, in the part `selection`. */
export const SELECTION_OPTIONS: ReadonlySet<string> = new Set([
  ...['exclude', 'exclude-resource-types', 'indirect-selection', 'resource-types', 'select', 'selector'],
]);
/** Options and variables that name a folder with the artifacts of an earlier run. */
export const STATE_OPTIONS: ReadonlySet<string> = new Set(['state', 'defer-state', 'deprecated-state']);

const LEFT_OUT: ReadonlyMap<string, LeftOutOption> = new Map<string, LeftOutOption>([
  ...SHOWN.map((name) => [name, 'cosmetic'] as const),
  ['threads', 'no-result'],
  ...['log-path', 'profiles-dir', 'project-dir', 'target-path', ...STATE_OPTIONS].map(
    (name) => [name, 'leads-elsewhere'] as const,
  ),
  ...['profile', 'target', 'vars', ...SELECTION_OPTIONS].map((name) => [name, 'other-part'] as const),
]);

/** Why an option takes no part in the command, in words; undefined for one that does. */
export function whyLeftOut(name: string): string | undefined {
  const reason = LEFT_OUT.get(name);
  return reason === undefined ? undefined : WHY[reason];
}

/** The options by which dbt says what is shown. */
export function isCosmetic(name: string): boolean {
  return LEFT_OUT.get(name) === 'cosmetic';
}

/** Options that take nothing, of dbt Core 1.7 to 1.12. */
const CORE_FLAGS = [
  ...['browser', 'cache-selected-only', 'clean-project-files-only', 'compile', 'config-dir', 'connection'],
  ...['debug', 'defer', 'deprecated-print', 'empty', 'empty-catalog', 'export-saved-queries', 'fail-fast'],
  ...['favor-state', 'full-refresh', 'help', 'hints-enabled', 'include-saved-query', 'inject-ephemeral-ctes'],
  ...[
    'introspect',
    'lock',
    'log-cache-events',
    'macro-debugging',
    'partial-parse',
    'partial-parse-file-diff',
  ],
  ...['populate-cache', 'print', 'quiet', 'send-anonymous-usage-stats', 'show', 'show-all-deprecations'],
  ...[
    'show-resource-report',
    'single-threaded',
    'skip-debug',
    'skip-profile-setup',
    'snowflake-projects-otel',
  ],
  ...['static', 'static-parser', 'store-failures', 'upgrade', 'upload-to-artifacts-ingest-api', 'use-colors'],
  ...['use-colors-file', 'use-experimental-parser', 'use-fast-test-edges', 'use-v2-parser', 'version'],
  ...['version-check', 'warn-error', 'write-json'],
];
/** What only dbt v2 has. */
const FUSION_FLAGS = [
  ...['changed', 'check-all', 'dirty', 'fix', 'force-node-selection', 'fusion-upgrade', 'manage-state'],
  ...['partial-load', 'unchecked', 'use-v2-compatible-package-downloads', 'write-catalog', 'write-index'],
  ...['write-lineage', 'write-metadata'],
];
const FLAGS: Readonly<Record<EngineKind, ReadonlySet<string>>> = {
  core: new Set(CORE_FLAGS),
  fusion: new Set([...CORE_FLAGS, ...FUSION_FLAGS]),
};
const SHORT: ReadonlyMap<string, string> = new Map([
  ['-d', 'debug'],
  ['-f', 'full-refresh'],
  ['-h', 'help'],
  ['-q', 'quiet'],
  ['-V', 'version'],
  ['-v', 'version'],
  ['-x', 'fail-fast'],
]);

/** A flag by its long name, `--no-x` as the other side of `--x`; undefined for what is no flag of dbt's. */
export function flagOf(
  typed: string,
  engine: EngineKind,
): { readonly name: string; readonly means: boolean } | undefined {
  const name = SHORT.get(typed) ?? (typed.startsWith('--') ? typed.slice(2) : '');
  if (FLAGS[engine].has(name)) return { name, means: true };
  const positive = /^(?:no-|deprecated-no-)(.+)$/.exec(name)?.[1];
  if (positive === undefined || !FLAGS[engine].has(positive)) return undefined;
  return { name: positive, means: false };
}
