import type { GithubRest, RestRequest } from '../github/rest.ts';
import { jsonOf } from '../util/json-of.ts';
import { reasonOf } from '../util/reason.ts';
import { type Commit, commitOf, fields, messageOf, type Ref, refsOf } from './git-answers.ts';
import { isSha } from './git-content.ts';
import type { Trouble } from './within.ts';

const MAX_ANSWER_BYTES = 1 << 20;
/** About 400 bytes a ref. */
const MAX_LIST_BYTES = 64 << 20;
/** A slow line still moves this many bytes a millisecond. */
const SLOWEST_BYTES_PER_MS = 100;
/** Commits never change, so the last ones seen need not be asked for again. */
const MAX_REMEMBERED = 256;

export interface GitServiceOptions {
  readonly rest: GithubRest;
  /** `owner/name`. */
  readonly repository: string;
  /** For one request; blobs get more, by their size. */
  readonly timeoutMs: number;
  readonly hide: (text: string) => string;
}

/** `lost`: whatever was asked for may have been done. */
export interface GitTrouble extends Trouble {
  readonly lost: boolean;
  /** The token may read, and not write. */
  readonly readOnly?: true;
}

/** `date`: of the answer, by GitHub's clock. */
export type FoundRef =
  | { readonly kind: 'found'; readonly sha: string; readonly date: number }
  | { readonly kind: 'absent' }
  | GitTrouble;

/** `refused`: GitHub says that the ref is not as it would have to be, and changed nothing. */
export type Moved = { readonly kind: 'done' } | { readonly kind: 'refused' } | GitTrouble;

/** GitHub's words for what a ledger asks of a repository. Refs are full names, `refs/...`. */
export interface GitService {
  find(ref: string): Promise<FoundRef>;
  /** All refs whose names begin with `start`. */
  findAll(
    start: string,
    signal?: AbortSignal,
  ): Promise<{ readonly kind: 'found'; readonly refs: readonly Ref[]; readonly date: number } | GitTrouble>;
  /** `absent`: there is no such commit; where a ref points to it, the ref points to something else. */
  commit(
    sha: string,
    signal?: AbortSignal,
  ): Promise<{ readonly kind: 'found'; readonly commit: Commit } | { readonly kind: 'absent' } | GitTrouble>;
  blob(
    sha: string,
    maxBytes: number,
  ): Promise<{ readonly kind: 'found'; readonly bytes: Uint8Array } | GitTrouble>;
  putBlob(bytes: Uint8Array): Promise<Made>;
  /** A tree of one file: of a blob, or of a text. */
  putTree(file: { readonly sha: string } | { readonly content: string }): Promise<Made>;
  /** `refused`: the parent is not there. */
  putCommit(message: string, tree: string, parent?: string): Promise<Made | { readonly kind: 'refused' }>;
  create(ref: string, sha: string): Promise<Moved>;
  /** Only to a commit that has the one before among its ancestors. */
  forward(ref: string, sha: string): Promise<Moved>;
  /** Whatever stands there. */
  force(ref: string, sha: string): Promise<Moved>;
  /** Whatever stands there. */
  remove(ref: string, signal?: AbortSignal): Promise<Moved>;
}

type Made = { readonly kind: 'made'; readonly sha: string } | GitTrouble;

type Answered = {
  readonly kind: 'answered';
  readonly status: number;
  readonly date: number;
  readonly etag: string | undefined;
  readonly bytes: Uint8Array;
};

export function gitService({ rest, repository, timeoutMs, hide }: GitServiceOptions): GitService {
  const root = `/repos/${repository}/git`;
  const commits = new Map<string, Commit>();
  const tags = new Map<string, { readonly etag: string; readonly refs: readonly Ref[] }>();

  /** The answer, where it has one of these statuses. */
  async function ask(
    request: Pick<RestRequest, 'method' | 'path'> & Partial<RestRequest>,
    ...fine: readonly number[]
  ): Promise<Answered | GitTrouble> {
    const answer = await rest.request({ maxBytes: MAX_ANSWER_BYTES, timeoutMs, ...request });
    switch (answer.kind) {
      case 'answered':
        return fine.includes(answer.status) ? answer : refusal(request.method, answer);
      case 'limited':
        return trouble(
          `GitHub takes no request for ${Math.ceil(answer.waitMs / 1000)} s: its limit is used up`,
        );
      case 'too-large':
        return trouble(`the answer is larger than ${request.maxBytes ?? MAX_ANSWER_BYTES} bytes`);
      case 'failed':
        return answer.timedOut
          ? { ...trouble(`no answer within ${request.timeoutMs ?? timeoutMs} ms`), lost: true }
          : { ...trouble(hide(reasonOf(answer.error))), again: true, lost: true };
    }
  }

  function refusal(method: RestRequest['method'], { status, bytes }: Answered): GitTrouble {
    const said = hide(`GitHub answered ${status}: ${messageOf(bytes)}`);
    const need = method === 'GET' ? 'contents: read' : 'contents: write';
    if (status === 401) return trouble(`GitHub does not accept the token (${said})`);
    if (status === 403) {
      const lacking = trouble(`the token needs the permission ${need} for ${repository} (${said})`);
      return method === 'GET' ? lacking : { ...lacking, readOnly: true };
    }
    if (status === 404)
      return trouble(
        `${repository} is not there, or the token lacks the permission ${need} for it (${said})`,
      );
    if (status >= 300 && status < 400) return trouble(`${repository} has been renamed or moved (${said})`);
    return status >= 500 ? { ...trouble(said), again: true, lost: true } : trouble(said);
  }

  /** Refs by the beginning of their names. None is an empty list: a 404 means that the repository cannot be seen. */
  async function matching(
    start: string,
    options: Partial<RestRequest>,
    isRemembered: boolean,
  ): Promise<{ readonly refs: readonly Ref[]; readonly date: number; readonly kind: 'found' } | GitTrouble> {
    const known = tags.get(start);
    const answer = await ask(
      { method: 'GET', path: `${root}/matching-refs/${withoutRefs(start)}`, etag: known?.etag, ...options },
      200,
      304,
    );
    if (answer.kind === 'unknown') return answer;
    const { status, date, etag } = answer;
    if (Number.isNaN(date)) return trouble('the answer has no Date');
    const refs = status === 304 ? known?.refs : refsOf(jsonOf(answer.bytes));
    if (refs === undefined) return trouble('the answer is no list of refs');
    if (isRemembered && etag !== undefined) remember(tags, start, { etag, refs });
    return { kind: 'found', refs, date };
  }

  async function make(path: string, body: unknown, options: Partial<RestRequest> = {}): Promise<Made> {
    const answer = await ask({ method: 'POST', path: `${root}/${path}`, body, ...options }, 201);
    if (answer.kind === 'unknown') return answer;
    const { sha } = fields(jsonOf(answer.bytes));
    return isSha(sha) ? { kind: 'made', sha } : trouble('the answer has no sha');
  }

  async function move(request: Parameters<typeof ask>[0], done: number, refused: RegExp): Promise<Moved> {
    const answer = await ask(request, done, 422);
    if (answer.kind === 'unknown') return answer;
    if (answer.status === done) return { kind: 'done' };
    return refused.test(messageOf(answer.bytes))
      ? { kind: 'refused' }
      : // E.g. a rule of the repository, or an update that failed half-way.
        { ...refusal(request.method, answer), lost: true };
  }
  const update = (ref: string, sha: string, force: boolean): Promise<Moved> =>
    move(
      { method: 'PATCH', path: `${root}/refs/${withoutRefs(ref)}`, body: { sha, force } },
      200,
      /not a fast forward|reference does not exist/i,
    );

  return {
    find: async (ref) => {
      const answer = await matching(ref, {}, true);
      if (answer.kind === 'unknown') return answer;
      const found = answer.refs.find((one) => one.ref === ref);
      return found === undefined ? { kind: 'absent' } : { kind: 'found', sha: found.sha, date: answer.date };
    },
    findAll: (start, signal) => matching(start, { maxBytes: MAX_LIST_BYTES, signal }, false),
    commit: async (sha, signal) => {
      const known = commits.get(sha);
      if (known !== undefined) return { kind: 'found', commit: known };
      const answer = await ask({ method: 'GET', path: `${root}/commits/${sha}`, signal }, 200, 404);
      if (answer.kind === 'unknown') return answer;
      if (answer.status === 404) return { kind: 'absent' };
      const commit = commitOf(jsonOf(answer.bytes));
      if (commit === undefined || commit.sha !== sha) return trouble('the answer is not the commit');
      remember(commits, sha, commit);
      return { kind: 'found', commit };
    },
    blob: async (sha, maxBytes) => {
      const answer = await ask(
        {
          method: 'GET',
          path: `${root}/blobs/${sha}`,
          accept: 'application/vnd.github.raw+json',
          maxBytes,
          timeoutMs: timeoutMs + Math.ceil(maxBytes / SLOWEST_BYTES_PER_MS),
        },
        200,
      );
      return answer.kind === 'unknown' ? answer : { kind: 'found', bytes: answer.bytes };
    },
    putBlob: (bytes) =>
      make(
        'blobs',
        { content: Buffer.from(bytes).toString('base64'), encoding: 'base64' },
        { timeoutMs: timeoutMs + Math.ceil((bytes.byteLength * 4) / 3 / SLOWEST_BYTES_PER_MS) },
      ),
    putTree: (file) => make('trees', { tree: [{ path: 'content', mode: '100644', type: 'blob', ...file }] }),
    putCommit: async (message, tree, parent) => {
      // Without an author GitHub puts in who the token is, and the time of its own clock.
      const body = { message, tree, parents: parent === undefined ? [] : [parent] };
      const answer = await ask({ method: 'POST', path: `${root}/commits`, body }, 201, 422);
      if (answer.kind === 'unknown') return answer;
      if (answer.status === 422) return parent === undefined ? refusal('POST', answer) : { kind: 'refused' };
      const commit = commitOf(jsonOf(answer.bytes));
      if (commit === undefined) return trouble('the answer is no commit');
      remember(commits, commit.sha, commit);
      return { kind: 'made', sha: commit.sha };
    },
    create: (ref, sha) =>
      move({ method: 'POST', path: `${root}/refs`, body: { ref, sha } }, 201, /reference already exists/i),
    forward: (ref, sha) => update(ref, sha, false),
    force: (ref, sha) => update(ref, sha, true),
    remove: (ref, signal) =>
      move(
        { method: 'DELETE', path: `${root}/refs/${withoutRefs(ref)}`, signal },
        204,
        /reference does not exist/i,
      ),
  };
}

function trouble(why: string): GitTrouble {
  return { kind: 'unknown', why, again: false, lost: false };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}

function withoutRefs(ref: string): string {
  return ref.replace(/^refs\//, '');
}
