import { DbtRunCacheError } from '../index.ts';
import { nearest } from '../util/nearest.ts';
import { diagnoseCommand } from './diagnose-command.ts';
import { EXIT } from './exit-codes.ts';
import { explainCommand } from './explain-command.ts';
import { MAIN_HELP } from './help/main.ts';
import { keyCommand } from './key-command.ts';
import { ledgerCommand } from './ledger-command.ts';
import { errorEvent } from './log-event.ts';
import { packageVersion } from './package-version.ts';
import { runCommand } from './run-command.ts';
import { complaint, UsageError } from './usage-error.ts';

/** The command line. Sets the exit code; never throws. */
export async function runCli(argv: readonly string[]): Promise<void> {
  // A reader that went away, e.g. `| head`, is no reason to stop dbt or to crash.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    process.exitCode = await dispatch(argv);
  } catch (thrown) {
    process.exitCode = EXIT.notDone;
    const error =
      thrown instanceof UsageError
        ? new DbtRunCacheError(thrown.message, { code: 'invalid-options', hint: thrown.hint })
        : DbtRunCacheError.from(thrown);
    if (wantsJson(argv)) process.stderr.write(`${JSON.stringify(errorEvent(error, {}))}\n`);
    else process.stderr.write(complaint(error));
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'run':
      return runCommand(rest);
    case 'explain':
      return explainCommand(rest);
    case 'diagnose':
      return diagnoseCommand(rest);
    case 'key':
      return keyCommand(rest);
    case 'ledger':
      return ledgerCommand(rest);
    case '--version':
    case '-V':
    case '-v':
      process.stdout.write(`${packageVersion()}\n`);
      return EXIT.success;
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(MAIN_HELP);
      return EXIT.success;
    case undefined:
      process.stderr.write(MAIN_HELP);
      return EXIT.notDone;
    default:
      throw new UsageError(`There is no command "${command}"`, wayOut(command, argv));
  }
}

function wayOut(command: string, argv: readonly string[]): string {
  const meant = nearest(command, ['run', 'explain', 'diagnose', 'key', 'ledger', 'help']);
  // `run` is a command of dbt's as well, and so are others that look like it.
  if (meant !== undefined && meant !== 'run') return `Did you mean dbt-runcache ${meant}?`;
  return `To run dbt, give its arguments after --: dbt-runcache run -- ${argv.filter((arg) => arg !== '--').join(' ')}`;
}

/** Whether errors are to be JSON, even on a command line that cannot be read. */
function wantsJson(argv: readonly string[]): boolean {
  const dashes = argv.indexOf('--');
  const ours = dashes === -1 ? argv : argv.slice(0, dashes);
  return ours.some(
    (arg, at) => arg === '--log-format=json' || (arg === '--log-format' && ours[at + 1] === 'json'),
  );
}
