import type { DbtEvent } from './dbt-event.ts';
import { followLines } from './follow-lines.ts';
import { startProcess } from './process.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';
import { createStopLadder } from './stop-ladder.ts';
import { layTap } from './tap.ts';

/** Runs dbt Core 1.x once: starts it, follows its events, stops it when asked, resolves when it is gone. */
export async function runCore(request: RuntimeRequest): Promise<RuntimeEnd> {
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
