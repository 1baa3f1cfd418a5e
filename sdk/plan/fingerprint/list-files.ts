import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

export interface ListedFile {
  /** Absolute. Bytes where the name is not UTF-8. */
  readonly path: string | Buffer;
  /**
   * Relative to the listing's base, forward slashes. A byte that is no UTF-8 is a lone surrogate, as in Python: so no
   * two names become one.
   */
  readonly name: string;
  readonly isLink: boolean;
}

/** Never part of a project: what tools keep beside it. */
const TOOL_FOLDERS = new Set([
  ...['.circleci', '.devcontainer', '.git', '.github', '.gitlab', '.idea', '.vscode'],
  ...['.venv', '__pycache__', 'node_modules'],
]);
/** What only a virtual environment has, and what only a target folder has, e.g. that of another run. */
const MARKS = new Set(['pyvenv.cfg', 'partial_parse.msgpack', 'dbt_runcache_report.json']);
/**
 * Written by dbt, counted elsewhere, or of another kind: `.git` is a file in work trees and submodules, and names an
 * absolute folder.
 */
const NO_INPUTS = new Set(['.env', '.user.yml', '.git']);

/** Whether a listing of the folder above leaves this path out. Relative, with the system's separator. */
export function isInToolFolder(path: string): boolean {
  return path.split(sep).some((segment) => TOOL_FOLDERS.has(segment));
}

/**
 * Every file below a folder, dirty, untracked and ignored ones too: dbt reads them all. Folders that are links are
 * followed, as dbt does.
 * @param skip Absolute paths of files and folders left out, wherever a link leads to them. Not the root itself.
 * @param base What names are relative to; default the root.
 * @throws when a folder cannot be read, links make it endless, or a name is that of a pipe, a socket or a device: then
 *   the files are not known.
 */
export async function listFiles(
  root: string,
  skip: ReadonlySet<string>,
  base: string = root,
): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  const nameOf = (path: string): string => relative(base, path).split(sep).join('/');
  const walk = async (folder: string, above: readonly string[]): Promise<void> => {
    const here = above.at(-1) ?? folder;
    const children = await readdir(folder, { withFileTypes: true });
    if (above.length > 1 && children.some(({ name }) => MARKS.has(name))) return;
    if (children.some(({ name }) => name.includes('\uFFFD'))) found.push(...(await oddNames(folder, nameOf)));
    const folders: Promise<void>[] = [];
    for (const child of children) {
      const path = join(folder, child.name);
      if (skip.has(path) || skip.has(join(here, child.name))) continue;
      if (child.name.includes('\uFFFD') && !(await isThere(path))) continue;
      const isLink = child.isSymbolicLink();
      const kind = isLink
        ? await kindBehind(path)
        : child.isDirectory()
          ? 'folder'
          : child.isFile()
            ? 'file'
            : 'other';
      if (kind === 'folder') {
        if (TOOL_FOLDERS.has(child.name)) continue;
        const real = isLink ? await realpath(path) : join(here, child.name);
        if (skip.has(real)) continue;
        if (above.includes(real)) throw new Error(`${nameOf(path)} is a link to a folder it lies in`);
        folders.push(walk(path, [...above, real]));
      } else if (kind === 'other') {
        throw new Error(`${nameOf(path)} is neither a file nor a folder`);
      } else if (!NO_INPUTS.has(child.name)) {
        found.push({ path, name: nameOf(path), isLink });
      }
    }
    await Promise.all(folders);
  };
  await walk(root, [await realpath(root)]);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a link leads to. One to nowhere counts as a file; that it leads nowhere shows when it is read. */
async function kindBehind(path: string): Promise<'file' | 'folder' | 'other'> {
  try {
    const behind = await stat(path);
    return behind.isDirectory() ? 'folder' : behind.isFile() ? 'file' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'file';
    throw error;
  }
}

/** Whether the name really has that character, and does not only stand for bytes that are no text. */
async function isThere(path: string): Promise<boolean> {
  const [folder, name] = [path.slice(0, path.lastIndexOf(sep)), path.slice(path.lastIndexOf(sep) + 1)];
  const names = await readdir(folder, { encoding: 'buffer' });
  return names.some((bytes) => bytes.equals(Buffer.from(name)));
}

/** The files of a folder whose names are not UTF-8. */
async function oddNames(folder: string, nameOf: (path: string) => string): Promise<ListedFile[]> {
  const children = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  return children
    .filter(({ name }) => !Buffer.from(name.toString('utf8')).equals(name))
    .map((child) => {
      const name = nameOf(join(folder, surrogateEscaped(child.name)));
      if (!child.isFile()) throw new Error(`${name} has a name that is not UTF-8 and is no plain file`);
      return { path: Buffer.concat([Buffer.from(folder + sep), child.name]), name, isLink: false };
    });
}

function surrogateEscaped(bytes: Buffer): string {
  return Array.from(bytes.toString('latin1'), (char) =>
    char < '\x80' ? char : String.fromCharCode(0xdc00 + char.charCodeAt(0)),
  ).join('');
}
