import { cacheToken } from './cache-entries.ts';
import { REPOSITORY_NAME } from './git-rest-service.ts';

/** What starts a workflow run, and what its token may do in the Actions cache. */
export interface ActEvent {
  readonly name: 'push' | 'pull_request' | 'merge_group' | 'schedule';
  readonly payload: Readonly<Record<string, unknown>>;
  readonly cacheToken: string;
  /** GitHub passes no variables and no secrets of the repository, but for a token that reads. */
  readonly isFromFork?: true;
}

const MAIN = 'refs/heads/main';
const repository = { full_name: REPOSITORY_NAME, default_branch: 'main' };

/** A push: the branch's own caches and those of the default branch. */
export function pushTo(branch: string): ActEvent {
  const ref = `refs/heads/${branch}`;
  return {
    name: 'push',
    payload: { ref, deleted: false, repository },
    cacheToken: cacheToken(ref, ...(ref === MAIN ? [] : [MAIN])),
  };
}

/**
 * A pull request onto main: caches of its own, those of its base can be read. From a fork, none can be written.
 * @param headSha Its last commit.
 */
export function pullRequest(number: number, from: 'here' | 'fork' = 'here', headSha?: string): ActEvent {
  const scope = `refs/pull/${number}/merge`;
  const head = from === 'fork' ? { full_name: 'someone-else/dbt', fork: true } : repository;
  return {
    name: 'pull_request',
    payload: {
      action: 'synchronize',
      number,
      repository,
      pull_request: {
        number,
        head: { ref: 'change', sha: headSha, repo: head },
        base: { ref: 'main', repo: repository },
      },
    },
    cacheToken: from === 'fork' ? cacheToken(undefined, scope, MAIN) : cacheToken(scope, MAIN),
    ...(from === 'fork' ? { isFromFork: true } : {}),
  };
}

/** A group of the merge queue of main: a branch of its own, beside that of its pull request. */
export function mergeGroup(pullRequestNumber: number): ActEvent {
  const ref = `refs/heads/gh-readonly-queue/main/pr-${pullRequestNumber}`;
  return {
    name: 'merge_group',
    payload: { action: 'checks_requested', merge_group: { head_ref: ref, base_ref: MAIN }, repository },
    cacheToken: cacheToken(ref, MAIN),
  };
}

/** The clock: main, as it stands. */
export function onSchedule(): ActEvent {
  return { name: 'schedule', payload: { schedule: '7 * * * *', repository }, cacheToken: cacheToken(MAIN) };
}
