import { type CallOptions, type ConfigFile, ledgerCall } from '../index.ts';
import { readText } from './read-text.ts';
import { UsageError } from './usage-error.ts';

/** Options about the ledger; each has the name of its key in the configuration file. */
export const LEDGER_OPTIONS = {
  'dedup-store': { type: 'string' },
  'idempotency-key': { type: 'string' },
  data: { type: 'string' },
  'data-version': { type: 'string' },
  'key-env': { type: 'string', multiple: true },
  'key-ignore': { type: 'string', multiple: true },
  'durable-target': { type: 'boolean' },
  'dedup-on': { type: 'string' },
  'on-in-flight': { type: 'string' },
  'in-flight-wait': { type: 'string' },
  'on-unavailable': { type: 'string' },
  'on-mismatch': { type: 'string' },
  retention: { type: 'string' },
  lease: { type: 'string' },
  'restore-compiled': { type: 'boolean' },
} as const;

/** What parseArgs made of them. */
type Given = Partial<Record<TextKey, string | undefined>> & {
  readonly 'key-env'?: readonly string[] | undefined;
  readonly 'key-ignore'?: readonly string[] | undefined;
  readonly 'durable-target'?: boolean | undefined;
  readonly 'restore-compiled'?: boolean | undefined;
};

type TextKey = Exclude<
  keyof typeof LEDGER_OPTIONS,
  'key-env' | 'key-ignore' | 'durable-target' | 'restore-compiled'
>;

/** @throws UsageError. */
export function readLedgerOptions(given: Given): CallOptions['dedup'] {
  const text = <K extends TextKey>(key: K): ConfigFile[K] | undefined => {
    const value = given[key];
    return value === undefined ? undefined : readText(key, value);
  };
  const values: ConfigFile = {
    'dedup-store': text('dedup-store'),
    'idempotency-key': text('idempotency-key'),
    data: text('data'),
    'data-version': text('data-version'),
    'key-env': readNames(given['key-env']),
    'key-ignore': readPaths(given['key-ignore']),
    'durable-target': given['durable-target'],
    'dedup-on': text('dedup-on'),
    'on-in-flight': text('on-in-flight'),
    'in-flight-wait': text('in-flight-wait'),
    'on-unavailable': text('on-unavailable'),
    'on-mismatch': text('on-mismatch'),
    retention: text('retention'),
    lease: text('lease'),
    'restore-compiled': given['restore-compiled'],
  };
  if (values.data !== undefined && values['data-version'] !== undefined) {
    throw new UsageError('--data and --data-version exclude each other', 'Keep one of the two.');
  }
  return ledgerCall(values);
}

function readNames(names: readonly string[] | undefined): readonly string[] | undefined {
  for (const name of names ?? []) {
    if (!/^[^\s=,]+$/.test(name)) {
      throw new UsageError(
        '--key-env is no name of a variable',
        'Give one name each, e.g. --key-env REGION.',
      );
    }
  }
  return names;
}

function readPaths(paths: readonly string[] | undefined): readonly string[] | undefined {
  for (const path of paths ?? []) {
    if (path.trim() === '') {
      throw new UsageError('--key-ignore is empty', 'Give the path of a file or folder, or leave it out.');
    }
    if (/[*?]/.test(path)) {
      throw new UsageError(
        `--key-ignore is ${JSON.stringify(path.slice(0, 100))}: it takes no patterns`,
        'Name the file or the folder itself, e.g. --key-ignore docs.',
      );
    }
  }
  return paths;
}
