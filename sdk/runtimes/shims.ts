import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readVariable } from '../plan/variables.ts';
import { type Asker, ask } from './ask-python.ts';
import { isExecutableFile, type Searched } from './find-executable.ts';

/** A program of a version manager that stands in for dbt and starts the one it picks. */
export interface Shim {
  readonly manager: 'pyenv' | 'asdf' | 'mise';
  /** The manager's own program, as the shim calls it. */
  readonly program: string;
}

/**
 * Tells whether an executable is such a stand-in.
 * @param path As found; @param realPath with its links resolved; @param text its beginning, when it is a script.
 */
export function readShim(path: string, realPath: string, text: string | undefined): Shim | undefined {
  const real = basename(realPath).replace(/\.exe$/i, '');
  if (real === 'mise' && basename(path) !== basename(realPath)) return { manager: 'mise', program: realPath };
  if (text === undefined) return undefined;
  const match = /^\s*exec\s+"?([^"\n]*?\b(pyenv|asdf))"?\s+exec\b/m.exec(text);
  const [, program, manager] = match ?? [];
  if (program === undefined || (manager !== 'pyenv' && manager !== 'asdf')) return undefined;
  return { manager, program };
}

/** The dbt a shim will start: from the manager's files where they tell, else by asking the manager. */
export async function followShim(
  shim: Shim,
  shimPath: string,
  searched: Searched,
  asker: Asker | undefined,
): Promise<string | undefined> {
  if (shim.manager === 'pyenv') {
    const found = await followPyenv(dirname(dirname(shimPath)), searched);
    if (found !== undefined) return found;
  }
  if (asker === undefined) return undefined;
  const line = (await ask([shim.program, 'which', 'dbt'], asker))?.trim().split('\n').at(-1)?.trim();
  return line !== undefined && line !== '' && (await isExecutableFile(line)) ? line : undefined;
}

/** The version pyenv picks: PYENV_VERSION, the nearest `.python-version`, the global one. Several: the first with dbt. */
async function followPyenv(root: string, { env, cwd }: Searched): Promise<string | undefined> {
  const given = readVariable(env, 'PYENV_VERSION');
  const names =
    given !== undefined && given !== ''
      ? given.split(':')
      : ((await nearestVersionFile(cwd)) ?? (await versionFile(join(root, 'version'))) ?? []);
  for (const name of names) {
    const dbt = join(root, 'versions', name, 'bin', 'dbt');
    if (await isExecutableFile(dbt)) return dbt;
  }
  return undefined;
}

async function nearestVersionFile(cwd: string): Promise<readonly string[] | undefined> {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const names = await versionFile(join(dir, '.python-version'));
    if (names !== undefined) return names;
    if (dirname(dir) === dir) return undefined;
  }
}

async function versionFile(path: string): Promise<readonly string[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const names = text?.split(/\s+/).filter((name) => name !== '' && !name.startsWith('#'));
  return names === undefined || names.length === 0 ? undefined : names;
}
