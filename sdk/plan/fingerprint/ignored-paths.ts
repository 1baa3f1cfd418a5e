import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { DbtRunCacheError } from '../../errors.ts';

/** A file or folder of which the user says that dbt does not read it. */
export interface IgnoredPath {
  /** Relative to the project's folder where it lies in it, forward slashes; else absolute. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/**
 * What `key-ignore` names, each once, in the order of the names.
 * @param given Absolute, or relative to the project's folder.
 * @param dir The project's folder.
 * @throws DbtRunCacheError `invalid-options` for the project's folder, one above it, its `dbt_project.yml`, and a
 *   relative path that leads out of the folder.
 */
export async function ignoredPaths(given: readonly string[], dir: string): Promise<readonly IgnoredPath[]> {
  const dirs = [dir, await realOf(dir)];
  const found = new Map<string, IgnoredPath>();
  for (const text of given) {
    const path = resolve(dir, text);
    // Of a link in the project, only the link is meant: what it leads to may well be read.
    const real = isAbsolute(text) ? await realOf(path) : path;
    for (const place of [path, real]) refuseProject(text, place, dirs);
    const places = isAbsolute(text) ? [path, join(await realOf(dirname(path)), basename(path))] : [path];
    const inside = places.flatMap((place) => dirs.map((one) => relative(one, place))).find(isBelow);
    if (inside === undefined && !isAbsolute(text)) {
      throw refused(
        `${text} leads out of the project's folder`,
        'Give the absolute path of what lies outside of it.',
      );
    }
    const name = (inside ?? path).split(sep).join('/');
    found.set(name, { name, path: inside === undefined ? path : join(dir, inside) });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function refuseProject(text: string, place: string, dirs: readonly string[]): void {
  for (const dir of dirs) {
    if (place === join(dir, 'dbt_project.yml')) {
      throw refused(
        `${text} is the project's dbt_project.yml`,
        'Leave it out: dbt reads that file in every run.',
      );
    }
    const way = relative(place, dir);
    if (way === '' || isBelow(way)) {
      throw refused(
        `${text} holds the whole project`,
        'Name the files and folders in the project that dbt does not read, e.g. docs.',
      );
    }
  }
}

/** Whether a relative path stays below what it is relative to. */
function isBelow(path: string): boolean {
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** What is not there yet is where it is said to be. */
async function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

function refused(what: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(`key-ignore: ${what}`, { code: 'invalid-options', hint });
}
