import { followLines } from './follow-lines.ts';
import { startProcess } from './process.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';
import { createStopLadder } from './stop-ladder.ts';

/** How dbt's events are heard while it runs. */
export interface EventTap {
  /** Added to the child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The file that events come into, one JSON object a line; absent: none can be heard. */
  readonly file?: { readonly path: string; readonly fromByte: number };
  readonly onLine: (line: string) => void;
}

/** What is the same for every engine: start dbt, follow its events, stop it when asked, resolve when it is gone. */
export async function runProcess(request: RuntimeRequest, tap: EventTap | undefined): Promise<RuntimeEnd> {
  const process = await startProcess({
    command: request.command,
    args: request.args,
    cwd: request.cwd,
    env: { ...request.env, ...tap?.env },
    output: request.output,
    redactor: request.redactor,
  });
  const follower =
    tap?.file === undefined ? undefined : followLines(tap.file.path, tap.onLine, tap.file.fromByte);
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
