import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the places of files in the repository the job runs for. */
export interface Repository {
  /** Path from the repository's root, forward slashes; undefined for a file that is not part of the repository. */
  pathOf(file: string): string | undefined;
  /** Address of the file at the job's commit, where GitHub told enough. */
  urlOf(file: string, line?: number): string | undefined;
}

/**
 * The repository around a folder. Its root is the job's workspace, or a folder below it when the repository was
 * checked out there (`path:` of actions/checkout); another repository's checkout has no places here.
 */
export function findRepository(folder: string, env: Environment): Repository {
  const workspace = env['GITHUB_WORKSPACE'];
  const base = real(folder);
  const root = workspace ? rootOf(base, real(workspace), env['GITHUB_REPOSITORY']) : undefined;

  const pathOf = (file: string): string | undefined => {
    if (root === undefined) return undefined;
    const path = relative(root, resolve(base, file));
    if (path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) return undefined;
    return existsSync(join(root, path)) ? path.split(sep).join('/') : undefined;
  };

  return {
    pathOf,
    urlOf: (file, line) => {
      const [server, repository, sha] = [
        env['GITHUB_SERVER_URL'],
        env['GITHUB_REPOSITORY'],
        env['GITHUB_SHA'],
      ];
      if (!server || !repository || !sha) return undefined;
      const path = pathOf(file)?.split('/').map(encodeURIComponent).join('/');
      if (path === undefined) return undefined;
      return `${server}/${repository}/blob/${sha}/${path}${line === undefined ? '' : `#L${line}`}`;
    },
  };
}

function rootOf(folder: string, workspace: string, repository: string | undefined): string | undefined {
  for (let at = folder; isInside(at, workspace) && at !== workspace; at = dirname(at)) {
    const git = join(at, '.git');
    if (existsSync(git)) return isCheckoutOf(git, repository) ? at : undefined;
  }
  return isInside(folder, workspace) ? workspace : undefined;
}

/** Two ways to a folder must compare as equal: temporary folders are links on macOS. */
function real(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** A `.git` that is a file belongs to a submodule or a worktree: not to this repository. */
function isCheckoutOf(git: string, repository: string | undefined): boolean {
  if (!repository) return false;
  try {
    if (!statSync(git).isDirectory()) return false;
    const config = readFileSync(join(git, 'config'), 'utf8').toLowerCase();
    const name = repository.toLowerCase();
    return config.split(/\r?\n/).some((line) => {
      const url = /^\s*url\s*=\s*(\S+)/.exec(line)?.[1]?.replace(/\.git$/, '');
      return url !== undefined && (url.endsWith(`/${name}`) || url.endsWith(`:${name}`));
    });
  } catch {
    return false;
  }
}
