import { existsSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { configInvalid } from './problem.ts';

const NAMES = ['dbt-runcache.yml', 'dbt-runcache.yaml'] as const;

/** Given instead of a path: no file is read. */
export const NO_FILE = 'none';

/** A file that was named. @throws DbtRunCacheError `config-not-found`. */
export function namedFile(path: string, base: string): string {
  const absolute = resolve(base, path);
  const found = statOf(absolute);
  if (typeof found === 'object' && found.isFile()) return absolute;
  const why = typeof found === 'string' ? `it cannot be read (${found})` : 'there is no such file';
  throw new DbtRunCacheError(`The configuration file was given as ${absolute}, and ${why}`, {
    code: 'config-not-found',
    hint: 'Name a file that exists, or none to read no configuration file.',
  });
}

/**
 * The nearest file from a folder upward, as far as the repository's root; without a repository, as far as there are
 * folders.
 * @param userId Of this process, where the system has such.
 * @throws DbtRunCacheError `config-invalid` for two names in one folder, for one that cannot be looked at, and for a file
 *   that somebody else put into a folder all users may write to, such as /tmp: it could name a program of theirs as the
 *   dbt to run.
 */
export function findFile(from: string, userId = process.getuid?.()): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const [file, other] = NAMES.map((name) => join(folder, name)).filter(isFile);
    if (file !== undefined && other !== undefined) {
      throw configInvalid([`${folder} holds both ${NAMES.join(' and ')}`], 'Keep one of the two.');
    }
    if (file !== undefined) {
      if (isPlanted(file, folder, userId)) {
        throw configInvalid(
          [`${file} belongs to another user and lies in a folder that everybody may write to`],
          'If you trust it, name it as the configuration file; else name none.',
        );
      }
      return file;
    }
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return undefined;
  }
}

function isFile(path: string): boolean {
  return looked(path)?.isFile() ?? false;
}

function looked(path: string): Stats | undefined {
  const found = statOf(path);
  if (typeof found !== 'string') return found;
  throw configInvalid(
    [`${path}: it cannot be read (${found})`],
    'Make it readable or take it away, or run without it: --no-config, in the Action config: none.',
  );
}

/** Undefined: there is nothing. A text: the system's word for why it cannot be told, e.g. `ELOOP`. */
function statOf(path: string): Stats | string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown reason';
  }
}

function isPlanted(file: string, folder: string, userId: number | undefined): boolean {
  if (userId === undefined) return false;
  const isTheirs = looked(file)?.uid !== userId;
  return isTheirs && ((looked(folder)?.mode ?? 0) & 0o002) !== 0;
}
