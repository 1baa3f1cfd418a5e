import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type ListedFile, MARKS } from './list-files.ts';

/** More than any folder of a project's own modules has; a whole environment has more. */
const MAX_MODULES = 5_000;
/** Folders looked at; what has so many is no folder of modules either. */
const MAX_FOLDERS = 20_000;

/**
 * The Python files that can be imported from a folder, by name; none of virtual environments and target folders.
 * @param options.base What names are relative to.
 * @param options.skip Absolute paths left out.
 * @param options.files Names, relative to the base, of files that count; default: Python files.
 * @param options.folders Names of folders that are looked into; default: those that an import can say.
 * @throws when a folder cannot be read, or there are too many.
 */
export async function listModules(
  root: string,
  options: {
    readonly base: string;
    readonly skip?: ReadonlySet<string>;
    readonly files?: RegExp;
    readonly folders?: RegExp;
  },
): Promise<readonly ListedFile[]> {
  const { base, skip, files = /\.py$/, folders = /^[\p{L}_][\p{L}\p{N}_]*$/u } = options;
  const found: ListedFile[] = [];
  const queue = [root];
  // Links may lead in circles, and a module has one content by whichever name.
  const seen = new Set<string>();
  for (const folder of queue) {
    const real = await realpath(folder);
    if (seen.has(real)) continue;
    seen.add(real);
    const children = await readdir(folder, { withFileTypes: true });
    if (folder !== root && children.some(({ name }) => MARKS.has(name))) continue;
    for (const child of children) {
      const path = join(folder, child.name);
      if (skip?.has(path) === true || skip?.has(join(real, child.name)) === true) continue;
      const isFolder = child.isSymbolicLink() ? await leadsToFolder(path) : child.isDirectory();
      if (isFolder) {
        if (folders.test(child.name) && child.name !== '__pycache__') queue.push(path);
        continue;
      }
      const name = relative(base, path).split(sep).join('/');
      if (files.test(name)) found.push({ path, name, isLink: child.isSymbolicLink() });
    }
    if (found.length > MAX_MODULES || queue.length > MAX_FOLDERS)
      throw new Error(`${root} holds more Python files than can be looked through in each run`);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (behind) => behind.isDirectory(),
    () => false,
  );
}
