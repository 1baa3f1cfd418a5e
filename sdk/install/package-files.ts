import { parseDocument } from 'yaml';
import { DBT_ALIASES, DBT_YAML, isMap, valueAt } from '../plan/yaml-file.ts';

/** Packages of these kinds can be others tomorrow: a folder's, and what an address leads to. */
const CHANGING = ['local', 'tarball'];
const JINJA = /\{[{%]/;
const COMMIT = /^[0-9a-f]{40}$/;
/** One version; a range leads to another one tomorrow. */
const VERSION = /^\d+\.\d+\.\d+(?:[-+.\w]*)$/;

/** How many packages a file names, or that what they are does not follow from the file alone. */
export function packagesIn(text: string): number | 'uncertain' {
  const entries = entriesIn(text);
  const isChanging = (one: unknown) => isMap(one) && CHANGING.some((kind) => Object.hasOwn(one, kind));
  return entries === undefined || entries.some(isChanging) ? 'uncertain' : entries.length;
}

/** The packages that a file names, as they stand there; undefined where only dbt can tell. */
export function entriesIn(text: string): readonly unknown[] | undefined {
  const doubtful = /^\s*packages\s*:/m.test(text) ? undefined : [];
  try {
    const document = parseDocument(text, DBT_YAML);
    const root: unknown = document.toJS(DBT_ALIASES);
    // A file only dbt can read.
    if (document.errors.length > 0) return doubtful;
    const packages = isMap(root) ? root['packages'] : undefined;
    if (packages === undefined || packages === null) return [];
    if (!Array.isArray(packages)) return undefined;
    if (packages.length === 0) return [];
    // Variables decide what Jinja comes to. In YAML its braces may be written in another way.
    return JINJA.test(text) || JINJA.test(JSON.stringify(packages)) ? undefined : packages;
  } catch {
    return doubtful;
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

/** What a lock says for good: another `dbt deps` would bring the same. */
export type PinnedPackages =
  | { readonly kind: 'pinned'; readonly locals: readonly LocalPackage[] }
  | { readonly kind: 'not-pinned'; readonly why: string };

export interface LocalPackage {
  readonly name: string;
  /** As it is written: relative to the project. */
  readonly path: string;
}

/** Whether each package of a lock is one for good: a version, a commit, or a folder of this machine. */
export function pinnedIn(text: string): PinnedPackages {
  const entries = entriesIn(text);
  if (entries === undefined) return notPinned('only dbt can tell what package-lock.yml names');
  const locals: LocalPackage[] = [];
  for (const entry of entries) {
    if (!isMap(entry)) return notPinned('only dbt can tell what package-lock.yml names');
    const text = (key: string): string | undefined => {
      const value = valueAt(entry, key);
      return typeof value === 'string' ? value : undefined;
    };
    const name = text('name');
    const local = text('local');
    if (name === undefined) return notPinned('package-lock.yml has a package without a name');
    if (local !== undefined) locals.push({ name, path: local });
    else if (text('package') !== undefined) {
      if (!VERSION.test(text('version') ?? ''))
        return notPinned(`package-lock.yml gives no exact version of ${name}`);
    } else if (text('git') !== undefined || text('private') !== undefined) {
      if (!COMMIT.test(text('revision') ?? ''))
        return notPinned(`package-lock.yml gives no commit of ${name}`);
    } else if (text('tarball') !== undefined)
      return notPinned(`what the address of ${name} leads to can be another file each time`);
    else return notPinned(`${name} is a package of an unknown kind`);
  }
  return { kind: 'pinned', locals };
}

function notPinned(why: string): PinnedPackages {
  return { kind: 'not-pinned', why };
}
