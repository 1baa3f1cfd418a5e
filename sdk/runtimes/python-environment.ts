import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readVariable } from '../plan/variables.ts';
import { isFile, isFolder, type Searched } from './find-executable.ts';

/** Where a Python keeps its packages, as far as its folders tell. */
export interface PythonEnvironment {
  /** Absolute folders, first searched first. Empty when the layout is not known here. */
  readonly sitePackages: readonly string[];
  readonly pythonVersion?: string;
}

/** @param pythonPath The interpreter, its links not resolved: a virtual environment is known by its own. */
export async function readPythonEnvironment(
  pythonPath: string,
  searched: Searched,
): Promise<PythonEnvironment> {
  const root = dirname(dirname(pythonPath));
  const config = await readVenvConfig(root);
  if (config !== undefined) {
    const version = config.get('version_info') ?? config.get('version');
    const own = await packageFolders(root, minorOf(version));
    const home = config.get('home');
    const shared =
      config.get('include-system-site-packages')?.toLowerCase() === 'true' && home !== undefined
        ? await systemFolders(dirname(home), minorOf(version), searched)
        : [];
    const known = plainVersion(version) ?? minorOfFolder(own[0]);
    return { sitePackages: [...own, ...shared], ...(known === undefined ? {} : { pythonVersion: known }) };
  }
  const real = await realpath(pythonPath).catch(() => pythonPath);
  const minor = /(\d+\.\d+)(?:\.exe)?$/.exec(basename(real))?.[1];
  const roots = [...new Set([root, dirname(dirname(real))])];
  const folders: string[] = [];
  for (const candidate of roots) folders.push(...(await systemFolders(candidate, minor, searched)));
  const sitePackages = [...new Set(folders)];
  const version = minor ?? minorOfFolder(sitePackages[0]);
  return { sitePackages, ...(version === undefined ? {} : { pythonVersion: version }) };
}

async function readVenvConfig(root: string): Promise<Map<string, string> | undefined> {
  const text = await readFile(join(root, 'pyvenv.cfg'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const equals = line.indexOf('=');
      return equals === -1
        ? []
        : [[line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim()]];
    }),
  );
}

/** Of an installed Python: its own folder, Debian's, and the user's. */
async function systemFolders(root: string, minor: string | undefined, searched: Searched): Promise<string[]> {
  const home = readVariable(searched.env, 'HOME');
  const user = home === undefined || home === '' ? [] : await packageFolders(join(home, '.local'), minor);
  const local = root === '/usr' ? await packageFolders('/usr/local', minor, 'dist-packages') : [];
  const own = await packageFolders(root, minor);
  const debian = [join(root, 'lib', 'python3', 'dist-packages')];
  const present = await Promise.all(debian.map(async (folder) => ((await isFolder(folder)) ? [folder] : [])));
  return [...user, ...local, ...own, ...present.flat()];
}

/** `lib/python3.X/site-packages` of a root, or `Lib\site-packages` on Windows. */
async function packageFolders(
  root: string,
  minor: string | undefined,
  leaf = 'site-packages',
): Promise<string[]> {
  const windows = join(root, 'Lib', leaf);
  if (process.platform === 'win32') return (await isFolder(windows)) ? [windows] : [];
  const found: string[] = [];
  for (const lib of ['lib', 'lib64']) {
    const entries = await readdir(join(root, lib)).catch(() => []);
    const versions = entries.filter((entry) =>
      minor === undefined
        ? /^(?:python|pypy)3\.\d+$/.test(entry)
        : entry === `python${minor}` || entry === `pypy${minor}`,
    );
    for (const entry of versions) {
      const folder = join(root, lib, entry, leaf);
      if (await isFolder(folder)) found.push(await realpath(folder));
    }
  }
  return [...new Set(found)];
}

function minorOf(version: string | undefined): string | undefined {
  return /^(\d+\.\d+)/.exec(version ?? '')?.[1];
}

/** uv and virtualenv write more than the numbers, e.g. `3.11.7.final.0`. */
function plainVersion(version: string | undefined): string | undefined {
  return /^\d+\.\d+(?:\.\d+)?/.exec(version ?? '')?.[0];
}

function minorOfFolder(folder: string | undefined): string | undefined {
  return /(?:python|pypy)(3\.\d+)[\\/]/.exec(folder ?? '')?.[1];
}

/** The Python of an environment's folder. */
export async function pythonIn(environment: string): Promise<string | undefined> {
  const names =
    process.platform === 'win32'
      ? [join('Scripts', 'python.exe'), 'python.exe']
      : [join('bin', 'python'), join('bin', 'python3')];
  for (const name of names) {
    if (await isFile(join(environment, name))) return join(environment, name);
  }
  return undefined;
}

/** The dbt of an environment's folder. */
export async function dbtIn(environment: string): Promise<string | undefined> {
  const names =
    process.platform === 'win32'
      ? [join('Scripts', 'dbt.exe'), join('Scripts', 'dbt.cmd')]
      : [join('bin', 'dbt')];
  for (const name of names) {
    if (await isFile(join(environment, name))) return join(environment, name);
  }
  return undefined;
}
