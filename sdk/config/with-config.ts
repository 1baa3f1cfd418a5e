import { DbtRunCacheError } from '../errors.ts';
import { type ConfigOrigin, type RunOptions, resolveOptions } from '../options.ts';
import { optional } from '../util/optional.ts';
import type { Config, ConfigSetting, ConfigSettings } from './config.ts';

/**
 * The options of a run with the settings of `loadConfig()` behind them: what the call gives wins. Labels are joined by
 * name; the values of the variables to redact are added to those of the call.
 * @throws DbtRunCacheError `config-invalid` where run-cache is disabled and dbt State required, naming who says so.
 */
export function withConfig(config: Config, options: RunOptions = {}): RunOptions {
  const { settings } = config;
  const { env } = resolveOptions(['parse'], { env: options.env }).options;
  refuseContradiction(settings, options);
  const hidden = settings['redact-env'].flatMap(({ value }) => env[value] || []);
  return {
    ...options,
    dbt: options.dbt ?? settings.dbt?.value,
    runCache: options.runCache ?? settings['run-cache']?.value,
    requireRunCache: options.requireRunCache ?? settings['require-run-cache']?.value,
    timeout: options.timeout ?? settings.timeout?.value,
    labels: { ...valuesOf(settings.labels), ...options.labels },
    onTargetBusy: options.onTargetBusy ?? settings['on-target-busy']?.value,
    redact: [...(options.redact ?? []), ...hidden],
    report: options.report ?? settings.report?.value,
    config: originOf(config, options),
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
} as const;

/** Where the settings come from that the call did not give itself. */
function originOf({ settings, path }: Config, options: RunOptions): ConfigOrigin | undefined {
  const from: Record<string, string> = {};
  for (const [key, option] of Object.entries(OPTIONS) as [keyof typeof OPTIONS, keyof RunOptions][]) {
    const setting = settings[key];
    if (setting !== undefined && options[option] === undefined) from[key] = setting.where;
  }
  for (const [name, { where }] of Object.entries(settings.labels)) {
    if (options.labels?.[name] === undefined) from[`labels.${name}`] = where;
  }
  for (const { where } of settings['redact-env'].slice(0, 1)) from['redact-env'] = where;
  const isAny = path !== undefined || Object.keys(from).length > 0;
  return isAny ? { ...optional('path', path), from } : undefined;
}

/** The run would refuse it as well, without telling which file to correct. */
function refuseContradiction(settings: ConfigSettings, options: RunOptions): void {
  const [mode, required] = [settings['run-cache'], settings['require-run-cache']];
  const isDisabled = (options.runCache ?? mode?.value) === 'disabled';
  const isRequired = options.requireRunCache ?? required?.value ?? false;
  if (!isDisabled || !isRequired) return;
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
