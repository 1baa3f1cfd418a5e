import { parseDuration, type RunOptions } from '../index.ts';
import { oneOf, parseOptions, UsageError } from './usage-error.ts';

/** The command line of `dbt-runcache run`, checked. */
export interface RunArguments {
  readonly help: boolean;
  readonly dbtArgs: readonly string[];
  readonly logFormat: 'text' | 'json';
  readonly summaryPath: string | undefined;
  readonly options: RunOptions;
}

const BUSY = ['fail', 'wait'] as const;
const FORMATS = ['text', 'json'] as const;

const OPTIONS = {
  dbt: { type: 'string' },
  timeout: { type: 'string' },
  label: { type: 'string', multiple: true },
  'redact-env': { type: 'string', multiple: true },
  'on-target-busy': { type: 'string', default: 'fail' },
  'log-format': { type: 'string', default: 'text' },
  summary: { type: 'string' },
  report: { type: 'boolean', default: true },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws UsageError; DbtRunCacheError for a bad duration. */
export function readRunArguments(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): RunArguments {
  const dashes = argv.indexOf('--');
  const ours = dashes === -1 ? argv : argv.slice(0, dashes);
  const dbtArgs = dashes === -1 ? [] : argv.slice(dashes + 1);
  const { values, positionals } = parseOptions(ours, OPTIONS, 'run');
  const help = values.help ?? false;
  if (!help && positionals[0] !== undefined) {
    throw new UsageError(
      `"${positionals[0]}" stands before --`,
      `Give dbt's arguments after --, e.g. dbt-runcache run -- ${positionals.join(' ')}`,
    );
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
    options: {
      dbt: values.dbt,
      timeout: values.timeout === undefined ? undefined : parseDuration(values.timeout),
      labels: readLabels(values.label ?? []),
      redact: (values['redact-env'] ?? []).flatMap((name) => env[name] ?? []),
      onTargetBusy: oneOf('--on-target-busy', BUSY, values['on-target-busy']),
      report: values.report,
    },
  };
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
