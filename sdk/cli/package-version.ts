import { readFileSync } from 'node:fs';

/** The version in the package.json above this file, in the sources as in the built package. */
export function packageVersion(): string {
  for (let folder = new URL('./', import.meta.url); ; ) {
    const found = versionIn(folder);
    if (found !== undefined) return found;
    const parent = new URL('../', folder);
    if (parent.href === folder.href) return 'unknown';
    folder = parent;
  }
}

function versionIn(folder: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as {
      name?: unknown;
      version?: unknown;
    };
    return name === 'dbt-runcache' && typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
