export interface HeldSignals {
  /** Aborted by a signal that comes before the run has begun to listen for itself. */
  readonly early: AbortSignal;
  /** From now on the run listens. */
  handOver(): void;
}

/**
 * A cancelled job gets SIGINT, SIGTERM after 7.5 s, and is killed after 10 s. Neither signal ends this process by
 * itself: dbt is stopped first, then outputs and summary are written.
 */
export function holdSignals(): HeldSignals {
  const controller = new AbortController();
  let ours = true;
  const onSignal = (): void => {
    if (ours) controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return {
    early: controller.signal,
    handOver: () => {
      ours = false;
    },
  };
}
