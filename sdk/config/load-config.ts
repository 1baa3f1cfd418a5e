import { resolve } from 'node:path';
import { resolveOptions } from '../options.ts';
import { optional } from '../util/optional.ts';
import type { Config } from './config.ts';
import { findFile, NO_FILE, namedFile } from './find-file.ts';
import { CONFIG_VARIABLE, readEnvironment } from './read-environment.ts';
import { readConfigFile } from './read-file.ts';
import { mergeSettings } from './settings.ts';

/** Where `loadConfig()` looks. */
export interface ConfigSource {
  /** Folder from which the file is searched upward. Default: the process's. */
  readonly cwd?: string | undefined;
  /** Where `DBT_RUNCACHE_*` variables are read. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The file to read instead of searching, or `none`. Default: `DBT_RUNCACHE_CONFIG`, else the one that is found. */
  readonly path?: string | undefined;
  /** Folder that `path` and relative paths of the environment start from. Default: `cwd`. */
  readonly base?: string | undefined;
}

/**
 * Reads the settings that a platform team chooses for every run: the nearest `dbt-runcache.yml` from `cwd` up to the
 * repository's root, and `DBT_RUNCACHE_*` variables, which win over it. The command line and the Action do this;
 * `runDbt()` does not, so a program decides for itself, with `withConfig()`.
 *
 * The file can name the program that is started as dbt: read none from a checkout you do not trust.
 * @throws DbtRunCacheError `config-not-found` for a file that was named and is not there; `config-invalid` for a key or
 *   value that is not valid, in the file or in the environment.
 */
export async function loadConfig(from: ConfigSource = {}): Promise<Config> {
  const { cwd, env } = resolveOptions(['parse'], { cwd: from.cwd, env: from.env }).options;
  const base = resolve(cwd, from.base ?? '.');
  const ofEnvironment = readEnvironment(env, base);
  const named = from.path || env[CONFIG_VARIABLE]?.trim() || undefined;
  const path = named === NO_FILE ? undefined : named === undefined ? findFile(cwd) : namedFile(named, base);
  return {
    ...optional('path', path),
    settings: path === undefined ? ofEnvironment : mergeSettings(ofEnvironment, await readConfigFile(path)),
  };
}
