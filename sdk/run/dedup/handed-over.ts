import type { DedupPolicy } from '../../dedup/policy.ts';
import type { DedupStore } from '../../dedup/store.ts';
import type { DedupSettings } from '../../dedup-settings.ts';
import { DbtRunCacheError } from '../../errors.ts';
import type { ResolvedOptions } from '../../options.ts';

const HOUR_MS = 3_600_000;

/**
 * The settings of a run that is claimed in one process, executed in another, and finished in a third.
 * @param caller For messages, e.g. `claimRun()`.
 * @throws DbtRunCacheError `invalid-options`.
 */
export function handedOver({ dedup }: Pick<ResolvedOptions, 'dedup'>, caller: string): DedupSettings {
  if (dedup === undefined) {
    throw new DbtRunCacheError(`${caller} needs a ledger, and options.dedup names none`, {
      code: 'invalid-options',
      hint: 'Give options.dedup.store; in the Action the inputs dedup and dedup-store.',
    });
  }
  if (dedup.data === 'sources') {
    throw new DbtRunCacheError(
      `${caller} does not start dbt, and options.dedup.data is sources, which asks dbt for their freshness`,
      {
        code: 'invalid-options',
        hint: 'Say what the data is with data-version, e.g. the id of the last load, or ignore it with data: ignore.',
      },
    );
  }
  if (dedup.workflowRun === undefined) return dedup;
  // The claim outlives its job: only when the whole attempt is over, nobody will finish it any more.
  const { runner: _, ...workflowRun } = dedup.workflowRun;
  return { ...dedup, workflowRun };
}

/**
 * Between two jobs nobody gives signs of life, whether the store could take them or not: the lease has to last until the
 * run is finished, or another run adopts the key while dbt is at it. Where GitHub keeps the ledger, that is the default.
 * Elsewhere it is 2 minutes, which no build and no queue for a runner keeps to. An hour is no promise either: it only
 * shows that the caller has thought of it.
 * @throws DbtRunCacheError `invalid-options`.
 */
export function checkLease({ leaseMs }: DedupPolicy, { kind }: DedupStore): void {
  if (leaseMs >= HOUR_MS) return;
  throw new DbtRunCacheError(
    `The lease of the ${kind} ledger is ${leaseMs / 1000} s. A claim that is handed over gives no sign of life, so another run would take the key over while dbt runs`,
    {
      code: 'invalid-options',
      hint: 'Give a lease that is longer than the jobs take, waiting for runners included, and at least 1h, e.g. 12h; or take git-ref: or actions-cache:, where GitHub is asked whether the workflow run is over.',
    },
  );
}
