import type { RunProgram } from '../../util/run-program.ts';

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 256 << 20;
/** Files without any attribute that lets what is checked out differ from what is stored: line ends, LFS, keywords. */
const AS_STORED = ':(attr:!text !eol !crlf !filter !ident !working-tree-encoding)';

export interface GitObjects {
  /** Of the ids. */
  readonly algorithm: 'sha1' | 'sha256';
  /** Object ids by name relative to the folder. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * What git's index knows of the files in a folder, so that they need not be read: the ids of those whose content on
 * disk certainly is the index's. An id is the digest of `blob <size>\0<content>`.
 * @returns undefined when there is no git, no repository, or git may convert line ends.
 */
export async function gitObjects(
  folder: string,
  env: Readonly<Record<string, string>>,
  run: RunProgram,
): Promise<GitObjects | undefined> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    try {
      const { stdout, exitCode } = await run('git', ['-C', folder, '-c', 'core.fsmonitor=false', ...args], {
        env: { ...env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
        cwd: folder,
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_BYTES,
      });
      return exitCode === 0 ? stdout : undefined;
    } catch {
      return undefined;
    }
  };
  const [staged, changed, autocrlf] = await Promise.all([
    git('ls-files', '-v', '--stage', '-z', '--', AS_STORED),
    // Also names what only looks changed, e.g. after a copy: that is read, and turns out to be the same.
    git('diff-files', '--name-only', '--relative', '-z', '--', '.'),
    git('config', '--default', 'false', '--get', 'core.autocrlf'),
  ]);
  if (staged === undefined || changed === undefined || autocrlf?.trim() !== 'false') return undefined;
  const ids = new Map<string, string>();
  let algorithm: GitObjects['algorithm'] = 'sha1';
  for (const entry of staged.split('\0')) {
    // `H`: neither assumed to be unchanged nor left out of the work tree, so git looks at it. Links and submodules hold
    // something else than what dbt reads through them; a conflict has several stages.
    const [, mode, id, stage, name] = /^H (\d+) ([0-9a-f]+) (\d)\t([\s\S]+)$/.exec(entry) ?? [];
    if (name === undefined || id === undefined || stage !== '0' || mode?.startsWith('100') !== true) continue;
    if (id.length === 64) algorithm = 'sha256';
    ids.set(name, id);
  }
  for (const name of changed.split('\0')) ids.delete(name);
  return { algorithm, ids };
}
