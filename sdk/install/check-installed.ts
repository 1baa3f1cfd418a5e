import { DbtRunCacheError } from '../errors.ts';
import { INSTALLERS, pythonPackages } from '../plan/fingerprint/python-packages.ts';
import type { DbtVersions } from '../runtimes/package-versions.ts';
import { readPythonEnvironment } from '../runtimes/python-environment.ts';
import { type PlannedEnvironment, programIn } from './environment.ts';
import { isSameVersion } from './same-version.ts';

/** A package that is not there as it was planned. */
export interface Difference {
  readonly name: string;
  readonly wanted: string;
  readonly found: string | undefined;
}

/**
 * What is not there as the requirements pin it, by the packages' own metadata. A package with a marker may be absent;
 * pip, uv and their like are passed over.
 */
export async function differencesIn(planned: PlannedEnvironment): Promise<Difference[]> {
  const { folder, cwd, requirements } = planned;
  const { sitePackages } = await readPythonEnvironment(programIn(folder, 'python'), { env: {}, cwd });
  const found = new Map<string, string>();
  for (const each of sitePackages)
    for (const [name, version] of await pythonPackages(each)) if (!found.has(name)) found.set(name, version);
  return requirements.pins.flatMap(({ name, versions, mayBeAbsent }) => {
    const there = found.get(name);
    if (INSTALLERS.has(name) || (there === undefined && mayBeAbsent)) return [];
    // An upgrade that was broken off leaves two.
    const isRight = there
      ?.split(', ')
      .every((version) => versions.some((wanted) => isSameVersion(wanted, version)));
    return isRight === true ? [] : [{ name, wanted: versions.join(' or '), found: there }];
  });
}

/** What dbt itself was planned with, and what there is now. */
export function differencesOf(
  wanted: DbtVersions,
  found: DbtVersions,
  {
    adapterType,
    isKnown,
  }: {
    readonly adapterType: string | undefined;
    /** Whether a key says that there is nothing else. */
    readonly isKnown: boolean;
  },
): Difference[] {
  const pairs: [string, string | undefined, string | undefined][] = [['dbt-core', wanted.dbt, found.dbt]];
  if (adapterType !== undefined) {
    const there = found.adapters[adapterType];
    // An adapter may tell its version in its metadata alone.
    if (there !== undefined)
      pairs.push([`the adapter for ${adapterType}`, wanted.adapters[adapterType], there]);
  }
  if (isKnown || wanted.state !== undefined) pairs.push(['dbt-state', wanted.state, found.state]);
  const mayBeMore = (name: string): boolean => isKnown && name === 'dbt-state';
  return pairs.flatMap(([name, one, other]) => {
    if (one === undefined)
      return other === undefined || !mayBeMore(name) ? [] : [{ name, wanted: 'none', found: other }];
    return other !== undefined && isSameVersion(one, other) ? [] : [{ name, wanted: one, found: other }];
  });
}

/** @throws DbtRunCacheError `install-failed` where there are differences. */
export function refuseDifferences(differences: readonly Difference[]): void {
  if (differences.length === 0) return;
  const listed = differences
    .slice(0, 5)
    .map(({ name, wanted, found }) => `${name} (wanted ${wanted}, found ${found ?? 'none'})`)
    .join(', ');
  const more = differences.length > 5 ? ` and ${differences.length - 5} more` : '';
  throw new DbtRunCacheError(`What was installed is not what the requirements say: ${listed}${more}`, {
    code: 'install-failed',
    hint: 'Look for an override in the configuration of uv or pip (UV_OVERRIDE, UV_CONFIG_FILE, PIP_CONFIG_FILE, pip.conf) or a requirement with a marker; take it away, or name the version that is really meant.',
  });
}
