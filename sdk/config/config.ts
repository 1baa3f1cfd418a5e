import type { RunCacheMode } from '../options.ts';

/** A value with the place it comes from. */
export interface ConfigSetting<T> {
  readonly value: T;
  readonly source: 'file' | 'environment';
  /** File and line, e.g. `/repo/dbt-runcache.yml:3`, or the name of the variable. */
  readonly where: string;
}

/** Settings by their key in the file, the environment's in front of the file's. What neither gives is not here. */
export interface ConfigSettings {
  /** What was found as a path is absolute. A command is a list where its program was given as a relative path. */
  readonly dbt?: ConfigSetting<string | readonly string[]>;
  readonly 'run-cache'?: ConfigSetting<RunCacheMode>;
  readonly 'require-run-cache'?: ConfigSetting<boolean>;
  /** Milliseconds. */
  readonly timeout?: ConfigSetting<number>;
  /** Of both, by name. */
  readonly labels: Readonly<Record<string, ConfigSetting<string>>>;
  readonly 'on-target-busy'?: ConfigSetting<'fail' | 'wait'>;
  /** Names of variables, of both. */
  readonly 'redact-env': readonly ConfigSetting<string>[];
  readonly 'fail-on'?: ConfigSetting<'error' | 'warning' | 'never'>;
  readonly annotations?: ConfigSetting<'all' | 'failures' | 'off'>;
  readonly 'job-summary'?: ConfigSetting<boolean>;
  readonly report?: ConfigSetting<boolean>;
}

/** What `loadConfig()` found. */
export interface Config {
  /** The configuration file, absolute; absent when there is none. */
  readonly path?: string;
  readonly settings: ConfigSettings;
}
