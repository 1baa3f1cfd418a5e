import { compareCommits, type GithubRepository } from '../../github/compare-commits.ts';
import { type GithubEvent, readGithubEvent } from '../../github/event.ts';
import { isCommitSha } from '../../util/git-names.ts';
import { commitOf, type Git, isAncestor } from './git.ts';
import type { HeadCommit } from './head-commit.ts';
import { targetBranchOf } from './target-branch.ts';

export type MergeBase =
  | { readonly kind: 'known'; readonly commit: string }
  /** `doubt` is a sentence with a way out. */
  | { readonly kind: 'unknown'; readonly doubt: string };

interface Question {
  readonly git: Git;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly head: HeadCommit;
  readonly rest: GithubRepository | undefined;
}

/** Where the checkout left the branch it will go into; the checkout itself where it goes into none. */
export async function findMergeBase(question: Question): Promise<MergeBase> {
  const event = await readGithubEvent(question.env);
  return event === undefined ? elsewhere(question) : onGithub(question, event);
}

async function onGithub(question: Question, event: GithubEvent): Promise<MergeBase> {
  const { git, head } = question;
  if (event.name === 'merge_group') {
    const { groupBaseSha: base } = event;
    if (base !== undefined && (head.isShallow || (await isAncestor(git, base, head.sha)))) return known(base);
    return unknown('The event of the merge queue does not name the commit that its group was put on');
  }
  if (!event.name.startsWith('pull_request')) return known(head.sha);
  const [onto] = head.parents;
  return onto !== undefined && isTrialMerge(head, event)
    ? known(onto)
    : fromBranch(question, event.baseBranch);
}

/** Whether GitHub made the commit to try the pull request: its first parent is of the branch that it will go into. */
function isTrialMerge({ sha, parents }: HeadCommit, { name, ...event }: GithubEvent): boolean {
  if (parents.length !== 2) return false;
  // The commit of `pull_request_target` is one of the other branch, and may be a merge of anything.
  return parents[1] === event.headSha || (sha === event.sha && name !== 'pull_request_target');
}

async function elsewhere(question: Question): Promise<MergeBase> {
  const { git, env, head } = question;
  if (env['GITLAB_CI'] === 'true') {
    const { CI_MERGE_REQUEST_TARGET_BRANCH_SHA: onto, CI_MERGE_REQUEST_DIFF_BASE_SHA: base } = env;
    // GitLab's own trial merge.
    if (isCommitSha(onto) && head.parents.includes(onto)) return known(onto);
    if (isCommitSha(base) && (head.isShallow || (await isAncestor(git, base, head.sha)))) return known(base);
  }
  const target = targetBranchOf(env);
  if (target !== undefined) return fromBranch(question, target);
  const main = 'refs/remotes/origin/HEAD';
  if ((await commitOf(git, main)) === undefined) return known(head.sha);
  const found = await withGit(question, main);
  return found === undefined
    ? unknown('Where the checkout left the default branch is not known')
    : known(found);
}

async function fromBranch(question: Question, branch: string | undefined): Promise<MergeBase> {
  if (branch === undefined) return unknown('The pull request does not name the branch that it will go into');
  const found = await withGit(question, `refs/remotes/origin/${branch}`);
  if (found !== undefined) return known(found);
  const { rest, head } = question;
  const what = `Where the pull request left the branch ${branch} is not known`;
  if (rest === undefined) return unknown(what);
  const compared = await compareCommits(rest, branch, head.sha);
  if (compared.kind === 'compared') return known(compared.mergeBase);
  const why =
    compared.kind === 'unknown'
      ? compared.why
      : `GitHub has no such commit in ${rest.repository}, or hides it from the token`;
  return unknown(`${what}, and ${why}`);
}

/** Undefined where git cannot tell for certain. */
async function withGit({ git, head }: Question, ref: string): Promise<string | undefined> {
  const found = (await git('merge-base', '--end-of-options', head.sha, ref))?.trim();
  if (!isCommitSha(found)) return undefined;
  // What a shallow clone lacks may be nearer, unless the one certainly is an ancestor of the other.
  const isCertain = !head.isShallow || found === head.sha || found === (await commitOf(git, ref));
  return isCertain ? found : undefined;
}

function known(commit: string): MergeBase {
  return { kind: 'known', commit };
}

function unknown(what: string): MergeBase {
  return { kind: 'unknown', doubt: `${what}. ${WAY_OUT}` };
}

/** For whoever's clone lacks older commits. */
export const WAY_OUT =
  'Check out the whole history (fetch-depth: 0 in actions/checkout), or give a GitHub token with the permission contents: read.';
