import type { ActRepository } from '../support/act.ts';
import { type ActEvent, pullRequest } from '../support/act-event.ts';

/** A pull request onto main that is open. */
export interface OpenPullRequest {
  /** Of its last commit. */
  event(): ActEvent;
  /** Commits more, and leaves main checked out. */
  push(change: () => void): void;
  /** Checks out what GitHub makes of it now: a merge commit, whose first parent is main and whose second is its last commit. */
  merge(): void;
  /** Checks out what `merge()` made the last time, as a workflow run that is started again does. */
  again(): void;
}

/**
 * A branch of main as it stands. Leaves main checked out.
 * @param change Commits what is proposed, on the branch that is checked out then.
 */
export function openPullRequest(
  { git }: Pick<ActRepository, 'git'>,
  number: number,
  change: () => void,
  from: 'here' | 'fork' = 'here',
): OpenPullRequest {
  const branch = `change-${number}`;
  const ref = `refs/remotes/pull/${number}/merge`;
  const head = (): string => git('rev-parse', branch);
  const push = (more: () => void): void => {
    git('switch', '--quiet', branch);
    more();
    git('switch', '--quiet', 'main');
  };
  git('branch', branch, 'main');
  push(change);
  return {
    event: () => pullRequest(number, from, head()),
    push,
    merge: () => {
      git('switch', '--quiet', '--detach', 'main');
      git('merge', '--quiet', '--no-ff', '-m', `Merge ${head()} into main`, branch);
      git('update-ref', ref, 'HEAD');
    },
    again: () => void git('switch', '--quiet', '--detach', ref),
  };
}
