import type { StopSignal } from './exit-codes.ts';

export interface RememberedSignal {
  /** The one that came first. */
  received(): StopSignal | undefined;
  /** Aborted by it. */
  readonly aborted: AbortSignal;
}

/** From here on a signal does not end this process; whoever works must stop by itself. */
export function rememberSignal(): RememberedSignal {
  const controller = new AbortController();
  let first: StopSignal | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first ??= signal;
      controller.abort();
    });
  }
  return { received: () => first, aborted: controller.signal };
}
