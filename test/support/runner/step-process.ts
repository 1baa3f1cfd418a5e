import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface StepProcessOptions {
  /** Absolute path. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cancelSignal?: AbortSignal | undefined;
  /** Told every line of both streams, without its end. */
  readonly onLine: (line: string) => void;
}

export interface StepProcessEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wallMs: number;
  readonly cancelled: boolean;
}

/** A cancelled step gets SIGINT, and these when it is still there so long after. */
const TERMINATE_MS = 7500;
const KILL_MS = 10_000;
/** A process left behind may hold the pipes open; the runner does not wait long for it. */
const OUTPUT_GRACE_MS = 2000;

/** Runs a script of an action with this Node, and cancels it as the runner does. */
export async function runStepProcess(options: StepProcessOptions): Promise<StepProcessEnd> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [options.script], {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C in the terminal reaches the step once, through `cancelSignal`.
    detached: process.platform !== 'win32',
  });
  // The runner reads the two streams apart from each other.
  const flushes = [child.stdout, child.stderr].map((stream) => readLines(stream, options.onLine));
  const cancellation = cancelWith(child, options.cancelSignal);
  let graceTimer: NodeJS.Timeout | undefined;
  try {
    const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject);
        child.once('exit', () => {
          const letGo = (): void => {
            for (const stream of [child.stdout, child.stderr]) stream.destroy();
          };
          graceTimer = setTimeout(letGo, OUTPUT_GRACE_MS);
        });
        child.once('close', (code, by) => resolve([code, by]));
      },
    );
    for (const flush of flushes) flush();
    return { exitCode, signal, wallMs: performance.now() - startedAt, cancelled: cancellation.happened() };
  } finally {
    cancellation.release();
    clearTimeout(graceTimer);
  }
}

/** Returns what tells the last line when it had no end. */
function readLines(stream: Readable, onLine: (line: string) => void): () => void {
  let open: string[] = [];
  stream.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...lines] = text.split('\n');
    open.push(first);
    for (const line of lines) {
      onLine(open.join('').replace(/\r$/, ''));
      open = [line];
    }
  });
  return () => {
    const rest = open.join('');
    if (rest !== '') onLine(rest);
  };
}

function cancelWith(child: ChildProcess, signal: AbortSignal | undefined) {
  const timers: NodeJS.Timeout[] = [];
  let happened = false;
  const cancel = (): void => {
    happened = true;
    child.kill('SIGINT');
    timers.push(setTimeout(() => child.kill('SIGTERM'), TERMINATE_MS));
    timers.push(setTimeout(() => child.kill('SIGKILL'), KILL_MS));
  };
  if (signal?.aborted) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  return {
    happened: () => happened,
    release: () => {
      signal?.removeEventListener('abort', cancel);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
