import type { StopCause } from './stop-ladder.ts';

export interface StopRequests {
  /** Aborted by the first request; its reason is the cause. For whoever waits before dbt is there. */
  readonly signal: AbortSignal;
  /** Why the run is to stop; undefined while it is not. */
  readonly cause: StopCause | undefined;
  /** Calls back for each request, at once for one that has already come. */
  onRequest(callback: (cause: StopCause) => void): void;
  dispose(): void;
}

/** SIGHUP comes when a terminal or a connection closes: dbt has a session of its own, and would not hear it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One listener for all runs of this process, however many there are. */
const listening = new Set<() => void>();
const tellAll = (): void => {
  for (const tell of listening) tell();
};

function listen(tell: () => void): void {
  if (listening.size === 0) for (const signal of SIGNALS) process.on(signal, tellAll);
  listening.add(tell);
}

function unlisten(tell: () => void): void {
  if (!listening.delete(tell) || listening.size > 0) return;
  for (const signal of SIGNALS) process.off(signal, tellAll);
}

/** Everything that can ask a run to stop, as one: the caller's abort signal, the timeout, SIGINT, SIGTERM, SIGHUP. */
export function createStopRequests(options: {
  readonly timeoutMs: number | undefined;
  readonly cancelSignal: AbortSignal | undefined;
  readonly handleSignals: boolean;
}): StopRequests {
  const controller = new AbortController();
  const callbacks: ((cause: StopCause) => void)[] = [];
  let cause: StopCause | undefined;

  const request = (why: StopCause): void => {
    cause ??= why;
    controller.abort(cause);
    for (const callback of callbacks) callback(why);
  };
  const onAbort = (): void => request('cancelled');
  const onSignal = (): void => request('signal');

  const timer =
    options.timeoutMs === undefined ? undefined : setTimeout(request, options.timeoutMs, 'timed-out');
  if (options.cancelSignal?.aborted) onAbort();
  else options.cancelSignal?.addEventListener('abort', onAbort, { once: true });
  if (options.handleSignals) listen(onSignal);

  return {
    signal: controller.signal,
    get cause() {
      return cause;
    },
    onRequest: (callback) => {
      callbacks.push(callback);
      if (cause !== undefined) callback(cause);
    },
    dispose: () => {
      clearTimeout(timer);
      options.cancelSignal?.removeEventListener('abort', onAbort);
      unlisten(onSignal);
    },
  };
}
