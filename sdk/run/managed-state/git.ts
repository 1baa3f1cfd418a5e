import { askGit } from '../../plan/fingerprint/ask-git.ts';
import type { RunProgram } from '../../util/run-program.ts';

/** A folder that may be in a checkout. */
export interface CheckoutFolder {
  readonly projectDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunProgram;
}

/** What git prints; undefined when it could not do it. */
export type Git = (...args: readonly string[]) => Promise<string | undefined>;

export function gitIn({ projectDir: folder, env, run }: CheckoutFolder): Git {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) set[name] = value;
  return async (...args) => {
    const answer = await askGit({ folder, env: set, run }, args);
    return answer?.exitCode === 0 ? answer.stdout : undefined;
  };
}

/** Whether the one commit is the other, or an ancestor of it; both are full SHAs or full refs. */
export async function isAncestor(git: Git, commit: string, of: string): Promise<boolean> {
  return (await git('merge-base', '--is-ancestor', '--end-of-options', commit, of)) !== undefined;
}

/** Full SHA of a full ref; undefined where there is none. */
export async function commitOf(git: Git, ref: string): Promise<string | undefined> {
  return (await git('rev-parse', '--verify', '--quiet', `${ref}^{commit}`))?.trim() || undefined;
}
