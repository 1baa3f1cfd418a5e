import { DbtRunCacheError } from '../errors.ts';
import type { RunOptions } from '../options.ts';
import type { ConfigSetting, ConfigSettings } from './config.ts';
import type { LedgerConfig } from './ledger-schema.ts';

type DedupOptions = NonNullable<RunOptions['dedup']>;

/** What a call says about the ledger; the rest, where the ledger lives included, may come from the configuration. */
export type CallDedup = Omit<NonNullable<RunOptions['dedup']>, 'store'> & {
  /** As of {@link DedupOptions}; `none` switches off what the configuration says. */
  readonly store?: NonNullable<RunOptions['dedup']>['store'] | undefined;
};

/** Given instead of an address: no ledger. */
export const NO_STORE = 'none';

/** The option each key becomes. */
const OPTIONS: Readonly<Record<keyof LedgerConfig, keyof DedupOptions>> = {
  'dedup-store': 'store',
  'idempotency-key': 'idempotencyKey',
  data: 'data',
  'data-version': 'data',
  'key-env': 'keyEnv',
  'key-ignore': 'keyIgnore',
  'durable-target': 'durableTarget',
  'dedup-on': 'dedupOn',
  'on-in-flight': 'onInFlight',
  'in-flight-wait': 'inFlightWait',
  'on-unavailable': 'onUnavailable',
  'on-mismatch': 'onMismatch',
  retention: 'retention',
  lease: 'lease',
  'restore-compiled': 'restoreCompiled',
};
const KEYS = Object.keys(OPTIONS) as (keyof LedgerConfig)[];

type ListKey = 'key-env' | 'key-ignore';

/**
 * The ledger of a run: what the call gives, before the settings, key by key; the lists, `key-env` and `key-ignore`, are joined.
 * @returns Undefined without an address, and with `none`. In a file alone the other keys are a policy for runs that have a
 *   ledger.
 * @throws DbtRunCacheError `invalid-options` when the call or the environment gives another key, and nobody an address.
 */
export function withLedger(settings: ConfigSettings, given: CallDedup | undefined): DedupOptions | undefined {
  const store = given?.store ?? settings['dedup-store']?.value;
  if (store === undefined) refuseWithout(settings, given);
  if (store === undefined || store === NO_STORE) return undefined;
  const version = settings['data-version']?.value;
  const joined = (key: ListKey, ours: readonly string[] = []): readonly string[] | undefined => {
    const all = [...ours, ...settings[key].map(({ value }) => value)];
    return all.length === 0 ? undefined : all;
  };
  return {
    ...given,
    store,
    idempotencyKey: given?.idempotencyKey ?? settings['idempotency-key']?.value,
    data: given?.data ?? (version === undefined ? settings.data?.value : { version }),
    keyEnv: joined('key-env', given?.keyEnv),
    keyIgnore: joined('key-ignore', given?.keyIgnore),
    durableTarget: given?.durableTarget ?? settings['durable-target']?.value,
    dedupOn: given?.dedupOn ?? settings['dedup-on']?.value,
    onInFlight: given?.onInFlight ?? settings['on-in-flight']?.value,
    inFlightWait: given?.inFlightWait ?? settings['in-flight-wait']?.value,
    onUnavailable: given?.onUnavailable ?? settings['on-unavailable']?.value,
    onMismatch: given?.onMismatch ?? settings['on-mismatch']?.value,
    retention: given?.retention ?? settings.retention?.value,
    lease: given?.lease ?? settings.lease?.value,
    restoreCompiled: given?.restoreCompiled ?? settings['restore-compiled']?.value,
  };
}

/** Where the settings of the ledger come from that the call did not give itself; of a run without one, who switched it off. */
export function ledgerOrigins(
  settings: ConfigSettings,
  given: CallDedup | undefined,
  used: DedupOptions | undefined,
): Record<string, string> {
  const from: Record<string, string> = {};
  for (const key of used === undefined ? (['dedup-store'] as const) : KEYS) {
    const where = first(settings, key)?.where;
    const isOfCall = given?.[OPTIONS[key]] !== undefined && !isList(key);
    if (where !== undefined && !isOfCall) from[key] = where;
  }
  return from;
}

function isList(key: keyof LedgerConfig): key is ListKey {
  return key === 'key-env' || key === 'key-ignore';
}

/** Of a list, its first name. */
function first(settings: ConfigSettings, key: keyof LedgerConfig): ConfigSetting<unknown> | undefined {
  return isList(key) ? settings[key][0] : settings[key];
}

/** Somebody who names a run, or says what to do while another is at it, counts on a ledger. */
function refuseWithout(settings: ConfigSettings, given: CallDedup | undefined): void {
  const ofCall = KEYS.find((key) => given?.[OPTIONS[key]] !== undefined);
  const ofEnvironment = KEYS.find((key) => first(settings, key)?.source === 'environment');
  const key = ofCall ?? ofEnvironment;
  if (key === undefined) return;
  const where = ofCall === undefined ? first(settings, key)?.where : 'this call';
  throw new DbtRunCacheError(`${key} is given (${where}) and there is no ledger`, {
    code: 'invalid-options',
    hint: 'Say where the ledger lives with dedup-store, e.g. --dedup-store file:.ledger, DBT_RUNCACHE_DEDUP_STORE or dedup-store in dbt-runcache.yml; none is for runs without one.',
  });
}
