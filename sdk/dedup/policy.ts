/** What a run with a ledger does in each situation. */
export interface DedupPolicy {
  /** What may be replayed. `success` (default): a failed run frees its key at once. `any`: a failure is replayed too. */
  readonly dedupOn: 'success' | 'any';
  /**
   * What to do while an identical run is in flight. `wait` (default): take its result when it has one. `skip`: end at
   * once, as success, without one: unsafe for a required check. `fail`: end with `dedup-in-flight`. `run`: run anyway.
   */
  readonly onInFlight: 'wait' | 'skip' | 'fail' | 'run';
  /** Longest wait for a run in flight, in milliseconds. Default 1 hour; then `dedup-in-flight`. */
  readonly waitMs: number;
  /** What to do when the store does not answer. `run` (default): without a ledger, with a warning. `fail`. */
  readonly onUnavailable: 'run' | 'fail';
  /** What to do when a given key was used with other inputs. `fail` (default), or `run` and take the key over. */
  readonly onMismatch: 'fail' | 'run';
  /** How long a record is kept, in milliseconds. Default 30 days. */
  readonly retentionMs: number;
  /** How long an owner may be silent, in milliseconds. Default 2 min; 24 h where the store cannot renew. */
  readonly leaseMs: number;
  /** Between two signs of life, in milliseconds. Default 30 s. */
  readonly heartbeatMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The defaults, for a store that renews or one that does not. */
export function defaultPolicy(renews: boolean): DedupPolicy {
  return {
    dedupOn: 'success',
    onInFlight: 'wait',
    waitMs: HOUR,
    onUnavailable: 'run',
    onMismatch: 'fail',
    retentionMs: 30 * DAY,
    leaseMs: renews ? 2 * MINUTE : DAY,
    heartbeatMs: MINUTE / 2,
  };
}
