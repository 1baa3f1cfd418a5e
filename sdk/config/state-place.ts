import { DbtRunCacheError } from '../errors.ts';
import type { RunOptions } from '../options.ts';
import type { ConfigSettings } from './config.ts';
import { type CallDedup, NO_STORE } from './with-ledger.ts';

type StateOptions = NonNullable<RunOptions['state']>;

/** A store, or its address. */
export type StateStore = NonNullable<StateOptions['store']>;

/** What a call says about production's state; `off` switches off what is said anywhere. */
export type CallState = StateOptions | 'off';

/** What a call says that decides where states and the parse cache are kept. */
export interface StateCall {
  readonly state?: CallState | undefined;
  readonly parseCache?: boolean | RunOptions['parseCache'];
  readonly dedup?: CallDedup | undefined;
}

/**
 * Where states and the parse cache are kept. A ledger that is switched off for a run still says so.
 * @param ledger A store that goes before that of the configured ledger.
 */
export function statePlace(
  settings: ConfigSettings,
  { state, dedup }: StateCall,
  ledger: StateStore | undefined,
): StateStore | undefined {
  const own = state === 'off' ? undefined : state?.store;
  const ledgers = [dedup?.store, ledger, settings['dedup-store']?.value];
  return (
    own ??
    settings['state-store']?.value ??
    ledgers.find((store) => store !== undefined && store !== NO_STORE)
  );
}

/** @param wayOut The option that asks for none. */
export function withoutStore(what: string, wayOut: string): DbtRunCacheError {
  return new DbtRunCacheError(`${what}, and nobody says where it is kept`, {
    code: 'invalid-options',
    hint: `Name a store with state-store, e.g. --state-store file:.states, DBT_RUNCACHE_STATE_STORE or state-store in dbt-runcache.yml. With dedup-store it takes the ledger's. ${wayOut} does without.`,
  });
}
