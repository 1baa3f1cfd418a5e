import * as z from 'zod';
import { isCommitSha } from '../util/git-names.ts';
import { jsonOf } from '../util/json-of.ts';
import { reasonOf } from '../util/reason.ts';
import type { GithubRest } from './rest.ts';

/** Without the files there is little of it, but a commit's message may be long. */
const MAX_BYTES = 4 << 20;

export interface GithubRepository {
  readonly rest: GithubRest;
  /** `owner/name`. */
  readonly repository: string;
}

export type ComparedCommits =
  | {
      readonly kind: 'compared';
      /** How many commits the head has that the base has not. */
      readonly aheadBy: number;
      /** How many commits the base has that the head has not: none for an ancestor. */
      readonly behindBy: number;
      /** Full SHA. */
      readonly mergeBase: string;
    }
  /** GitHub has not both, or nothing that they have in common; or the token does not see the repository. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

const Answer = z.object({
  ahead_by: z.int().min(0),
  behind_by: z.int().min(0),
  merge_base_commit: z.object({ sha: z.string().refine(isCommitSha) }),
});

/**
 * Asks GitHub how two commits stand to each other. Needs the permission `contents: read`. Throws nothing.
 * @param base A full SHA or a branch.
 * @param head A full SHA.
 * @param timeoutMs Default 10 s.
 */
export async function compareCommits(
  { rest, repository }: GithubRepository,
  base: string,
  head: string,
  { signal, timeoutMs = 10_000 }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<ComparedCommits> {
  // No word of dots alone: it would lead the path elsewhere.
  if (!/^(?!\.+\/)[\w.-]{1,100}\/(?!\.+$)[\w.-]{1,100}$/.test(repository)) return unknown('it has no name');
  const range = `${encodeURIComponent(base)}...${encodeURIComponent(head)}`;
  const answer = await rest.request({
    method: 'GET',
    // The changed files, up to 300 with their contents, come with the first page alone.
    path: `/repos/${repository}/compare/${range}?per_page=1&page=2`,
    maxBytes: MAX_BYTES,
    timeoutMs,
    signal,
  });
  switch (answer.kind) {
    case 'limited':
      return unknown('its rate limit is used up');
    case 'too-large':
      return unknown('its answer is too large');
    case 'failed':
      return unknown(answer.timedOut ? 'it did not answer in time' : reasonOf(answer.error));
    case 'answered':
      break;
  }
  if (answer.status === 404) return { kind: 'absent' };
  if (answer.status === 401 || answer.status === 403)
    return unknown('the token lacks the permission contents: read');
  const found = answer.status === 200 ? Answer.safeParse(jsonOf(answer.bytes)).data : undefined;
  if (found === undefined) return unknown(`it answered with status ${answer.status}`);
  const { ahead_by: aheadBy, behind_by: behindBy, merge_base_commit: base_ } = found;
  return { kind: 'compared', aheadBy, behindBy, mergeBase: base_.sha };
}

function unknown(why: string): ComparedCommits {
  return { kind: 'unknown', why: `GitHub could not tell how the commits stand to each other: ${why}` };
}
