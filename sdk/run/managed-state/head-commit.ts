import { isCommitSha } from '../../util/git-names.ts';
import { commitOf, type Git } from './git.ts';

/** The commit that is checked out. */
export interface HeadCommit {
  /** Full SHA. */
  readonly sha: string;
  /** Full SHAs, as the commit names them: a shallow clone has the names alone. */
  readonly parents: readonly string[];
  /** ISO 8601, UTC. */
  readonly committedAt: string;
  /** Whether the clone lacks older commits. */
  readonly isShallow: boolean;
}

/** Undefined where the folder is in no checkout, where that has no commit yet, or where git does not tell. */
export async function readHeadCommit(git: Git): Promise<HeadCommit | undefined> {
  const [sha, shallow] = await Promise.all([
    commitOf(git, 'HEAD'),
    git('rev-parse', '--is-shallow-repository'),
  ]);
  if (!isCommitSha(sha)) return undefined;
  // Not `git log`: settings can have that look at signatures, with a program they name.
  const content = (await git('cat-file', 'commit', sha)) ?? '';
  const header = content.split('\n\n', 1)[0]?.split('\n') ?? [];
  const seconds = Number(header.flatMap((line) => /^committer .*> (\d{1,11}) /.exec(line)?.[1] ?? [])[0]);
  if (!Number.isFinite(seconds)) return undefined;
  return {
    sha,
    parents: header
      .flatMap((line) => (line.startsWith('parent ') ? [line.slice(7)] : []))
      .filter(isCommitSha),
    committedAt: new Date(seconds * 1000).toISOString(),
    // One that does not know the question may be either.
    isShallow: shallow?.trim() !== 'false',
  };
}
