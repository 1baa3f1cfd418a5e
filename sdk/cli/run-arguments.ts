import { parseArgs } from 'node:util';
import { type CallOptions, DbtRunCacheError, parseDuration } from '../index.ts';
import { nearest } from '../util/nearest.ts';
import { LEDGER_OPTIONS, readLedgerOptions } from './ledger-options.ts';
import { readStateOptions, STATE_OPTIONS } from './state-options.ts';
import { oneOf, parseOptions, readConfig, UsageError } from './usage-error.ts';

/** The command line of `dbt-runcache run`, checked. */
export interface RunArguments {
  readonly help: boolean;
  readonly dbtArgs: readonly string[];
  readonly logFormat: 'text' | 'json';
  readonly summaryPath: string | undefined;
  /** Whether each node's decision is printed as it falls. */
  readonly explainCache: boolean;
  /** Path of the configuration file, or `none`; undefined when it is to be searched. */
  readonly config: string | undefined;
  /** What the command line gives; the rest is undefined. */
  readonly options: CallOptions;
}

const SEE_HELP = "dbt's own options go after --; for the others see `dbt-runcache run --help`.";

const RUN_CACHE = ['inherit', 'disabled'] as const;
const BUSY = ['fail', 'wait'] as const;
const FORMATS = ['text', 'json'] as const;

const OPTIONS = {
  dbt: { type: 'string' },
  config: { type: 'string' },
  // Makes parseArgs take it; what it then says is that config is false.
  'no-config': { type: 'boolean' },
  'run-cache': { type: 'string' },
  'require-run-cache': { type: 'boolean' },
  timeout: { type: 'string' },
  label: { type: 'string', multiple: true },
  'redact-env': { type: 'string', multiple: true },
  'on-target-busy': { type: 'string' },
  'log-format': { type: 'string', default: 'text' },
  'explain-cache': { type: 'boolean', default: false },
  summary: { type: 'string' },
  report: { type: 'boolean' },
  ...LEDGER_OPTIONS,
  ...STATE_OPTIONS,
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws UsageError. */
export function readRunArguments(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): RunArguments {
  const dashes = argv.indexOf('--');
  const ours = dashes === -1 ? argv : argv.slice(0, dashes);
  const dbtArgs = dashes === -1 ? [] : argv.slice(dashes + 1);
  const { values, positionals } = parseOptions(ours, OPTIONS, 'run', () => afterDashes(argv, ours, dbtArgs));
  const help = values.help ?? false;
  if (!help && positionals[0] !== undefined) {
    throw new UsageError(`"${positionals[0]}" stands before --`, afterDashes(argv, ours, dbtArgs));
  }
  if (!help && dbtArgs.length === 0) {
    throw new UsageError(
      'There is nothing for dbt to do',
      'Name a dbt command, e.g. dbt-runcache run -- build',
    );
  }
  return {
    help,
    dbtArgs,
    logFormat: oneOf('--log-format', FORMATS, values['log-format']),
    summaryPath: values.summary,
    explainCache: values['explain-cache'],
    config: readConfig(values.config),
    options: {
      dbt: values.dbt,
      runCache: optionalOneOf('--run-cache', RUN_CACHE, values['run-cache']),
      requireRunCache: values['require-run-cache'],
      timeout: values.timeout === undefined ? undefined : readTimeout(values.timeout),
      labels: readLabels(values.label ?? []),
      redact: (values['redact-env'] ?? []).flatMap((name) => env[name] ?? []),
      onTargetBusy: optionalOneOf('--on-target-busy', BUSY, values['on-target-busy']),
      report: values.report,
      dedup: readLedgerOptions(values),
      ...readStateOptions(values),
    },
  };
}

/** The command line as it was probably meant: from the first word that is not ours, everything is dbt's. */
function afterDashes(argv: readonly string[], ours: readonly string[], dbtArgs: readonly string[]): string {
  const { tokens } = parseArgs({
    args: [...ours],
    options: OPTIONS,
    ...{ strict: false, allowPositionals: true, allowNegative: true, tokens: true },
  });
  const names = Object.keys(OPTIONS);
  const foreign = tokens.find(
    (token) =>
      token.kind === 'positional' ||
      (token.kind === 'option' && !names.includes(token.name.replace(/^no-/, ''))),
  );
  const meant = foreign?.kind === 'option' ? nearest(foreign.name, names) : undefined;
  if (meant !== undefined) return `Did you mean --${meant}?`;
  // Without a dash and a word for dbt there is nothing to build an example from.
  if (foreign === undefined || (foreign.kind === 'option' && ours.length < argv.length)) return SEE_HELP;
  const words = [...ours.slice(0, foreign.index), '--', ...dbtArgs, ...ours.slice(foreign.index)];
  return `dbt's options go after --: dbt-runcache run ${words.join(' ')}`;
}

function optionalOneOf<T extends string>(
  option: string,
  values: readonly T[],
  value: string | undefined,
): T | undefined {
  return value === undefined ? undefined : oneOf(option, values, value);
}

function readTimeout(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof DbtRunCacheError)) throw error;
    throw new UsageError(`--timeout: ${error.message}`, error.hint ?? SEE_HELP);
  }
}

function readLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--label is "${text}"`, 'Give name=value, e.g. --label tenant=acme');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
