import type { Redactor } from '../util/redact.ts';
import type { DbtEvent } from './dbt-event.ts';
import { followLines } from './follow-lines.ts';
import { type ProcessEnd, type ProcessRequest, startProcess } from './process.ts';
import { createStopLadder, type StopCause, type StopSignal } from './stop-ladder.ts';
import type { StopRequests } from './stop-requests.ts';
import { layTap } from './tap.ts';

export interface CoreRequest {
  /** How dbt is started, e.g. `['uv', 'run', 'dbt']`. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: ProcessRequest['output'];
  readonly redactor: Redactor;
  /** A private folder for this run; without one dbt's events are not read. */
  readonly workFolder: string | undefined;
  readonly forceKillAfterMs: number;
  readonly stops: StopRequests;
  readonly onStarted: (pid: number) => void;
  readonly onStopping: (signal: StopSignal, cause: StopCause) => void;
  readonly onEvent: (event: DbtEvent) => void;
}

export interface CoreEnd extends ProcessEnd {
  /** Present when dbt was asked to stop, whether it obeyed or had just finished. */
  readonly stopCause?: StopCause;
  /** When the first signal was sent. */
  readonly stoppedAt?: Date;
  readonly outputTail: string;
}

/** Runs dbt Core 1.x once: starts it, follows its events, stops it when asked, resolves when it is gone. */
export async function runCore(request: CoreRequest): Promise<CoreEnd> {
  const tap = request.workFolder === undefined ? undefined : await layTap(request.workFolder, request.env);
  const process = await startProcess({
    command: request.command,
    args: request.args,
    cwd: request.cwd,
    env: { ...request.env, ...tap?.env },
    output: request.output,
    redactor: request.redactor,
  });
  const follower =
    tap === undefined ? undefined : followLines(tap.eventsPath, (line) => handOver(line, request.onEvent));
  request.onStarted(process.pid);

  let stoppedAt: Date | undefined;
  const ladder = createStopLadder(request.forceKillAfterMs, (signal, cause) => {
    stoppedAt ??= new Date();
    request.onStopping(signal, cause);
    process.signal(signal);
  });
  let gone = false;
  request.stops.onRequest((cause) => {
    if (!gone) ladder.stop(cause);
  });

  const end = await process.ended;
  gone = true;
  const stopCause = ladder.cause;
  ladder.dispose();
  // What a stopped dbt started must not go on without it.
  if (stopCause !== undefined) process.signal('SIGKILL');
  await follower?.end();
  return {
    ...end,
    ...(stopCause === undefined ? {} : { stopCause }),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    outputTail: process.outputTail(),
  };
}

function handOver(line: string, onEvent: (event: DbtEvent) => void): void {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return;
  }
  if (isDbtEvent(event)) onEvent(event);
}

function isDbtEvent(value: unknown): value is DbtEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { info, data } = value as { info?: unknown; data?: unknown };
  if (typeof info !== 'object' || info === null) return false;
  if (typeof data !== 'object' || data === null) return false;
  const { name, msg } = info as { name?: unknown; msg?: unknown };
  return typeof name === 'string' && typeof msg === 'string';
}
