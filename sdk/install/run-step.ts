import { envSecrets } from '../plan/environment.ts';
import { runProcess } from '../runtimes/run-process.ts';
import { createStopRequests } from '../runtimes/stop-requests.ts';
import { plainText } from '../util/plain-text.ts';
import { createRedactor } from '../util/redact.ts';
import { hideCredentials } from './hide-credentials.ts';

/** An installer writes nothing that it would have to finish. */
const FORCE_KILL_AFTER_MS = 3000;
const MAX_LINES = 40;
const MAX_LAST_WORDS = 1200;

export interface StepOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Never to be shown, besides what the environment holds. */
  readonly secrets: readonly string[];
  readonly onStarted?: (pid: number) => Promise<void>;
}

export interface StepEnd {
  readonly succeeded: boolean;
  /** e.g. `exit code 1`. */
  readonly how: string;
  /** The last lines that were printed, without secrets. */
  readonly lines: readonly string[];
}

/**
 * Runs a program that has no one to talk to, in a process group that ends with the signal.
 * @throws the signal's reason; DbtRunCacheError `dbt-not-usable` when it cannot be started.
 */
export async function runStep(command: readonly string[], options: StepOptions): Promise<StepEnd> {
  const { cwd, env, signal } = options;
  signal.throwIfAborted();
  const stops = createStopRequests({ timeoutMs: undefined, cancelSignal: signal, handleSignals: false });
  const redactor = createRedactor([...options.secrets, ...envSecrets(env)]);
  let started: Promise<void> | undefined;
  try {
    const end = await runProcess(
      {
        ...{ command, args: [], cwd, env, stops, redactor },
        output: 'silent',
        workFolder: undefined,
        forceKillAfterMs: FORCE_KILL_AFTER_MS,
        onStarted: (pid) => {
          started = options.onStarted?.(pid).catch(() => undefined);
        },
        onStopping: () => undefined,
        onEvent: () => undefined,
      },
      undefined,
    );
    await started;
    signal.throwIfAborted();
    return {
      succeeded: end.exitCode === 0,
      how: end.signal === undefined ? `exit code ${end.exitCode}` : `signal ${end.signal}`,
      lines: linesOf(hideCredentials(end.outputTail)),
    };
  } finally {
    stops.dispose();
  }
}

function linesOf(text: string): string[] {
  return plainText(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '' && !line.startsWith('[notice]'))
    .slice(-MAX_LINES);
}

/** What of an installer's output says why it failed, as one line. */
export function lastWords(lines: readonly string[]): string {
  const first = lines.findIndex((line) => /^(?:ERROR|error|Error|fatal)\b/.test(line.trim()));
  const told = lines.slice(first === -1 ? -5 : first).map((line) => line.trim());
  // All the versions there are would drown the one that is not.
  const text = told
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ \(from versions: [^)]*\)/g, '');
  return text.length <= MAX_LAST_WORDS ? text : `${text.slice(0, MAX_LAST_WORDS)}…`;
}
