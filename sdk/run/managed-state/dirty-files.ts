import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { namesIn } from '../../plan/fingerprint/ask-git.ts';
import { type CheckoutFolder, type Git, gitIn } from './git.ts';

/** dbt reads no others of its own accord. */
const READ_BY_DBT = ['sql', 'yml', 'yaml', 'csv', 'py', 'md'].map((ending) => `:(icase)*.${ending}`);
/** Packages of other programs, which may lie in the project and be ignored by nobody. */
const NOT_OF_DBT = /(?:^|\/)(?:\.[^/]+|site-packages|node_modules)\//;
/** More than this are no mistake of git's. */
const MAX_LOOKED_AT = 1000;

/**
 * Whether files of the project differ from its commit, or are not in it: those that git tracks, and new ones that dbt may
 * read and git does not ignore. What git cannot tell counts as a difference.
 * @param ownPaths Files and folders that do not count. One that holds the project has no effect.
 */
export async function isDirty(
  checkout: CheckoutFolder,
  head: string,
  ownPaths: readonly string[],
): Promise<boolean> {
  const git = gitIn(checkout);
  const drivers = await filterDrivers(git);
  const [changed, added] = await Promise.all([
    gitIn(withoutFilters(checkout, drivers))(
      ...['-c', 'core.quotePath=false', 'diff', '--name-only', '-z', '--relative', '--no-renames'],
      ...['--no-ext-diff', '--no-textconv', '--ignore-submodules=dirty', head, '--', '.'],
    ),
    git('ls-files', '--others', '--exclude-standard', '-z', '--', ...READ_BY_DBT),
  ]);
  if (changed === undefined || added === undefined) return true;
  const counts = counter(checkout.projectDir, ownPaths);
  if (namesIn(added).some((name) => !NOT_OF_DBT.test(name) && counts(name))) return true;
  const names = namesIn(changed).filter(counts);
  if (names.length === 0 || drivers.length === 0 || names.length > MAX_LOOKED_AT) return names.length > 0;
  return isAnyChanged(git, checkout.projectDir, names);
}

function counter(projectDir: string, ownPaths: readonly string[]): (name: string) => boolean {
  // One that holds the project begins with dots, and no name does.
  const own = ownPaths.map((path) => relative(projectDir, resolve(projectDir, path)).split(sep).join('/'));
  return (name) => !own.some((path) => name === path || name.startsWith(`${path}/`));
}

async function filterDrivers(git: Git): Promise<readonly string[]> {
  const listed = await git('config', '--name-only', '-z', '--get-regexp', '^filter\\.');
  return [...new Set(namesIn(listed ?? '').map((key) => key.slice(7, key.lastIndexOf('.'))))];
}

/** git compares contents through programs that settings name. None is started, so such files may look changed. */
function withoutFilters(checkout: CheckoutFolder, drivers: readonly string[]): CheckoutFolder {
  const settings = drivers.flatMap((name) => [
    [`filter.${name}.clean`, ''],
    [`filter.${name}.process`, ''],
    [`filter.${name}.required`, 'false'],
  ]);
  const first = Number.parseInt(checkout.env['GIT_CONFIG_COUNT'] ?? '', 10) || 0;
  const env: Record<string, string | undefined> = { ...checkout.env };
  for (const [at, [key, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${first + at}`] = key;
    env[`GIT_CONFIG_VALUE_${first + at}`] = value;
  }
  return { ...checkout, env: { ...env, GIT_CONFIG_COUNT: String(first + settings.length) } };
}

/** Of files that look changed: one that goes through a program is, if it is newer than what git knows of it. */
async function isAnyChanged(git: Git, folder: string, names: readonly string[]): Promise<boolean> {
  const [attributes, index] = await Promise.all([
    git('check-attr', '-z', 'filter', '--', ...names),
    git('rev-parse', '--git-path', 'index'),
  ]);
  if (attributes === undefined || index === undefined) return true;
  const fields = attributes.split('\0');
  const knownMs = await changedMs(resolve(folder, index.replace(/\n$/, '')));
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [name = '', , filter] = fields.slice(at, at + 3);
    if (filter === 'unspecified' || filter === 'unset') return true;
    if (!((await changedMs(resolve(folder, name))) <= knownMs)) return true;
  }
  return false;
}

/** NaN for what is not there. */
async function changedMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NaN,
  );
}
