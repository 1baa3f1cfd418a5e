import type { RunResult } from '../index.ts';

/** What the command line ends with. Signals end it the way a shell expects: 128 plus their number. */
export const EXIT = {
  success: 0,
  nodesFailed: 1,
  /** Of `diagnose`. */
  checkFailed: 1,
  /** Of `key`, that there is none, and of `ledger`, that it holds none such. */
  noKey: 1,
  notDone: 2,
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

/**
 * 1 is dbt's own word for failed nodes. Everything else that is no success is 2, `run-cache-required` too, though dbt
 * itself had nothing to complain of.
 * @param signal The signal this process got while dbt ran.
 */
export function exitCodeOf(result: RunResult, signal: StopSignal | undefined): number {
  if (result.outcome !== 'failed') return EXIT.success;
  if (result.failure.code === 'nodes-failed') return EXIT.nodesFailed;
  return result.failure.code === 'cancelled' && signal !== undefined ? EXIT[signal] : EXIT.notDone;
}
