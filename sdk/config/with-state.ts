import { DbtRunCacheError } from '../errors.ts';
import type { RunOptions } from '../options.ts';
import type { ConfigSettings } from './config.ts';
import { type StateCall, type StateStore, statePlace, withoutStore } from './state-place.ts';
import type { StateConfig } from './state-schema.ts';
import { NO_STORE } from './with-ledger.ts';

type StateOptions = NonNullable<RunOptions['state']>;

/** What asks for the production state, and the option each key becomes. A word for no is an answer as well. */
const ASKING = { state: 'managed', slim: 'slim', 'publish-state': 'publish' } as const;
/** What says how, and alone asks for nothing. */
const POLICY = {
  'state-store': 'store',
  'state-environment': 'environment',
  'on-missing-state': 'onMissing',
  'max-state-age': 'maxAge',
  'state-retention': 'retention',
  'fresher-sources': 'fresherSources',
} as const;
const ALL = { ...ASKING, ...POLICY } satisfies Partial<Record<keyof StateConfig, keyof StateOptions>>;

/**
 * The production state of a run: what the call gives, before the settings, key by key.
 * @param ledger A store that goes before that of the configured ledger; without a `state-store` the state is kept there.
 * @returns Undefined unless `state: managed`, `slim` or `publish-state` asks for it, and with `state: off`. The other keys
 *   of a file are a policy for runs that ask.
 * @throws DbtRunCacheError `invalid-options` without a store, and when the call or the environment gives another key and
 *   nobody says whether the state is wanted.
 */
export function withState(
  settings: ConfigSettings,
  call: StateCall,
  ledger: StateStore | undefined,
): StateOptions | undefined {
  if (call.state === 'off') return undefined;
  const given = call.state ?? {};
  const word = settings.state?.value;
  if (word === 'off' && given.managed !== true) return undefined;
  const managed = given.managed ?? (word === 'managed' ? true : undefined);
  const slim = given.slim ?? settings.slim?.value;
  const publish = given.publish ?? settings['publish-state']?.value;
  const asks: Readonly<Record<keyof typeof ASKING, boolean>> = {
    state: managed === true,
    slim: isSlim(slim),
    'publish-state': publish !== undefined && publish !== 'never',
  };
  const asking = keysOf(ASKING).find((key) => asks[key]);
  if (asking === undefined) {
    refuseUnasked(settings, call);
    return undefined;
  }
  const store = statePlace(settings, call, ledger);
  if (store === undefined)
    throw withoutStore(`${asking} is given (${whereOf(asking, settings, given)})`, '--state off');
  return {
    ...given,
    store,
    managed,
    slim,
    publish,
    environment: given.environment ?? settings['state-environment']?.value,
    onMissing: given.onMissing ?? settings['on-missing-state']?.value,
    maxAge: given.maxAge ?? settings['max-state-age']?.value,
    retention: given.retention ?? settings['state-retention']?.value,
    fresherSources: given.fresherSources ?? settings['fresher-sources']?.value,
  };
}

/** Where the settings of the state come from that the call did not give itself; of a run without one, who switched it off. */
export function stateOrigins(
  settings: ConfigSettings,
  { state, dedup }: StateCall,
  used: StateOptions | undefined,
): Record<string, string> {
  const from: Record<string, string> = {};
  if (state === 'off') return from;
  for (const key of keysOf(used === undefined ? ASKING : ALL)) {
    const isIdle = used !== undefined && used[ALL[key]] === undefined;
    const where = settings[key]?.where;
    if (where !== undefined && state?.[ALL[key]] === undefined && !isIdle) from[key] = where;
  }
  const ledger = settings['dedup-store'];
  const isOfLedger = state?.store === undefined && settings['state-store'] === undefined;
  // Of a ledger that is switched off nobody else tells.
  if (isOfLedger && dedup?.store === NO_STORE && ledger !== undefined && used?.store === ledger.value)
    from['dedup-store'] = ledger.where;
  return from;
}

function isSlim(slim: StateOptions['slim']): boolean {
  return slim !== undefined && slim !== false;
}

/** Somebody who says which state to take counts on one. */
function refuseUnasked(settings: ConfigSettings, { state, parseCache }: StateCall): void {
  const given = state === 'off' ? undefined : state;
  if (keysOf(ASKING).some((key) => given?.[ASKING[key]] !== undefined || settings[key] !== undefined)) return;
  const isParseCached = (parseCache ?? settings['parse-cache']?.value ?? false) !== false;
  for (const key of keysOf(POLICY)) {
    const setting = settings[key];
    const value = given?.[POLICY[key]] ?? (setting?.source === 'environment' ? setting.value : undefined);
    // The parse cache is kept there as well.
    const isForOthers = key === 'state-store' && isParseCached;
    if (isForOthers || value === undefined || value === false) continue;
    throw new DbtRunCacheError(
      `${key} is given (${whereOf(key, settings, given)}), and nothing asks for the production state`,
      {
        code: 'invalid-options',
        hint: 'Ask for it with slim, publish-state or state: managed; slim: false says that it is not wanted.',
      },
    );
  }
}

function whereOf(key: keyof typeof ALL, settings: ConfigSettings, given: StateOptions | undefined): string {
  const where = given?.[ALL[key]] === undefined ? settings[key]?.where : undefined;
  return where ?? 'this call';
}

function keysOf<T extends object>(keys: T): (keyof T)[] {
  return Object.keys(keys) as (keyof T)[];
}
