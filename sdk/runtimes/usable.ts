import { DbtRunCacheError } from '../errors.ts';
import type { Distributions } from './package-versions.ts';

const DRIVES_CORE = 'This version drives dbt Core 1.x: install dbt-core 1.x, or name another dbt to run.';

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

export function refuseNative(path: string): DbtRunCacheError {
  return new DbtRunCacheError(
    `${path} is a native program: dbt v2 (Fusion) or the dbt Cloud CLI, not dbt Core`,
    {
      code: 'dbt-not-usable',
      hint: DRIVES_CORE,
    },
  );
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
    const what = majorOf(other) >= 2 ? `dbt v2 (Fusion) ${other}` : 'the dbt Cloud CLI';
    throw new DbtRunCacheError(`The environment of ${pythonPath} has ${what}, not dbt Core`, {
      code: 'dbt-not-usable',
      hint: DRIVES_CORE,
    });
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
      hint: DRIVES_CORE,
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

function majorOf(version: string): number {
  return Number(/^\d+/.exec(version)?.[0] ?? Number.NaN);
}
