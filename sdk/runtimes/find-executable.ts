import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Environment } from '../plan/variables.ts';
import { readVariable } from '../plan/variables.ts';

export interface Searched {
  readonly env: Environment;
  /** Relative entries of PATH are taken from here. */
  readonly cwd: string;
}

/** The program a shell would start for this word: a path as it is, a bare name from PATH. Absolute. */
export async function findExecutable(word: string, { env, cwd }: Searched): Promise<string | undefined> {
  if (isPathLike(word)) return firstExecutable(resolve(cwd, word), env);
  for (const folder of (readVariable(env, 'PATH') ?? '').split(delimiter)) {
    if (folder === '') continue;
    const found = await firstExecutable(join(isAbsolute(folder) ? folder : resolve(cwd, folder), word), env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a word names a place rather than something to look for on PATH. */
export function isPathLike(word: string): boolean {
  return (
    word.includes('/') || (process.platform === 'win32' && (word.includes('\\') || /^[A-Za-z]:/.test(word)))
  );
}

async function firstExecutable(path: string, env: Environment): Promise<string | undefined> {
  if (process.platform !== 'win32') return (await isExecutableFile(path)) ? path : undefined;
  const endings = (readVariable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD')
    .split(';')
    .filter((end) => end !== '');
  const hasOne = endings.some((end) => path.toLowerCase().endsWith(end.toLowerCase()));
  for (const candidate of hasOne ? [path] : endings.map((end) => path + end.toLowerCase())) {
    if (await isFile(candidate)) return candidate;
  }
  return undefined;
}

export async function isExecutableFile(path: string): Promise<boolean> {
  if (!(await isFile(path))) return false;
  if (process.platform === 'win32') return true;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
