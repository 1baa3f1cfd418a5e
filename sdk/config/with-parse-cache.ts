import type { RunOptions } from '../options.ts';
import type { ConfigSettings } from './config.ts';
import { type StateCall, type StateStore, statePlace, withoutStore } from './state-place.ts';

/**
 * The parse cache of a run: what the call gives, before the settings.
 * @param ledger A store that goes before that of the configured ledger.
 * @returns Undefined where none is wanted.
 * @throws DbtRunCacheError `invalid-options` without a store.
 */
export function withParseCache(
  settings: ConfigSettings,
  call: StateCall,
  ledger: StateStore | undefined,
): RunOptions['parseCache'] {
  const setting = settings['parse-cache'];
  const parseCache = call.parseCache ?? setting?.value ?? false;
  if (parseCache === false) return undefined;
  const own = parseCache === true ? undefined : parseCache.store;
  const store = own ?? statePlace(settings, call, ledger);
  if (store !== undefined) return { store };
  const where = call.parseCache === undefined ? setting?.where : undefined;
  throw withoutStore(`parse-cache is given (${where ?? 'this call'})`, '--no-parse-cache');
}
