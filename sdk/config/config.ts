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
  /** The address of the ledger, a folder in it absolute; or `none`. */
  readonly 'dedup-store'?: ConfigSetting<string>;
  readonly 'idempotency-key'?: ConfigSetting<string>;
  /** Never together with `data-version`. */
  readonly data?: ConfigSetting<'sources' | 'ignore'>;
  readonly 'data-version'?: ConfigSetting<string>;
  /** Names of variables, of both. */
  readonly 'key-env': readonly ConfigSetting<string>[];
  /** Paths, of both, as they were given. */
  readonly 'key-ignore': readonly ConfigSetting<string>[];
  readonly 'durable-target'?: ConfigSetting<boolean>;
  readonly 'dedup-on'?: ConfigSetting<'success' | 'any'>;
  readonly 'on-in-flight'?: ConfigSetting<'wait' | 'skip' | 'fail' | 'run'>;
  /** Milliseconds. */
  readonly 'in-flight-wait'?: ConfigSetting<number>;
  readonly 'on-unavailable'?: ConfigSetting<'run' | 'fail'>;
  readonly 'on-mismatch'?: ConfigSetting<'fail' | 'run'>;
  /** Milliseconds. */
  readonly retention?: ConfigSetting<number>;
  /** Milliseconds. */
  readonly lease?: ConfigSetting<number>;
  readonly 'restore-compiled'?: ConfigSetting<boolean>;
  readonly state?: ConfigSetting<'managed' | 'off'>;
  readonly slim?: ConfigSetting<boolean | 'strict'>;
  readonly 'publish-state'?: ConfigSetting<'auto' | 'always' | 'never'>;
  /** The address of a store, a folder in it absolute. */
  readonly 'state-store'?: ConfigSetting<string>;
  readonly 'state-environment'?: ConfigSetting<string>;
  readonly 'on-missing-state'?: ConfigSetting<'build-all' | 'fail'>;
  /** Milliseconds. */
  readonly 'max-state-age'?: ConfigSetting<number>;
  /** Milliseconds. */
  readonly 'state-retention'?: ConfigSetting<number>;
  readonly 'fresher-sources'?: ConfigSetting<boolean>;
  readonly 'parse-cache'?: ConfigSetting<boolean>;
  readonly deps?: ConfigSetting<'auto' | 'never'>;
}

/** What `loadConfig()` found. */
export interface Config {
  /** The configuration file, absolute; absent when there is none. */
  readonly path?: string;
  readonly settings: ConfigSettings;
}
