import { setTimeout as delay } from 'node:timers/promises';
import { readBounded } from '../util/read-bounded.ts';

/** A limit that ends sooner than this is waited for. */
const PATIENCE_MS = 5000;
const MAX_SENDS = 3;
/** What GitHub asks for where it refuses for a limit and names no time. */
const UNNAMED_WAIT_MS = 60_000;

export interface GithubRestOptions {
  /** e.g. `https://api.github.com`, without a slash at its end. */
  readonly apiUrl: string;
  readonly token: string;
}

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of an earlier answer: 304 when it would be the same. GitHub does not count those against the limit. */
  readonly etag?: string | undefined;
  /** Media type. Default: GitHub's JSON. */
  readonly accept?: string;
  /** Of the answer. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export type RestAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** When, by GitHub's clock, in whole seconds, as milliseconds since 1970; NaN where it did not say. */
      readonly date: number;
      readonly etag: string | undefined;
      readonly bytes: Uint8Array;
    }
  /** Nothing was done. GitHub takes no request for this long. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  | { readonly kind: 'too-large' }
  /** No answer: whatever was asked for may have been done. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly timedOut: boolean };

/** GitHub's REST API. Whatever happens is an answer; nothing is thrown. */
export interface GithubRest {
  request(request: RestRequest): Promise<RestAnswer>;
}

/**
 * Keeps GitHub's limits: a short one is waited for; during a long one nothing is sent, since who goes on asking may
 * be locked out. Redirects are not followed: a POST would arrive as a GET.
 */
export function githubRest({ apiUrl, token }: GithubRestOptions): GithubRest {
  let quietUntil = 0;

  async function send(request: RestRequest): Promise<RestAnswer> {
    const { method, path, body, etag, accept = 'application/vnd.github+json', maxBytes, timeoutMs } = request;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(apiUrl + path, {
        method,
        redirect: 'manual',
        signal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
        headers: {
          accept,
          authorization: `Bearer ${token}`,
          'user-agent': 'dbt-runcache',
          'x-github-api-version': '2022-11-28',
          ...(etag === undefined ? {} : { 'if-none-match': etag }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const { body: stream } = response;
      const bytes = stream === null ? new Uint8Array() : await readBounded(stream, maxBytes);
      if (bytes === undefined) return { kind: 'too-large' };
      const { status, headers } = response;
      const date = Date.parse(headers.get('date') ?? '');
      const waitMs = limitOf(status, headers, date, bytes);
      if (waitMs !== undefined) return { kind: 'limited', waitMs };
      return { kind: 'answered', status, date, etag: headers.get('etag') ?? undefined, bytes };
    } catch (error) {
      return { kind: 'failed', error, timedOut: timeout.aborted };
    }
  }

  return {
    request: async (request) => {
      for (let sends = 0; ; sends += 1) {
        const waitMs = Math.ceil(quietUntil - performance.now());
        if (waitMs > PATIENCE_MS || (waitMs > 0 && sends === MAX_SENDS)) return { kind: 'limited', waitMs };
        if (waitMs > 0) {
          const { signal } = request;
          const error = await delay(waitMs, undefined, signal === undefined ? {} : { signal }).catch(
            (reason: unknown) => reason,
          );
          if (error !== undefined) return { kind: 'failed', error, timedOut: false };
        }
        const answer = await send(request);
        if (answer.kind !== 'limited') return answer;
        quietUntil = Math.max(quietUntil, performance.now() + answer.waitMs);
      }
    },
  };
}

/** How long GitHub wants to be left alone, in milliseconds; undefined when this is no refusal for a limit. */
function limitOf(status: number, headers: Headers, date: number, body: Uint8Array): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = headers.get('retry-after');
  if (after !== null && /^\d{1,7}$/.test(after)) return Number(after) * 1000;
  if (headers.get('x-ratelimit-remaining') === '0') {
    // Told as a time of GitHub's clock.
    const waitMs = Number(headers.get('x-ratelimit-reset') ?? Number.NaN) * 1000 - date;
    return Number.isFinite(waitMs) ? Math.max(1000, waitMs + 1000) : UNNAMED_WAIT_MS;
  }
  // A secondary limit may come as a plain refusal.
  return status === 429 || /rate limit/i.test(Buffer.from(body).toString()) ? UNNAMED_WAIT_MS : undefined;
}
