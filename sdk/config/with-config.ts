import { DbtRunCacheError } from '../errors.ts';
import { type ConfigOrigin, type RunOptions, resolveOptions } from '../options.ts';
import { optional } from '../util/optional.ts';
import type { Config, ConfigSetting, ConfigSettings } from './config.ts';
import type { CallState, StateStore } from './state-place.ts';
import { type CallDedup, ledgerOrigins, withLedger } from './with-ledger.ts';
import { withParseCache } from './with-parse-cache.ts';
import { stateOrigins, withState } from './with-state.ts';

/** Options of a call, to which the configuration adds. */
export type CallOptions = Omit<RunOptions, 'dedup' | 'state' | 'parseCache'> & {
  /** As of {@link RunOptions}, in part; `store: 'none'` switches off a ledger of the configuration. */
  readonly dedup?: CallDedup | undefined;
  /** As of {@link RunOptions}; `off` switches off what the configuration says. */
  readonly state?: CallState | undefined;
  /** As of {@link RunOptions}; `true`: in the store of the states. `false` switches off what the configuration says. */
  readonly parseCache?: boolean | RunOptions['parseCache'];
};

/** What holds where nobody says otherwise. */
export interface CallDefaults {
  /** Where states and the parse cache are kept without a `state-store`. Default: with the ledger. */
  readonly stateStore?: StateStore | undefined;
}

/**
 * The options of a run with the settings of `loadConfig()` behind them: what the call gives wins. Labels are joined by
 * name; the values of the variables to redact are added to those of the call, and so are the lists `key-env` and `key-ignore`. Who
 * switches dbt State off nearer to the run than State is required (the call before a variable, that before the file) has
 * the last word: it is the fallback.
 * @throws DbtRunCacheError `config-invalid` where run-cache is disabled and dbt State required, naming who says so;
 *   `invalid-options` where the call or a variable says something about the ledger or the production state, and nobody
 *   where it lives, or that it is wanted.
 */
export function withConfig(
  config: Config,
  options: CallOptions = {},
  { stateStore }: CallDefaults = {},
): RunOptions {
  const { settings } = config;
  const { env } = resolveOptions(['parse'], { env: options.env }).options;
  const requireRunCache = requiredOf(settings, options);
  const dedup = withLedger(settings, options.dedup);
  const state = withState(settings, options, stateStore);
  const hidden = settings['redact-env'].flatMap(({ value }) => env[value] || []);
  return {
    ...options,
    // What is installed for the run is the dbt of the run.
    dbt: options.dbt ?? (options.install === undefined ? settings.dbt?.value : undefined),
    runCache: options.runCache ?? settings['run-cache']?.value,
    requireRunCache,
    timeout: options.timeout ?? settings.timeout?.value,
    labels: { ...valuesOf(settings.labels), ...options.labels },
    onTargetBusy: options.onTargetBusy ?? settings['on-target-busy']?.value,
    redact: [...(options.redact ?? []), ...hidden],
    report: options.report ?? settings.report?.value,
    dedup,
    state,
    parseCache: withParseCache(settings, options, stateStore),
    deps: options.deps ?? settings.deps?.value,
    config: originOf(config, options, { dedup, state }),
  };
}

function valuesOf(labels: ConfigSettings['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, { value }]) => [name, value]));
}

const OPTIONS = {
  dbt: 'dbt',
  'run-cache': 'runCache',
  'require-run-cache': 'requireRunCache',
  timeout: 'timeout',
  'on-target-busy': 'onTargetBusy',
  report: 'report',
  'parse-cache': 'parseCache',
  deps: 'deps',
} as const;

/** Where the settings come from that the call did not give itself. */
function originOf(
  { settings, path }: Config,
  options: CallOptions,
  { dedup, state }: Pick<RunOptions, 'dedup' | 'state'>,
): ConfigOrigin | undefined {
  const from: Record<string, string> = {};
  for (const [key, option] of Object.entries(OPTIONS) as [keyof typeof OPTIONS, keyof RunOptions][]) {
    const setting = settings[key];
    if (setting !== undefined && options[option] === undefined) from[key] = setting.where;
  }
  for (const [name, { where }] of Object.entries(settings.labels)) {
    if (options.labels?.[name] === undefined) from[`labels.${name}`] = where;
  }
  for (const { where } of settings['redact-env'].slice(0, 1)) from['redact-env'] = where;
  Object.assign(from, ledgerOrigins(settings, options.dedup, dedup), stateOrigins(settings, options, state));
  const isAny = path !== undefined || Object.keys(from).length > 0;
  return isAny ? { ...optional('path', path), from } : undefined;
}

/** How near to the run a value was given. */
const RANK = { file: 0, environment: 1, call: 2 } as const;

/** Whether State is required. The run would refuse a contradiction as well, without telling which file to correct. */
function requiredOf(settings: ConfigSettings, options: CallOptions): boolean | undefined {
  const [mode, required] = [settings['run-cache'], settings['require-run-cache']];
  const isRequired = options.requireRunCache ?? required?.value;
  if ((options.runCache ?? mode?.value) !== 'disabled' || isRequired !== true) return isRequired;
  const rank = (given: unknown, setting: ConfigSetting<unknown> | undefined): number =>
    RANK[given === undefined && setting !== undefined ? setting.source : 'call'];
  if (rank(options.runCache, mode) > rank(options.requireRunCache, required)) return false;
  const said = (given: unknown, setting: ConfigSetting<unknown> | undefined): string =>
    given === undefined && setting !== undefined ? setting.where : 'this call';
  throw new DbtRunCacheError(
    `run-cache is disabled (${said(options.runCache, mode)}) and require-run-cache is true (${said(options.requireRunCache, required)}): no run can be both`,
    {
      code: 'config-invalid',
      hint: 'Change one of the two, or give the call what it needs, e.g. --no-require-run-cache (in the Action require-run-cache: false).',
    },
  );
}
