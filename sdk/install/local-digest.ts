import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What building and testing leave in a folder. */
const LEFT_OUT = /^(?:\..+|__pycache__|build|dist|node_modules|target|venv|.+\.egg-info)$/;
/** More is no package of Python's. */
const MAX_FILES = 5000;

/**
 * What a file, or the files of a package's folder, hold: so that a change of them makes another environment.
 * @throws when it cannot be read, or holds more than a package does.
 */
export async function localDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  let count = 0;
  const add = async (at: string, name: string): Promise<void> => {
    if ((await stat(at)).isDirectory()) {
      for (const entry of (await readdir(at)).sort())
        if (!LEFT_OUT.test(entry)) await add(join(at, entry), `${name}/${entry}`);
      return;
    }
    count += 1;
    if (count > MAX_FILES) throw new Error(`${path} holds more than ${MAX_FILES} files`);
    hash.update(`${JSON.stringify(name)}\0`).update(
      createHash('sha256')
        .update(await readFile(at))
        .digest(),
    );
  };
  await add(path, '');
  return hash.digest('hex');
}

/** The path of something on this machine; undefined for an address. */
export function localPath(place: string, cwd: string): string | undefined {
  const plain = place.replace(/\[[^\]]*\]$/, '').replace(/#.*$/, '');
  if (/^file:\/\//i.test(plain)) {
    try {
      return fileURLToPath(plain);
    } catch {
      return undefined;
    }
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(plain)) return undefined;
  return resolve(cwd, plain);
}
