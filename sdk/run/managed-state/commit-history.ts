import type { GithubRepository } from '../../github/compare-commits.ts';
import type { CommitHistory } from '../../state-archive/commit-history.ts';
import { optional } from '../../util/optional.ts';
import { isDirty } from './dirty-files.ts';
import { type CheckoutFolder, gitIn } from './git.ts';
import { readHeadCommit } from './head-commit.ts';
import { findMergeBase, WAY_OUT } from './merge-base.ts';
import { relateCommits } from './relate-commits.ts';

export interface HistoryQuestion extends CheckoutFolder {
  /** Who is asked where the clone lacks commits. */
  readonly rest?: GithubRepository;
  /** Absolute paths that make no checkout dirty: what dbt and we write, and what holds no code. */
  readonly ownPaths: readonly string[];
}

/** The commit that a project's folder has checked out, and how others stand to it. Throws nothing. */
export async function commitHistoryOf(
  question: HistoryQuestion,
): Promise<CommitHistory | { readonly kind: 'none'; readonly why: string }> {
  const { projectDir, env, rest, ownPaths } = question;
  const git = gitIn(question);
  const head = await readHeadCommit(git);
  if (head === undefined) {
    return {
      kind: 'none',
      why: `git names no commit for ${projectDir}: the folder is in no checkout, git is not installed, or it refuses a folder of another user (git config --global --add safe.directory)`,
    };
  }
  const [base, dirty] = await Promise.all([
    findMergeBase({ git, env, head, rest }),
    isDirty(question, head.sha, ownPaths),
  ]);
  const lacksHistory = head.isShallow && rest === undefined;
  const doubt =
    base.kind === 'unknown'
      ? base.doubt
      : lacksHistory
        ? `The clone is shallow, so older commits cannot be told. ${WAY_OUT}`
        : undefined;
  return {
    head: head.sha,
    committedAt: head.committedAt,
    ...optional('mergeBase', base.kind === 'known' ? base.commit : undefined),
    ...optional('doubt', doubt),
    isDirty: dirty,
    relate: (commits, signal) => relateCommits({ git, head, rest }, commits, signal),
  };
}
