import type { EngineKind } from './engine-kind.ts';

/** What an option of dbt does with the words behind it. */
export type OptionKind =
  | { readonly takes: 'nothing'; readonly name: string; readonly means: boolean }
  | { readonly takes: 'value'; readonly name: string }
  /** Every word up to the next option. */
  | { readonly takes: 'words'; readonly name: string };

/**
 * The options of dbt Core 1.7 to 1.12 that take something. All commands share one meaning for a name, so one table
 * serves them all; what is not in it takes nothing.
 */
const TAKES_VALUE = [
  ...['add-package', 'args', 'defer-state', 'deprecated-defer', 'deprecated-favor-state', 'deprecated-state'],
  ...['event-time-end', 'event-time-start', 'host', 'indirect-selection', 'inline', 'inline-direct', 'limit'],
  ...['log-file-max-bytes', 'log-format', 'log-format-file', 'log-level', 'log-level-file', 'log-path'],
  ...['maximum-seed-size-mib', 'output', 'partial-parse-file-path', 'port', 'printer-width', 'profile'],
  ...['profiles-dir', 'project-dir', 'record-timing-info', 'sample', 'selector', 'source', 'sql', 'sqlparse'],
  ...['state', 'target', 'target-path', 'threads', 'v2-parser', 'vars', 'warn-error-options'],
];
const TAKES_WORDS: Readonly<Record<string, string>> = {
  exclude: 'exclude',
  'exclude-resource-type': 'exclude-resource-types',
  'exclude-resource-types': 'exclude-resource-types',
  model: 'select',
  models: 'select',
  'output-keys': 'output-keys',
  'resource-type': 'resource-types',
  'resource-types': 'resource-types',
  select: 'select',
};
/**
 * What only dbt v2 has. It takes most of dbt Core's options as well, those it has no use for included, so its table
 * is both together.
 */
const FUSION_TAKES_VALUE = [
  ...['compute', 'config', 'exclude-rules', 'format', 'index-dir', 'invocation-id', 'metadata-dir'],
  ...['otel-file-name', 'otel-parquet-file-name', 'packages-install-path', 'parent-span-id', 'project-name'],
  ...['group-by', 'metrics', 'order-by', 'package', 'rules', 'run-cache-mode', 'saved-query'],
  ...['static-analysis', 'timeout', 'with-sample'],
];
const FUSION_TAKES_WORDS = ['layout', 'pre-schema', 'sampled', 'schema', 'show', 'where'];
/** The flags that are read here. Others, known or not, take nothing and say nothing. */
const FLAGS: Readonly<Record<string, readonly [name: string, means: boolean]>> = {
  '--compile': ['compile', true],
  '--no-compile': ['compile', false],
  '--full-refresh': ['full-refresh', true],
  '-f': ['full-refresh', true],
  '--help': ['help', true],
  '-h': ['help', true],
  '--quiet': ['quiet', true],
  '--no-quiet': ['quiet', false],
  '-q': ['quiet', true],
  '--version': ['version', true],
  '-V': ['version', true],
  '-v': ['version', true],
  '--write-catalog': ['write-catalog', true],
  '--write-json': ['write-json', true],
  '--no-write-json': ['write-json', false],
};

const CORE_KINDS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ...TAKES_VALUE.map((name): [string, OptionKind] => [`--${name}`, { takes: 'value', name }]),
  ...Object.entries(TAKES_WORDS).map(([typed, name]): [string, OptionKind] => [
    `--${typed}`,
    { takes: 'words', name },
  ]),
  ...Object.entries(FLAGS).map(([typed, [name, means]]): [string, OptionKind] => [
    typed,
    { takes: 'nothing', name, means },
  ]),
  ['-m', { takes: 'words', name: 'select' }],
  ['-o', { takes: 'value', name: 'output' }],
  ['-r', { takes: 'value', name: 'record-timing-info' }],
  ['-s', { takes: 'words', name: 'select' }],
  ['-t', { takes: 'value', name: 'target' }],
]);
const FUSION_KINDS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ...CORE_KINDS,
  ...FUSION_TAKES_VALUE.map((name): [string, OptionKind] => [`--${name}`, { takes: 'value', name }]),
  ...FUSION_TAKES_WORDS.map((name): [string, OptionKind] => [`--${name}`, { takes: 'words', name }]),
  ['-l', { takes: 'words', name: 'layout' }],
]);

/** An engine's options by the option as it is typed. */
export function optionKindsOf(engine: EngineKind): ReadonlyMap<string, OptionKind> {
  return engine === 'fusion' ? FUSION_KINDS : CORE_KINDS;
}
