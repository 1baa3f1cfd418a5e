import { readFileSync } from 'node:fs';

type Environment = Readonly<Record<string, string | undefined>>;

/** What starts on the default branch by itself: no pull request waits for it. */
const BY_ITSELF = new Set(['schedule', 'repository_dispatch']);

/**
 * Whether a green step without a result can do no harm: no pull request waits for a check of this commit. A push to a
 * branch makes a check of the commit that a pull request is about, so only the default branch is safe.
 */
export function maySkip(env: Environment): boolean {
  const { GITHUB_EVENT_NAME: event = '', GITHUB_REF: ref } = env;
  if (BY_ITSELF.has(event)) return true;
  if (event !== 'push' && event !== 'workflow_dispatch') return false;
  const branch = defaultBranch(env['GITHUB_EVENT_PATH']);
  return branch !== undefined && ref === `refs/heads/${branch}`;
}

function defaultBranch(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    const event = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly repository?: { readonly default_branch?: unknown };
    };
    const branch = event.repository?.default_branch;
    return typeof branch === 'string' ? branch : undefined;
  } catch {
    return undefined;
  }
}
