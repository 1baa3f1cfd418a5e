import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** More than packages have. */
const MAX_FILES = 20_000;
const MAX_BYTES = 256 << 20;

/**
 * What a folder holds, each file by its bytes and each link by where it leads; modes and times do not count.
 * @param without A name in the folder itself that is left out.
 * @returns Undefined where the folder is no folder, cannot be read, holds more than packages do, or something that is
 *   neither file, folder nor link.
 */
export async function treeDigest(folder: string, without: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  let [files, bytes] = [0, 0];
  const add = async (at: string, names: readonly string[]): Promise<void> => {
    for (const child of await readdir(at, { withFileTypes: true, encoding: 'utf8' }).then(inOrder)) {
      if (names.length === 0 && child.name === without) continue;
      const path = join(at, child.name);
      const place = [...names, child.name];
      const put = (kind: string, text: string) => hash.update(`${JSON.stringify([kind, place, text])}\n`);
      if (child.isDirectory()) {
        put('folder', '');
        await add(path, place);
      } else if (child.isSymbolicLink()) {
        put('link', await readlink(path));
      } else if (child.isFile()) {
        files += 1;
        bytes += (await lstat(path)).size;
        if (files > MAX_FILES || bytes > MAX_BYTES) throw new Error(`${folder} holds more than packages do`);
        put(
          'file',
          createHash('sha256')
            .update(await readFile(path))
            .digest('hex'),
        );
      } else throw new Error(`${path} is neither a file nor a folder`);
    }
  };
  try {
    // What a link leads to is nobody's to replace, and so none of this.
    if (!(await lstat(folder)).isDirectory()) return undefined;
    await add(folder, []);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

function inOrder<T extends { readonly name: string }>(children: readonly T[]): T[] {
  return [...children].sort((a, b) => (a.name < b.name ? -1 : 1));
}
