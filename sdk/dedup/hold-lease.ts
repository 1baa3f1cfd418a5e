import type { Lease } from './lease.ts';

/** A lease that is kept alive until it is ended. */
export interface HeldLease {
  readonly lease: Lease;
  /** Aborted when another owner has taken over: what is still to be written no longer counts. */
  readonly lost: AbortSignal;
  /** Ends the heartbeat. Call it before settling or releasing. */
  readonly stop: () => void;
}

/**
 * Renews a lease in the background.
 * @param heartbeatMs Milliseconds between two signs of life; a fraction of the lease. Undefined for a store that
 *   does not renew.
 */
export function holdLease(lease: Lease, heartbeatMs: number | undefined): HeldLease {
  const lost = new AbortController();
  if (heartbeatMs === undefined) return { lease, lost: lost.signal, stop: () => undefined };
  const timer = setInterval(() => {
    lease.renew().then(
      (answer) => {
        if (answer !== 'lost') return;
        clearInterval(timer);
        lost.abort();
      },
      // A store that does not answer is asked again at the next beat.
      () => undefined,
    );
  }, heartbeatMs);
  // A heartbeat alone must not keep the process alive.
  timer.unref();
  return { lease, lost: lost.signal, stop: () => clearInterval(timer) };
}
