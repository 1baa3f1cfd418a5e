import { loadConfig, parseDuration, type RunKeyOptions, runKey, withConfig } from '../index.ts';
import { EXIT } from './exit-codes.ts';
import { exitSoon } from './exit-soon.ts';
import { KEY_HELP } from './help/key.ts';
import { LEDGER_OPTIONS, readLedgerOptions } from './ledger-options.ts';
import { rememberSignal } from './remember-signal.ts';
import { renderKey } from './render-key.ts';
import { printJson } from './tame.ts';
import { oneOf, parseOptions, readConfig, UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json'] as const;

const OPTIONS = {
  dbt: { type: 'string' },
  'run-cache': { type: 'string' },
  timeout: { type: 'string' },
  'redact-env': { type: 'string', multiple: true },
  config: { type: 'string' },
  // Makes parseArgs take it; what it then says is that config is false.
  'no-config': { type: 'boolean' },
  ...LEDGER_OPTIONS,
  all: { type: 'boolean', default: false },
  format: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h' },
} as const;

const AFTER_DASHES =
  "dbt's arguments go after --: dbt-runcache key -- build --select orders+. For the others see `dbt-runcache key --help`.";

/** `dbt-runcache key`. @returns The exit code. */
export async function keyCommand(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf('--');
  const ours = dashes === -1 ? argv : argv.slice(0, dashes);
  const dbtArgs = dashes === -1 ? [] : argv.slice(dashes + 1);
  const { values, positionals } = parseOptions(ours, OPTIONS, 'key', () => AFTER_DASHES);
  if (values.help) {
    process.stdout.write(KEY_HELP);
    return EXIT.success;
  }
  if (positionals[0] !== undefined) {
    throw new UsageError(`"${positionals[0]}" stands before --`, AFTER_DASHES);
  }
  if (dbtArgs.length === 0) {
    throw new UsageError('There is no dbt command to make a key for', 'Name one: dbt-runcache key -- build');
  }
  const format = oneOf('--format', FORMATS, values.format);
  const options = await settle(values);
  const signals = rememberSignal();
  const described = await runKey(dbtArgs, options).catch((error: unknown) => {
    if (signals.received() === undefined) throw error;
    return undefined;
  });
  const signal = signals.received();
  if (signal !== undefined || described === undefined) {
    exitSoon();
    process.stderr.write('dbt-runcache: The key was not worked out: it was cancelled\n');
    return signal === undefined ? EXIT.notDone : EXIT[signal];
  }
  process.stdout.write(
    format === 'json' ? printJson({ version: 1, key: described }) : renderKey(described, { all: values.all }),
  );
  return described.kind === 'none' ? EXIT.noKey : EXIT.success;
}

type Given = Parameters<typeof readLedgerOptions>[0] & {
  readonly dbt?: string | undefined;
  readonly 'run-cache'?: string | undefined;
  readonly timeout?: string | undefined;
  readonly 'redact-env'?: readonly string[] | undefined;
  readonly config?: string | false | undefined;
};

/** As a run would have it, but that no ledger is needed. */
async function settle(given: Given): Promise<RunKeyOptions> {
  const { env } = process;
  const mode = given['run-cache'];
  const config = await loadConfig({ cwd: process.cwd(), env, path: readConfig(given.config) });
  const dedup = readLedgerOptions(given);
  // Where the ledger lies in the project, its folder is no input. Any other may be out of reach here.
  const address = dedup?.store ?? config.settings['dedup-store']?.value;
  const store = typeof address === 'string' && address.startsWith('file:') ? address : 'memory:';
  return withConfig(config, {
    env,
    dbt: given.dbt,
    runCache: mode === undefined ? undefined : oneOf('--run-cache', ['inherit', 'disabled'] as const, mode),
    timeout: given.timeout === undefined ? undefined : parseDuration(given.timeout),
    redact: (given['redact-env'] ?? []).flatMap((name) => env[name] ?? []),
    dedup: { ...dedup, store },
  });
}
