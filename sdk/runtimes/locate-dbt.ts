import { basename, dirname, join, resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { splitWords } from '../plan/split-words.ts';
import {
  findExecutable,
  isExecutableFile,
  isFile,
  isFolder,
  isPathLike,
  type Searched,
} from './find-executable.ts';
import { dbtIn } from './python-environment.ts';

/** The command that starts dbt, and what to look at to learn its versions. */
export interface LocatedDbt {
  /** As it is to be started. */
  readonly commandPrefix: readonly string[];
  /** Absolute: what the first word of the prefix is. */
  readonly executable: string;
  /** True for a single program that is dbt itself; false for a program that starts dbt. */
  readonly isDbtItself: boolean;
}

/**
 * Finds the program for the `dbt` option.
 * @throws DbtRunCacheError `dbt-not-found`, `dbt-not-usable` for a file that cannot be executed, `invalid-options`
 *   for an unclosed quote.
 */
export async function locateDbt(
  option: string | readonly string[] | undefined,
  searched: Searched,
): Promise<LocatedDbt> {
  if (option === undefined) return onPath(['dbt'], searched);
  if (typeof option !== 'string')
    return option.length === 1 ? single(option[0] ?? '', searched) : onPath(option, searched);
  const path = resolve(searched.cwd, option);
  // A path may hold spaces, so what exists is a path first; a bare word is looked for on PATH before that.
  if (await isFolder(path))
    return isPathLike(option) || !(await isOnPath(option, searched))
      ? inEnvironment(path)
      : onPath([option], searched);
  if (await isFile(path))
    return isPathLike(option) || !(await isOnPath(option, searched))
      ? atPath(path)
      : onPath([option], searched);
  const words = splitWords(option);
  return words.length === 1 ? single(words[0] ?? '', searched) : onPath(words, searched);
}

async function isOnPath(word: string, searched: Searched): Promise<boolean> {
  return !/\s/.test(word) && (await findExecutable(word, searched)) !== undefined;
}

async function single(word: string, searched: Searched): Promise<LocatedDbt> {
  const path = resolve(searched.cwd, word);
  if (!isPathLike(word)) return onPath([word], searched);
  if (await isFolder(path)) return inEnvironment(path);
  if (await isFile(path)) return atPath(path);
  throw notFound(
    `The dbt to run was given as ${path}, which does not exist`,
    word.startsWith('~') ? 'Write the folder out: no shell expands ~ here.' : undefined,
  );
}

async function inEnvironment(folder: string): Promise<LocatedDbt> {
  const dbt = await dbtIn(folder);
  if (dbt === undefined) {
    const isEnvironment = await isFile(join(folder, 'pyvenv.cfg'));
    throw notFound(
      isEnvironment
        ? `The virtual environment ${folder} has no dbt`
        : `${folder} is no virtual environment with dbt in it`,
    );
  }
  return atPath(dbt);
}

async function atPath(path: string): Promise<LocatedDbt> {
  if (!(await isExecutableFile(path))) {
    throw new DbtRunCacheError(`${path} is not executable`, {
      code: 'dbt-not-usable',
      hint: `Make it executable, e.g. chmod +x ${path}, or name another dbt to run.`,
    });
  }
  return { commandPrefix: [path], executable: path, isDbtItself: true };
}

async function onPath(words: readonly string[], searched: Searched): Promise<LocatedDbt> {
  const [first, ...rest] = words;
  if (first === undefined) throw notFound('The dbt to run was given as nothing');
  const executable = await findExecutable(first, searched);
  if (executable === undefined) {
    const place = isPathLike(first) ? resolve(searched.cwd, first) : `${first} on PATH`;
    throw notFound(
      `There is no ${place}`,
      words.length === 1 && first === 'dbt' ? await nearbyHint(searched) : undefined,
    );
  }
  // One program is reported by its place; a prefix as the user wrote it.
  if (rest.length === 0) return { commandPrefix: [executable], executable, isDbtItself: true };
  return { commandPrefix: words, executable, isDbtItself: false };
}

/** A virtual environment that was made but not activated is the usual reason. */
async function nearbyHint(searched: Searched): Promise<string | undefined> {
  for (let dir = searched.cwd; ; dir = dirname(dir)) {
    for (const name of ['.venv', 'venv']) {
      const folder = join(dir, name);
      if ((await dbtIn(folder)) !== undefined) {
        return `Name ${folder} as the dbt to run, a virtual environment that has dbt, or activate it first.`;
      }
    }
    if (dirname(dir) === dir) return undefined;
  }
}

function notFound(message: string, hint?: string): DbtRunCacheError {
  return new DbtRunCacheError(message, {
    code: 'dbt-not-found',
    hint:
      hint ??
      'Install it with pip install dbt-core and the adapter (e.g. dbt-postgres), or name the dbt to run (--dbt; in the SDK and the Action: dbt): its path, its virtual environment or a command such as "uv run dbt".',
  });
}

/** Whether a program is called as dbt usually is. */
export function isNamedDbt(path: string): boolean {
  return /^dbt(?:\.exe|\.cmd|\.bat)?$/i.test(basename(path));
}
