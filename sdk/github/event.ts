import { createReadStream } from 'node:fs';
import * as z from 'zod';
import { isBranchName, isCommitSha } from '../util/git-names.ts';
import { jsonOf } from '../util/json-of.ts';
import { optional } from '../util/optional.ts';
import { readBounded } from '../util/read-bounded.ts';

/** A push brings its commits along. */
const MAX_BYTES = 32 << 20;

/** What started a job of GitHub Actions, as far as it tells of branches and commits. Whatever is none is left out. */
export interface GithubEvent {
  /** e.g. `pull_request`. */
  readonly name: string;
  /** Full, e.g. `refs/heads/main`. */
  readonly ref?: string;
  /** What the event is about: for `pull_request`, the merge commit that GitHub made to try it. */
  readonly sha?: string;
  /** Of the repository. */
  readonly defaultBranch?: string;
  /** The last commit of the pull request. */
  readonly headSha?: string;
  /** The branch that the pull request will go into. */
  readonly baseBranch?: string;
  /** What the group of a merge queue was put on. */
  readonly groupBaseSha?: string;
}

const sha = z.string().refine(isCommitSha).optional().catch(undefined);
const branch = z.string().refine(isBranchName).optional().catch(undefined);
const Payload = z.object({
  repository: z.object({ default_branch: branch }).optional().catch(undefined),
  pull_request: z
    .object({
      head: z.object({ sha }).optional().catch(undefined),
      base: z.object({ ref: branch }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  merge_group: z.object({ base_sha: sha }).optional().catch(undefined),
});

/** The event of this job; undefined outside of GitHub Actions. An event that cannot be read leaves what the variables say. */
export async function readGithubEvent(
  env: Readonly<Record<string, string | undefined>>,
): Promise<GithubEvent | undefined> {
  if (env['GITHUB_ACTIONS'] !== 'true') return undefined;
  const payload = Payload.safeParse(await readJson(env['GITHUB_EVENT_PATH'])).data;
  const { pull_request: pull, merge_group: group } = payload ?? {};
  return {
    name: env['GITHUB_EVENT_NAME'] ?? '',
    ...optional('ref', env['GITHUB_REF'] || undefined),
    ...optional('sha', sha.parse(env['GITHUB_SHA'])),
    ...optional('defaultBranch', payload?.repository?.default_branch),
    ...optional('headSha', pull?.head?.sha),
    ...optional('baseBranch', branch.parse(env['GITHUB_BASE_REF']) ?? pull?.base?.ref),
    ...optional('groupBaseSha', group?.base_sha),
  };
}

async function readJson(path: string | undefined): Promise<unknown> {
  if (!path) return undefined;
  try {
    const bytes = await readBounded(createReadStream(path), MAX_BYTES);
    return bytes === undefined ? undefined : jsonOf(bytes);
  } catch {
    return undefined;
  }
}
