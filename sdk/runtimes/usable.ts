import { DbtRunCacheError } from '../errors.ts';
import type { Distributions } from './package-versions.ts';

const DRIVEN =
  'This package drives dbt Core 1.x and dbt v2: install one of them, or name another dbt to run.';

/**
 * Oldest dbt Core whose artifacts can be read: 1.7 writes manifest v11 and run results v5. Earlier ones are refused
 * rather than run without a report.
 */
const OLDEST_MINOR = 7;

export function refuseInterpreter(path: string, interpreter: string): DbtRunCacheError {
  return new DbtRunCacheError(`${path} is started by ${interpreter}, which does not exist`, {
    code: 'dbt-not-usable',
    hint: 'Its virtual environment was moved or its Python removed: make the environment again.',
  });
}

export function refuseCloudCli(where: string): DbtRunCacheError {
  return new DbtRunCacheError(`${where} is the dbt Cloud CLI, which runs dbt elsewhere`, {
    code: 'dbt-not-usable',
    hint: DRIVEN,
  });
}

export function refuseNative(path: string): DbtRunCacheError {
  return new DbtRunCacheError(`${path} is a native program that does not call itself dbt v2`, {
    code: 'dbt-not-usable',
    hint: `See what "${path} --version" says. ${DRIVEN}`,
  });
}

export function refusePrefix(words: readonly string[]): DbtRunCacheError {
  return new DbtRunCacheError(`The command "${words.join(' ')}" does not name dbt`, {
    code: 'dbt-not-usable',
    hint: `Write it to the end: "${words.join(' ')} dbt".`,
  });
}

/**
 * @param isDbtScript Whether the program certainly imports dbt.
 * @throws DbtRunCacheError `dbt-not-usable` when the packages are not those of a dbt Core that can be driven.
 */
export function refusePackages(distributions: Distributions, pythonPath: string, isDbtScript: boolean): void {
  const core = distributions.get('dbt-core')?.version;
  const other = distributions.get('dbt')?.version;
  if (core === undefined && other !== undefined) {
    if (majorOf(other) < 2) throw refuseCloudCli(`What the environment of ${pythonPath} has`);
    throw new DbtRunCacheError(
      `The environment of ${pythonPath} has dbt v2 (Fusion) ${other}, which is no Python program`,
      { code: 'dbt-not-usable', hint: 'Start it as dbt, the program of that environment.' },
    );
  }
  if (core === undefined) {
    if (!isDbtScript) return;
    throw new DbtRunCacheError(`The environment of ${pythonPath} has no dbt-core`, {
      code: 'dbt-not-usable',
      hint: `Install it there: ${pythonPath} -m pip install dbt-core and the adapter, e.g. dbt-postgres.`,
    });
  }
  const minor = Number(/^1\.(\d+)/.exec(core)?.[1] ?? Number.NaN);
  if (majorOf(core) >= 2) {
    throw new DbtRunCacheError(`The environment of ${pythonPath} has dbt ${core}`, {
      code: 'dbt-not-usable',
      hint: DRIVEN,
    });
  }
  if (minor < OLDEST_MINOR || majorOf(core) < 1) {
    throw new DbtRunCacheError(
      `The environment of ${pythonPath} has dbt Core ${core}; 1.${OLDEST_MINOR} is the oldest supported`,
      {
        code: 'dbt-not-usable',
        hint: `Upgrade dbt-core to 1.${OLDEST_MINOR} or later.`,
      },
    );
  }
}

export function majorOf(version: string): number {
  return Number(/^\d+/.exec(version)?.[0] ?? Number.NaN);
}
