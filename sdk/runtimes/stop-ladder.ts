import type { RunEvent } from '../events.ts';

export type StopCause = Extract<RunEvent, { kind: 'stopping' }>['cause'];
export type StopSignal = Extract<RunEvent, { kind: 'stopping' }>['signal'];

export interface StopLadder {
  /** The first call begins with SIGINT; each further call takes the next step at once. */
  stop(cause: StopCause): void;
  /** Why the process is being stopped; undefined while it is not. */
  readonly cause: StopCause | undefined;
  /** No further step: the process has ended. */
  dispose(): void;
}

/**
 * Stops a process politely first: SIGINT, which lets dbt cancel its queries and write what it has; SIGTERM after
 * half of `forceKillAfterMs`; SIGKILL after all of it.
 */
export function createStopLadder(
  forceKillAfterMs: number,
  send: (signal: StopSignal, cause: StopCause) => void,
): StopLadder {
  const steps: { signal: StopSignal; untilNextMs: number }[] = [
    { signal: 'SIGINT', untilNextMs: forceKillAfterMs / 2 },
    { signal: 'SIGTERM', untilNextMs: forceKillAfterMs / 2 },
    { signal: 'SIGKILL', untilNextMs: Number.NaN },
  ];
  let cause: StopCause | undefined;
  let timer: NodeJS.Timeout | undefined;

  const step = (): void => {
    clearTimeout(timer);
    const next = steps.shift();
    if (next === undefined || cause === undefined) return;
    send(next.signal, cause);
    if (steps.length > 0) timer = setTimeout(step, next.untilNextMs);
  };

  return {
    stop: (why) => {
      cause ??= why;
      step();
    },
    get cause() {
      return cause;
    },
    dispose: () => {
      clearTimeout(timer);
      steps.length = 0;
    },
  };
}
