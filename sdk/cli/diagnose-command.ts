import {
  DbtRunCacheError,
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  loadConfig,
  parseDuration,
  renderDiagnosis,
  withConfig,
} from '../index.ts';
import { EXIT } from './exit-codes.ts';
import { DIAGNOSE_HELP } from './help/diagnose.ts';
import { rememberSignal } from './remember-signal.ts';
import { oneOf, parseOptions, readConfig, UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json'] as const;

const OPTIONS = {
  dbt: { type: 'string' },
  probe: { type: 'boolean', default: true },
  timeout: { type: 'string' },
  'redact-env': { type: 'string', multiple: true },
  config: { type: 'string' },
  // Makes parseArgs take it; what it then says is that config is false.
  'no-config': { type: 'boolean' },
  format: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `dbt-runcache diagnose`. @returns The exit code. */
export async function diagnoseCommand(argv: readonly string[]): Promise<number> {
  const dashes = argv.indexOf('--');
  const ours = dashes === -1 ? argv : argv.slice(0, dashes);
  const { values, positionals } = parseOptions(ours, OPTIONS, 'diagnose', () => AFTER_DASHES);
  if (values.help) {
    process.stdout.write(DIAGNOSE_HELP);
    return EXIT.success;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`diagnose takes no "${positionals[0]}"`, AFTER_DASHES);
  const format = oneOf('--format', FORMATS, values.format);
  const options = await settle(values);
  const signals = rememberSignal();
  const diagnosis = await unlessCancelled(
    diagnose({
      ...options,
      args: dashes === -1 ? [] : argv.slice(dashes + 1),
      probe: values.probe,
      timeout: values.timeout === undefined ? undefined : parseDuration(values.timeout),
      cancelSignal: signals.aborted,
      handleSignals: false,
    }),
  );
  const signal = signals.received();
  if (signal !== undefined || diagnosis === undefined) {
    process.stderr.write('dbt-runcache: The diagnosis was cancelled\n');
    return signal === undefined ? EXIT.notDone : EXIT[signal];
  }
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify(diagnosis, undefined, 2)}\n`
      : renderDiagnosis(diagnosis, { color: process.stdout.isTTY, width: process.stdout.columns }),
  );
  return diagnosis.status === 'fail' ? EXIT.checkFailed : EXIT.success;
}

async function unlessCancelled(diagnosis: Promise<Diagnosis>): Promise<Diagnosis | undefined> {
  try {
    return await diagnosis;
  } catch (thrown) {
    if (thrown instanceof DbtRunCacheError && thrown.code === 'cancelled') return undefined;
    throw thrown;
  }
}

const AFTER_DASHES =
  "dbt's options go after --, without a command: dbt-runcache diagnose -- --target prod. For the others see `dbt-runcache diagnose --help`.";

interface Given {
  readonly dbt?: string | undefined;
  readonly config?: string | boolean | undefined;
  readonly 'redact-env'?: readonly string[] | undefined;
}

/** Which dbt, and whether State is used at all, are as a run would have them. */
async function settle({ dbt, config, 'redact-env': names = [] }: Given): Promise<DiagnoseOptions> {
  const { env } = process;
  const settled = withConfig(await loadConfig({ cwd: process.cwd(), env, path: readConfig(config) }), {
    dbt,
    env,
    redact: names.flatMap((name) => env[name] ?? []),
    // What a run needs a store for is no matter here.
    state: 'off',
    parseCache: false,
  });
  return { env, dbt: settled.dbt, redact: settled.redact, runCache: settled.runCache };
}
