import { type GithubEvent, readGithubEvent } from '../../github/event.ts';
import { type CheckoutFolder, commitOf, type Git, gitIn, isAncestor } from './git.ts';
import { targetBranchOf } from './target-branch.ts';

/** Whether a run is of what production has: the default branch. `why` is a sentence with a way out. */
export type Production =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Asks the CI system which branch this is, and git where there is none. A pull request is never of production, whatever its
 * branch is called. Throws nothing.
 * @param readEvent Default: the event of the job, from its file.
 */
export async function isProduction(
  folder: CheckoutFolder & { readonly readEvent?: typeof readGithubEvent },
): Promise<Production> {
  const { env, readEvent = readGithubEvent } = folder;
  const git = gitIn(folder);
  const event = await readEvent(env);
  if (event !== undefined) return onGithub(git, event);
  if (env['GITLAB_CI'] === 'true') return onGitlab(env);
  const target = targetBranchOf(env);
  if (target !== undefined) return { kind: 'no', why: `This is a pull request into ${target}` };
  // A developer's clone may be of the default branch and build into a schema of its own.
  const isJob = !['', '0', 'false'].includes(env['CI']?.toLowerCase() ?? '');
  return isJob ? inClone(git) : no('This is no job of a CI system (the variable CI is not set)');
}

async function onGithub(git: Git, event: GithubEvent): Promise<Production> {
  const { name, ref = '', defaultBranch } = event;
  if (name.startsWith('pull_request')) return { kind: 'no', why: 'This is a run of a pull request' };
  if (name === 'merge_group') return { kind: 'no', why: 'This is a run of the merge queue' };
  if (defaultBranch === undefined) return unknown('The event of the job does not name the default branch');
  if (ref !== `refs/heads/${defaultBranch}`)
    return no(`${shown(ref)} is not the default branch ${defaultBranch}`);
  // Events such as issue_comment are of the default branch, and may check out something else.
  const head = await commitOf(git, 'HEAD');
  if (head === undefined) return unknown('git does not tell which commit is checked out');
  if (head === event.sha || (await isAncestor(git, head, `refs/remotes/origin/${defaultBranch}`))) return YES;
  return no(`The job is of the default branch ${defaultBranch}, but another commit is checked out`);
}

function onGitlab(env: CheckoutFolder['env']): Production {
  const { CI_COMMIT_BRANCH: branch, CI_DEFAULT_BRANCH: main } = env;
  // Pipelines of merge requests and of tags have none.
  if (!branch) return no('This is a pipeline of a merge request or of a tag');
  if (!main) return unknown('GitLab does not name the default branch');
  return branch === main ? YES : no(`The branch ${branch} is not the default branch ${main}`);
}

async function inClone(git: Git): Promise<Production> {
  const [head, origin] = await Promise.all([
    git('symbolic-ref', '--quiet', 'HEAD'),
    git('symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD'),
  ]);
  const main = nameIn(origin, 'refs/remotes/origin/');
  if (main === undefined)
    return unknown('The clone does not know the default branch (git remote set-head origin --auto tells it)');
  const branch = nameIn(head, 'refs/heads/');
  if (branch === undefined) return unknown('No branch is checked out');
  return branch === main ? YES : no(`The branch ${branch} is not the default branch ${main}`);
}

function nameIn(printed: string | undefined, start: string): string | undefined {
  const ref = printed?.replace(/\n$/, '') ?? '';
  return ref.startsWith(start) ? ref.slice(start.length) : undefined;
}

function shown(ref: string): string {
  if (ref.startsWith('refs/heads/')) return `The branch ${ref.slice(11)}`;
  return ref === '' ? 'The ref of the job' : `The ref ${ref}`;
}

const YES: Production = { kind: 'yes' };

function no(what: string): Production {
  return { kind: 'no', why: `${what}. ${WAY_OUT}` };
}

function unknown(what: string): Production {
  return { kind: 'unknown', why: `${what}. ${WAY_OUT}` };
}

const WAY_OUT = 'Where it stands for production all the same, give publish-state: always.';
