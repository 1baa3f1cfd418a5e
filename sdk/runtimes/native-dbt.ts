import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Asker, ask } from './ask-python.ts';
import type { Searched } from './find-executable.ts';
import { type Distributions, readDistributions } from './package-versions.ts';
import { pythonIn, readPythonEnvironment } from './python-environment.ts';
import { majorOf } from './usable.ts';

/** What a native program called dbt is. `version` is absent where it could not be told. */
export type NativeDbt =
  | { readonly kind: 'fusion'; readonly version?: string }
  | { readonly kind: 'cloud-cli' }
  | { readonly kind: 'unknown' };

/** dbt v2 is hundreds of megabytes; what pip makes on Windows to start a Python script is a hundred kilobytes. */
const LARGEST_LAUNCHER_BYTES = 4 << 20;

/**
 * Tells dbt v2 from the dbt Cloud CLI: by the package it was installed with, else by asking it for its version, which
 * takes either a fraction of a second. Without an asker a program that no package claims is taken for dbt v2.
 * @param realPath With its links resolved.
 */
export async function identifyNative(
  realPath: string,
  searched: Searched,
  asker: Asker | undefined,
): Promise<NativeDbt> {
  const packaged = await packageVersion(realPath, searched);
  if (packaged !== undefined)
    return majorOf(packaged) >= 2 ? { kind: 'fusion', version: packaged } : { kind: 'cloud-cli' };
  if (asker === undefined) return { kind: 'fusion' };
  return readVersionAnswer((await ask([realPath, '--version'], asker)) ?? '');
}

/** Whether a Windows program only starts the Python beside it, as console scripts do there. */
export async function isLauncher(path: string): Promise<boolean> {
  return (await stat(path)).size <= LARGEST_LAUNCHER_BYTES;
}

function readVersionAnswer(answer: string): NativeDbt {
  if (/\bcloud cli\b/i.test(answer)) return { kind: 'cloud-cli' };
  const version = /^dbt(?:-fusion|-core)?\s+v?(\d+\.\d[\w.+-]*)/m.exec(answer)?.[1];
  return version !== undefined && majorOf(version) >= 2 ? { kind: 'fusion', version } : { kind: 'unknown' };
}

/** The version of the Python package that put the program where it is. */
async function packageVersion(realPath: string, searched: Searched): Promise<string | undefined> {
  const pythonPath = await pythonIn(dirname(dirname(realPath)));
  if (pythonPath === undefined) return undefined;
  const { sitePackages } = await readPythonEnvironment(pythonPath, searched);
  const distributions = await readDistributions(sitePackages);
  // dbt v2 comes as `dbt`, and without its closed parts as `dbt-core`.
  for (const name of ['dbt', 'dbt-core']) {
    const version = await versionOfOwner(distributions, name, basename(realPath));
    if (version !== undefined) return version;
  }
  return undefined;
}

async function versionOfOwner(
  distributions: Distributions,
  name: string,
  program: string,
): Promise<string | undefined> {
  const found = distributions.get(name);
  if (found?.infoPath === undefined) return undefined;
  // dbt Core 1.x brings a script of the same name, which may have been replaced.
  if (name === 'dbt-core' && majorOf(found.version) < 2) return undefined;
  const record = await readFile(join(found.infoPath, 'RECORD'), 'utf8').catch(() => '');
  const claims = record.split(/\r?\n/).some((line) => /[\\/]([^\\/,]+),/.exec(line)?.[1] === program);
  return claims ? found.version : undefined;
}
