import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface ListedFile {
  /** Absolute. */
  readonly path: string;
  /** Relative to the listing's root, forward slashes. */
  readonly name: string;
  readonly isLink: boolean;
}

/** Never part of a project: what tools keep beside it. */
const TOOL_FOLDERS = new Set(['.git', '.venv', 'node_modules', '__pycache__']);
/**
 * Every file below a folder, dirty, untracked and ignored ones too: dbt reads them all. Folders that are links are
 * followed, as dbt does.
 * @param skip Absolute paths of folders left out.
 * @throws when a folder cannot be read, or links make it endless: then the files are not known.
 */
export async function listFiles(root: string, skip: ReadonlySet<string>): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  const walk = async (folder: string, above: readonly string[]): Promise<void> => {
    const children = await readdir(folder, { withFileTypes: true });
    const folders: Promise<void>[] = [];
    for (const child of children) {
      const path = join(folder, child.name);
      if (skip.has(path)) continue;
      const isLink = child.isSymbolicLink();
      if (child.isDirectory() || (isLink && (await isFolder(path)))) {
        if (TOOL_FOLDERS.has(child.name)) continue;
        const real = isLink ? await realpath(path) : join(above.at(-1) ?? folder, child.name);
        if (above.some((one) => one === real || one.startsWith(real + sep)))
          throw new Error(`${path} is a link to a folder it lies in`);
        folders.push(walk(path, [...above, real]));
      } else if (child.isFile() || isLink) {
        found.push({ path, name: relative(root, path).split(sep).join('/'), isLink });
      }
    }
    await Promise.all(folders);
  };
  await walk(root, [await realpath(root)]);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A link to nowhere is no folder; that it leads nowhere shows when it is read. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
