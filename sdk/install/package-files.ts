import { parseDocument } from 'yaml';
import { DBT_ALIASES, DBT_YAML, isMap } from '../plan/yaml-file.ts';

/** How many packages a file names, or that folders are among them. */
export function packagesIn(text: string): number | 'local' {
  const mayNameSome = /^\s*packages\s*:/m.test(text) ? 1 : 0;
  try {
    const document = parseDocument(text, DBT_YAML);
    const root: unknown = document.toJS(DBT_ALIASES);
    // A file only dbt can read.
    if (document.errors.length > 0) return mayNameSome === 0 ? 0 : 'local';
    const packages = isMap(root) ? root['packages'] : undefined;
    if (packages === undefined || packages === null) return 0;
    if (!Array.isArray(packages)) return 'local';
    return packages.some((one) => isMap(one) && Object.hasOwn(one, 'local')) ? 'local' : packages.length;
  } catch {
    return mayNameSome === 0 ? 0 : 'local';
  }
}

/** The packages of a lock, however they are written. */
export function lockedIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const root: unknown = parseDocument(text, DBT_YAML).toJS(DBT_ALIASES);
    return JSON.stringify(isMap(root) ? root['packages'] : root);
  } catch {
    return text;
  }
}
