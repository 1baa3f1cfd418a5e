import { execa } from 'execa';
import { DbtRunCacheError } from '../errors.ts';
import { createByteTail } from '../util/byte-tail.ts';
import type { Redactor } from '../util/redact.ts';
import type { RunProgram } from '../util/run-program.ts';
import { copyOutput, DRAIN_MS } from './copy-output.ts';

/** How much of dbt's output is kept for error messages. */
const TAIL_BYTES = 64 << 10;
const IS_POSIX = process.platform !== 'win32';

export interface ProcessRequest {
  /** Executable and its leading arguments. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output:
    | 'tee'
    | 'inherit'
    | 'silent'
    | { readonly stdout: NodeJS.WritableStream; readonly stderr: NodeJS.WritableStream };
  readonly redactor: Redactor;
}

export interface ProcessEnd {
  readonly exitCode?: number;
  readonly signal?: string;
}

export interface RunningProcess {
  /** On POSIX also the id of its process group. */
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** The end of what was printed, stdout and stderr as they came. Empty with `output: 'inherit'`. */
  outputTail(): string;
  /** Sends a signal to the process and all that it started. True while there was someone to send it to. */
  signal(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): boolean;
}

/**
 * Starts a program in a process group of its own, so that a signal meant for this process does not reach it twice
 * (a second SIGINT kills dbt at once) and none of its children outlives a stop.
 * @throws DbtRunCacheError `dbt-not-usable` when it cannot be started.
 */
export async function startProcess(request: ProcessRequest): Promise<RunningProcess> {
  const [file, ...prefix] = request.command;
  if (file === undefined) throw new DbtRunCacheError('The dbt command is empty', { code: 'internal' });
  const piped = request.output !== 'inherit';
  const child = execa(file, [...prefix, ...request.args], {
    cwd: request.cwd,
    env: request.env,
    extendEnv: false,
    detached: IS_POSIX,
    stdin: 'inherit',
    stdout: piped ? 'pipe' : 'inherit',
    stderr: piped ? 'pipe' : 'inherit',
    buffer: false,
    reject: false,
    // Stopping is this package's own affair: see runtimes/stop-ladder.
    cleanup: false,
    forceKillAfterDelay: false,
    windowsHide: true,
  });
  if (child.pid === undefined) {
    const result = await child;
    throw new DbtRunCacheError(`dbt could not be started: ${result.originalMessage ?? result.shortMessage}`, {
      code: 'dbt-not-usable',
      hint: `Check that ${file} is an executable of this system and that ${request.cwd} exists.`,
      cause: result.cause,
    });
  }
  const pid = child.pid;
  const tail = createByteTail(TAIL_BYTES);
  const sinks = sinksOf(request.output);
  const copies = [
    child.stdout === null ? undefined : copyOutput(child.stdout, sinks?.stdout, request.redactor, tail.push),
    child.stderr === null ? undefined : copyOutput(child.stderr, sinks?.stderr, request.redactor, tail.push),
  ].filter((copy) => copy !== undefined);
  let stopped = false;
  let exited = false;
  // A stop must end the run even where nobody takes the output any more.
  const giveUpSoon = (): void => {
    setTimeout(() => {
      for (const copy of copies) copy.giveUp();
    }, DRAIN_MS).unref();
  };

  const ended = new Promise<ProcessEnd>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      exited = true;
      for (const copy of copies) copy.sourceExited();
      if (stopped) giveUpSoon();
      void Promise.all(copies.map((copy) => copy.done)).then(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({
          ...(code === null ? {} : { exitCode: code }),
          ...(signal === null ? {} : { signal }),
        });
      });
    });
  });

  return {
    pid,
    ended,
    outputTail: tail.text,
    signal: (signal) => {
      if (!stopped && exited) giveUpSoon();
      stopped = true;
      return sendSignal(pid, signal);
    },
  };
}

/** Signals a process group (POSIX) or a process (Windows). False when nobody is there. */
export function sendSignal(pid: number, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    return process.kill(IS_POSIX ? -pid : pid, signal);
  } catch {
    return false;
  }
}

/** Runs a short program and returns what it printed. Used for questions about an environment, never for dbt. */
export const askProgram: RunProgram = async (file, args, options) => {
  const result = await execa(file, args, {
    env: options.env,
    extendEnv: false,
    cwd: options.cwd,
    timeout: options.timeoutMs,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    maxBuffer: options.maxBytes ?? 1 << 20,
  });
  return { stdout: result.stdout, exitCode: result.exitCode };
};

function sinksOf(
  output: ProcessRequest['output'],
): { readonly stdout: NodeJS.WritableStream; readonly stderr: NodeJS.WritableStream } | undefined {
  switch (output) {
    case 'tee':
      return process;
    case 'inherit':
    case 'silent':
      return undefined;
    default:
      return output;
  }
}
