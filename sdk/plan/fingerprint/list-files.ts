import { lstat, readdir, realpath, stat } from 'node:fs/promises';
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
export const MARKS: ReadonlySet<string> = new Set([
  'pyvenv.cfg',
  'partial_parse.msgpack',
  'dbt_runcache_report.json',
]);
/** Written by dbt where a profile lies beside its project; anywhere deeper it is somebody's YAML. */
const USER_FILE = '.user.yml';
/** Written by us into a folder of dbt packages: not every job that has the same packages has it. */
export const PACKAGES_RECEIPT = '.dbt-runcache-installed';
/**
 * Written by dbt, counted elsewhere, or of another kind: `.git` is a file in work trees and submodules, and names an
 * absolute folder.
 */
const NO_INPUTS = new Set(['.env', USER_FILE, '.git', PACKAGES_RECEIPT]);

/** What programs write there changes by the hour: only files that dbt reads by their endings count. */
const BUSY_FOLDERS = new Set(['.git', '__pycache__']);
const READ_BY_DBT = /\.(?:csv|j2|jinja2?|md|py|sql|ya?ml)$/i;

/**
 * Whether a listing of a folder leaves out one below it.
 * @param path Of the one below: relative, with the system's separator.
 */
export async function isHidden(folder: string, path: string): Promise<boolean> {
  const segments = path.split(sep).filter((segment) => segment !== '' && segment !== '.');
  if (segments.some((segment) => TOOL_FOLDERS.has(segment))) return true;
  const folders = segments.map((_, at) => join(folder, ...segments.slice(0, at + 1)));
  const marked = await Promise.all(
    folders.flatMap((one) =>
      // What cannot be looked at cannot be listed either, and that is told then.
      [...MARKS].map((mark) =>
        lstat(join(one, mark)).then(
          () => true,
          () => false,
        ),
      ),
    ),
  );
  return marked.includes(true);
}

/**
 * Every file below a folder, dirty, untracked and ignored ones too: dbt reads them all. Folders that are links are
 * followed, as dbt does.
 * @param skip Absolute paths of files and folders left out, wherever a link leads to them. Not the root itself.
 * @param base What names are relative to; default the root.
 * @param configured Absolute paths of folders that dbt was told to read: in those nothing is taken for a tool's.
 * @throws when a folder cannot be read, links make it endless, or a name is that of a pipe, a socket or a device: then
 *   the files are not known.
 */
export async function listFiles(
  root: string,
  skip: ReadonlySet<string>,
  base: string = root,
  configured: ReadonlySet<string> = new Set(),
): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  const nameOf = (path: string): string => relative(base, path).split(sep).join('/');
  const walk = async (folder: string, above: readonly string[], place: Place): Promise<void> => {
    const here = above.at(-1) ?? folder;
    const children = await readdir(folder, { withFileTypes: true });
    if (above.length > 1 && !place.isRead && children.some(({ name }) => MARKS.has(name))) return;
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
        const isBusy = place.isBusy || BUSY_FOLDERS.has(child.name);
        const real = isLink ? await realpath(path) : join(here, child.name);
        const isRead = place.isRead || configured.has(path) || configured.has(real);
        if (skip.has(real) || (!isRead && TOOL_FOLDERS.has(child.name))) continue;
        if (above.includes(real)) throw new Error(`${nameOf(path)} is a link to a folder it lies in`);
        folders.push(walk(path, [...above, real], { isRead, isBusy }));
      } else if (place.isBusy && !READ_BY_DBT.test(child.name)) {
        // Not dbt's.
      } else if (kind === 'other') {
        throw new Error(`${nameOf(path)} is neither a file nor a folder`);
      } else if (
        !NO_INPUTS.has(child.name) ||
        (place.isRead && READ_BY_DBT.test(nameOf(path)) && nameOf(path) !== USER_FILE)
      ) {
        found.push({ path, name: nameOf(path), isLink });
      }
    }
    await Promise.all(folders);
  };
  const real = await realpath(root);
  await walk(root, [real], { isRead: configured.has(root) || configured.has(real), isBusy: false });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Place {
  /** Whether dbt was told to read here. */
  readonly isRead: boolean;
  readonly isBusy: boolean;
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
