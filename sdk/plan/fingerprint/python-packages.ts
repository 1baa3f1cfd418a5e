import { readdir } from 'node:fs/promises';

/** They install others, and take no part in what dbt does. */
export const INSTALLERS: ReadonlySet<string> = new Set(['pip', 'setuptools', 'uv', 'wheel']);

/**
 * The packages installed beside dbt with their versions: database drivers, dbt's own libraries, and what Python models
 * import.
 * @param sitePackages Absolute.
 */
export async function pythonPackages(sitePackages: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(sitePackages);
  const found = new Map<string, string>();
  for (const entry of names.sort()) {
    const [, name, version] = /^(.+?)-(\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info$/.exec(entry) ?? [];
    if (name === undefined || version === undefined) continue;
    const known = name.toLowerCase().replace(/[-_.]+/g, '-');
    if (INSTALLERS.has(known)) continue;
    // An upgrade that was broken off leaves two.
    found.set(known, found.has(known) ? `${found.get(known)}, ${version}` : version);
  }
  return found;
}
