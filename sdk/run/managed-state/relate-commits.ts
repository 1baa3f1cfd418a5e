import { inParallel } from '../../dedup/in-parallel.ts';
import { compareCommits, type GithubRepository } from '../../github/compare-commits.ts';
import type { Relation } from '../../state-archive/commit-history.ts';
import { isCommitSha } from '../../util/git-names.ts';
import { unlessAborted } from '../../util/waiting.ts';
import type { Git } from './git.ts';
import type { HeadCommit } from './head-commit.ts';
import { WAY_OUT } from './merge-base.ts';

/** For all of one question. */
const LIMIT_MS = 30_000;
/** A repository's token has 1,000 requests an hour for all its jobs. */
const MAX_ASKED = 10;

interface Checkout {
  readonly git: Git;
  readonly head: HeadCommit;
  readonly rest: GithubRepository | undefined;
}

/**
 * How the commits stand to the checkout: git is asked first, then GitHub for the first of what a shallow clone lacks.
 * Throws nothing. In a shallow clone the number of commits is that of those that are there.
 */
export async function relateCommits(
  checkout: Checkout,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Relation>> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const known = new Map<string, Relation>();
  const open = [...new Set(commits)].filter((commit) => {
    const relation = atFirstSight(checkout.head, commit);
    if (relation !== undefined) known.set(commit, relation);
    return relation === undefined;
  });
  const present = await unlessStopped(limit, presentOf(checkout.git, open));
  await inParallel(open, async (commit) => {
    const relation = await unlessStopped(limit, relationInClone(checkout, commit, present));
    if (relation !== undefined) known.set(commit, relation);
  });
  const left = open.filter((commit) => !known.has(commit));
  for (const [commit, relation] of await askGithub(checkout, left, limit)) known.set(commit, relation);
  return known;
}

function atFirstSight({ sha, parents }: HeadCommit, commit: string): Relation | undefined {
  if (commit === sha) return { kind: 'ancestor', commitsAway: 0 };
  // A shallow clone knows it by name alone.
  if (parents.length === 1 && commit === parents[0]) return { kind: 'ancestor', commitsAway: 1 };
  return isCommitSha(commit) ? undefined : { kind: 'other' };
}

/** Which of the commits the clone has; undefined when git does not tell. */
async function presentOf(git: Git, commits: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  if (commits.length === 0) return new Set();
  const listed = await git('rev-list', '--no-walk', '--ignore-missing', '--end-of-options', ...commits);
  return listed === undefined ? undefined : new Set(listed.split('\n'));
}

/** Undefined where the clone cannot tell. */
async function relationInClone(
  { git, head }: Checkout,
  commit: string,
  present: ReadonlySet<string> | undefined,
): Promise<Relation | undefined> {
  if (present === undefined) return undefined;
  if (present.has(commit)) {
    const range = `${head.sha}...${commit}`;
    const counts = await git('rev-list', '--left-right', '--count', '--end-of-options', range);
    const [, ahead, behind] = /^(\d+)\t(\d+)\s*$/.exec(counts ?? '') ?? [];
    if (behind === undefined) return undefined;
    if (behind === '0') return { kind: 'ancestor', commitsAway: Number(ahead) };
  }
  return head.isShallow ? undefined : { kind: 'other' };
}

async function askGithub(
  { head, rest }: Checkout,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Relation>> {
  const relations = new Map<string, Relation>();
  const why = head.isShallow
    ? `The clone is shallow and lacks the commit. ${WAY_OUT}`
    : 'git did not tell how the commit stands to the checkout.';
  for (const commit of commits) relations.set(commit, { kind: 'unknown', why });
  if (rest === undefined) return relations;

  let ownPlace: Promise<boolean> | undefined;
  /** A commit that GitHub does not have is none of the checkout's, if GitHub has the checkout. */
  const knowsHead = (): Promise<boolean> => {
    ownPlace ??= compareCommits(rest, head.sha, head.sha, { signal }).then(({ kind }) => kind === 'compared');
    return ownPlace;
  };
  await inParallel(commits.slice(0, MAX_ASKED), async (commit) => {
    const answer = await compareCommits(rest, commit, head.sha, { signal });
    if (answer.kind === 'compared') {
      const { aheadBy, behindBy } = answer;
      relations.set(commit, behindBy === 0 ? { kind: 'ancestor', commitsAway: aheadBy } : { kind: 'other' });
    } else if (answer.kind === 'unknown') relations.set(commit, answer);
    else if (await knowsHead()) relations.set(commit, { kind: 'other' });
  });
  return relations;
}

async function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  try {
    return await unlessAborted(signal, work);
  } catch {
    return undefined;
  }
}
