import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { createRedactor } from '../util/redact.ts';

/** More than packages have. */
const MAX_FILES = 20_000;
const MAX_BYTES = 64 << 20;

/**
 * Takes what must not be kept from a folder of packages: git's own folders, which hold the address a package came
 * from, with its token. dbt clones anew whenever it installs. What a link leads to is left alone.
 */
export async function removeGitFolders(folder: string): Promise<void> {
  for (const child of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, child.name);
    // In a submodule it is a file.
    if (child.name === '.git') await rm(path, { recursive: true, force: true });
    else if (child.isDirectory()) await removeGitFolders(path);
  }
}

/**
 * Why the files of a folder are not to be kept where others can read them; undefined when nothing speaks against it.
 * Links are kept as such, and so not looked through.
 */
export async function whyNotToKeep(
  folder: string,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const redactor = createRedactor(secrets);
  let [files, bytes] = [0, 0];
  const look = async (at: string): Promise<string | undefined> => {
    for (const child of await readdir(at, { withFileTypes: true })) {
      signal.throwIfAborted();
      const path = join(at, child.name);
      const name = relative(folder, path).split(sep).join('/');
      if (child.isDirectory()) {
        const why = await look(path);
        if (why !== undefined) return why;
      } else if (child.isFile()) {
        files += 1;
        bytes += (await stat(path)).size;
        if (files > MAX_FILES || bytes > MAX_BYTES)
          return 'they are too many to be looked through for secrets';
        const text = await readFile(path, 'utf8');
        if (redactor.text(text) !== text) return `${name} holds a secret of this run`;
      }
    }
    return undefined;
  };
  return look(folder);
}
