import { parseDocument } from 'yaml';
import { DBT_ALIASES, DBT_YAML, isMap, valueAt } from '../plan/yaml-file.ts';

/** Packages of these kinds can be others tomorrow: a folder's, and what an address leads to. */
const CHANGING = ['local', 'tarball'];
const JINJA = /\{[{%]/;

/** How many packages a file names, or that what they are does not follow from the file alone. */
export function packagesIn(text: string): number | 'uncertain' {
  const mayNameSome = /^\s*packages\s*:/m.test(text) ? 'uncertain' : 0;
  try {
    const document = parseDocument(text, DBT_YAML);
    const root: unknown = document.toJS(DBT_ALIASES);
    // A file only dbt can read.
    if (document.errors.length > 0) return mayNameSome;
    const packages = isMap(root) ? root['packages'] : undefined;
    if (packages === undefined || packages === null) return 0;
    if (!Array.isArray(packages)) return 'uncertain';
    if (packages.length === 0) return 0;
    // Variables decide what Jinja comes to. In YAML its braces may be written in another way.
    if (JINJA.test(text) || JINJA.test(JSON.stringify(packages))) return 'uncertain';
    const isChanging = (one: unknown) => isMap(one) && CHANGING.some((kind) => Object.hasOwn(one, kind));
    return packages.some(isChanging) ? 'uncertain' : packages.length;
  } catch {
    return mayNameSome;
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

/** A package that a lock names. */
export interface LockedPackage {
  /** Also of the folder it is installed into; older versions of dbt do not write it. */
  readonly name?: string;
}

/** The packages a lock has installed as copies; none where it cannot be read. */
export function lockedPackages(text: string | undefined): readonly LockedPackage[] {
  if (text === undefined) return [];
  try {
    const root: unknown = parseDocument(text, DBT_YAML).toJS(DBT_ALIASES);
    const packages = isMap(root) ? root['packages'] : undefined;
    if (!Array.isArray(packages)) return [];
    return packages
      .filter((one) => isMap(one) && !Object.hasOwn(one, 'local'))
      .map((one) => {
        const name = valueAt(one, 'name');
        return typeof name === 'string' ? { name } : {};
      });
  } catch {
    return [];
  }
}
