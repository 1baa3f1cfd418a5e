import { DbtRunCacheError } from '../errors.ts';
import { parseDuration } from '../plan/duration.ts';
import type { LedgerConfig } from './ledger-schema.ts';
import type { CallDedup } from './with-ledger.ts';

/**
 * What a call says about the ledger, from texts by the names of `dbt-runcache.yml`, as `parseSetting()` gives them.
 * @returns Undefined when it says nothing.
 * @throws DbtRunCacheError `invalid-options` for `data` beside `data-version`.
 */
export function ledgerCall(values: LedgerConfig): CallDedup | undefined {
  const version = values['data-version'];
  if (values.data !== undefined && version !== undefined) {
    throw new DbtRunCacheError('data and data-version exclude each other', {
      code: 'invalid-options',
      hint: 'Keep one of the two.',
    });
  }
  const call: CallDedup = {
    store: values['dedup-store'],
    idempotencyKey: values['idempotency-key'],
    data: version === undefined ? values.data : { version },
    keyEnv: values['key-env'],
    keyIgnore: values['key-ignore'],
    durableTarget: values['durable-target'],
    dedupOn: values['dedup-on'],
    onInFlight: values['on-in-flight'],
    inFlightWait: milliseconds(values['in-flight-wait']),
    onUnavailable: values['on-unavailable'],
    onMismatch: values['on-mismatch'],
    retention: milliseconds(values.retention),
    lease: milliseconds(values.lease),
    restoreCompiled: values['restore-compiled'],
  };
  return Object.values(call).every((value) => value === undefined) ? undefined : call;
}

function milliseconds(text: string | undefined): number | undefined {
  // Each has its own limit, which it is within.
  return text === undefined ? undefined : parseDuration(text, { maxMs: Number.POSITIVE_INFINITY });
}
