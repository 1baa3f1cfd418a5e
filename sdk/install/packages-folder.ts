import { lstat, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockedPackages } from './package-files.ts';

/** Whether the packages of a lock are there, and nobody is at work on them, nor was killed while it was. */
export async function hasPackages(folder: string, lockText: string | undefined): Promise<boolean> {
  return !(await isFile(markOf(folder))) && (await holdsPackages(folder, lockText));
}

/** Whether the folder holds the packages of a lock; without a lock, whether it holds anything. */
export async function holdsPackages(folder: string, lockText: string | undefined): Promise<boolean> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    // Something else is there: not ours to replace, and dbt says what is wrong with it.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  if (names.length === 0) return false;
  const locked = lockedPackages(lockText);
  if (locked.length === 0) return true;
  const isPackage = await Promise.all(names.map((name) => isFile(join(folder, name, 'dbt_project.yml'))));
  const packages = new Set(names.filter((_, at) => isPackage[at]));
  return (
    packages.size >= locked.length && locked.every(({ name }) => name === undefined || packages.has(name))
  );
}

/**
 * Whether the folder holds the packages that a lock has installed as copies, and nothing else that dbt would read: for
 * what a cache has brought. That much follows from the lock. What cannot be told from it is what the packages hold: a lock
 * has no digests, many packages never change the version in their `dbt_project.yml`, and of those from git no commit is
 * kept. Who can write to the cache can bring other code under these names, as with the Python environments kept there.
 */
export async function holdsPackagesAlone(folder: string, lockText: string | undefined): Promise<boolean> {
  const locked = lockedPackages(lockText);
  try {
    // A link would lead out of what was kept.
    if (!(await lstat(folder)).isDirectory()) return false;
    const children = await readdir(folder, { withFileTypes: true });
    if (children.some((child) => !child.isDirectory() && !child.isFile())) return false;
    const folders = children.filter((child) => child.isDirectory()).length;
    return locked.length > 0 && folders === locked.length && (await holdsPackages(folder, lockText));
  } catch {
    return false;
  }
}

/** Says that the folder is being filled: until `markComplete()` its packages do not count. */
export async function markIncomplete(folder: string): Promise<void> {
  // Where nothing can be written, there will be no packages either.
  await mkdir(dirname(folder), { recursive: true }).catch(() => undefined);
  await writeFile(markOf(folder), '').catch(() => undefined);
}

export async function markComplete(folder: string): Promise<void> {
  await rm(markOf(folder), { force: true });
}

/** Takes the folder away; not what is none, nor what a link leads to. */
export async function removeFolder(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) await rm(folder, { recursive: true, force: true });
}

/** Beside the folder, so that dbt does not take it away with the folder, and no cache brings it back. */
function markOf(folder: string): string {
  return `${folder}.incomplete`;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
