import { execa } from 'execa';
import { DbtRunCacheError } from '../errors.ts';
import { createByteTail } from '../util/byte-tail.ts';
import type { Redactor } from '../util/redact.ts';

/** How much of dbt's output is kept for error messages. */
const TAIL_BYTES = 64 << 10;
/** How long output may still come after dbt itself has ended, e.g. from a process it left behind. */
const DRAIN_MS = 1000;
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
  const streams: Promise<void>[] = [];
  if (child.stdout !== null) streams.push(forward(child.stdout, sinks?.stdout, request.redactor, tail.push));
  if (child.stderr !== null) streams.push(forward(child.stderr, sinks?.stderr, request.redactor, tail.push));

  const ended = new Promise<ProcessEnd>((resolve) => {
    child.nodeChildProcess.once('exit', (code, signal) => {
      const end: ProcessEnd = {
        ...(code === null ? {} : { exitCode: code }),
        ...(signal === null ? {} : { signal }),
      };
      const drained = Promise.all(streams);
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
      void drained.then(() => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });

  return {
    pid,
    ended,
    outputTail: tail.text,
    signal: (signal) => sendSignal(pid, signal),
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
export async function askProgram(
  file: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly timeoutMs: number;
  },
): Promise<{ stdout: string; exitCode: number | undefined }> {
  const result = await execa(file, args, {
    env: options.env,
    extendEnv: false,
    cwd: options.cwd,
    timeout: options.timeoutMs,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    maxBuffer: 1 << 20,
  });
  return { stdout: result.stdout, exitCode: result.exitCode };
}

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

/** Copies a stream of dbt's into another, byte for byte but for secrets, at the speed that one takes it. */
async function forward(
  from: NodeJS.ReadableStream,
  to: NodeJS.WritableStream | undefined,
  redactor: Redactor,
  keep: (chunk: Buffer) => void,
): Promise<void> {
  const filter = redactor.stream();
  let sink = to;
  // A reader that went away (`| head`) must end neither this process nor dbt.
  const onError = (): void => {
    sink = undefined;
  };
  to?.on('error', onError);
  const emit = async (chunk: Buffer): Promise<void> => {
    if (chunk.length === 0) return;
    keep(chunk);
    if (sink !== undefined && !sink.write(chunk)) await drained(sink);
  };
  try {
    for await (const chunk of from) await emit(filter.push(chunk as Buffer));
  } catch {
    // The stream was given up after the drain time.
  }
  await emit(filter.end());
  to?.off('error', onError);
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('error', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('error', done).on('close', done);
  });
}
