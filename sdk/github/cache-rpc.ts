import { createHash } from 'node:crypto';
import { jsonObjectOf } from '../util/json-of.ts';
import { reasonOf } from '../util/reason.ts';
import { createRedactor } from '../util/redact.ts';
import type { CacheTrouble, FindOutcome } from './cache-outcome.ts';

/**
 * Part of the identity of every entry. It depends on no path, operating system or compression, so that all runs of a
 * repository share one ledger.
 */
export const CACHE_VERSION = createHash('sha256').update('dbt-runcache/ledger/v1').digest('hex');

const SERVICE = '/twirp/github.actions.results.api.v1.CacheService/';
const DEFAULT_RETRY_AFTER_MS = 60_000;
const NO_WRITE_MODES: readonly string[] = ['read', 'none'];
const NO_READ_MODES: readonly string[] = ['write-only', 'none'];

export interface CacheRpcOptions {
  /** What `ACTIONS_RESULTS_URL` says. */
  readonly url: string;
  /** What `ACTIONS_RUNTIME_TOKEN` says. */
  readonly token: string;
  /** What `ACTIONS_CACHE_MODE` says. Default, and where it is none that is known: the service decides. */
  readonly mode?: string | undefined;
  /** The event that started the workflow, for messages. */
  readonly trigger?: string | undefined;
  /** For one request, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

/** The three calls that the cache service knows. Each asks once, unless it is known what the answer would be. */
export interface CacheRpc {
  /** Reserves a key: one of any number of simultaneous callers gets the address to upload to. */
  create(
    key: string,
  ): Promise<
    { readonly kind: 'reserved'; readonly url: string } | { readonly kind: 'exists' } | CacheTrouble
  >;
  /** Makes what was uploaded an entry. */
  finalize(key: string, bytes: number): Promise<{ readonly kind: 'finalized' } | CacheTrouble>;
  /** The entry of one of these keys, or the newest that begins with one, in this order of preference. */
  find(keys: readonly string[]): Promise<FindOutcome>;
}

type Reply =
  | { readonly kind: 'reply'; readonly body: Readonly<Record<string, unknown>>; readonly dateMs: number }
  | { readonly kind: 'exists' }
  | CacheTrouble;

export function cacheRpc({ url, token, mode = '', trigger, timeoutMs, signal }: CacheRpcOptions): CacheRpc {
  const { text: hide } = createRedactor([token]);
  const limits = { read: Number.NEGATIVE_INFINITY, write: Number.NEGATIVE_INFINITY };
  const knownMode = mode.trim().toLowerCase();
  let denied = NO_WRITE_MODES.includes(knownMode)
    ? readOnly(`the workflow sets cache-mode: ${knownMode}`)
    : undefined;
  const unreadable: CacheTrouble | undefined = NO_READ_MODES.includes(knownMode)
    ? { kind: 'read-only', why: `the workflow sets cache-mode: ${knownMode}, so that nothing can be read` }
    : undefined;

  function readOnly(why: string): CacheTrouble {
    const by = trigger === undefined || trigger === '' ? '' : ` (started by ${trigger})`;
    return { kind: 'read-only', why: `the Actions cache is read-only for this run${by}: ${why}` };
  }

  async function call(method: string, request: object, kind: 'read' | 'write'): Promise<Reply> {
    const leftMs = limits[kind] - performance.now();
    if (leftMs > 0) return limited(leftMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(SERVICE + method, url), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      text = await response.text();
    } catch (error) {
      return { kind: 'ambiguous', why: `the Actions cache did not answer: ${hide(reasonOf(error))}` };
    }
    const body = jsonObjectOf(text);
    const { status } = response;
    const message = hide(reasonOf(wordsOf(body) ?? response.statusText));
    const why = `the Actions cache answered ${status}: ${message}`;
    if (status === 429) {
      const ms = retryAfterMs(response.headers);
      limits[kind] = performance.now() + ms;
      return limited(ms);
    }
    if (status >= 500 || status === 408) return { kind: 'ambiguous', why };
    if (status === 409 || body?.['code'] === 'already_exists') return { kind: 'exists' };
    if (status === 403) return kind === 'write' ? deny(message) : { kind: 'read-only', why };
    if (!response.ok) return { kind: 'unavailable', why };
    // Something on the way answered in place of the service.
    if (body === undefined)
      return { kind: 'ambiguous', why: 'the Actions cache gave a reply that is no JSON' };
    return { kind: 'reply', body, dateMs: Date.parse(response.headers.get('date') ?? '') };
  }

  function deny(message: string): CacheTrouble {
    denied = readOnly(message);
    return denied;
  }

  /** What a reply of 200 says that is no yes. */
  function refusal(body: Readonly<Record<string, unknown>>): CacheTrouble {
    const message = hide(reasonOf(wordsOf(body) ?? 'it gave no reason'));
    return /\bdenied\b|read-only|no writable/i.test(message)
      ? deny(message)
      : { kind: 'unavailable', why: `the Actions cache refused: ${message}` };
  }

  return {
    create: async (key) => {
      if (denied !== undefined) return denied;
      const reply = await call('CreateCacheEntry', { key, version: CACHE_VERSION }, 'write');
      if (reply.kind !== 'reply') return reply;
      if (reply.body['ok'] !== true) return refusal(reply.body);
      const signed = fieldOf(reply.body, 'signed_upload_url', 'signedUploadUrl');
      return signed === undefined ? { kind: 'ambiguous', why: strange } : { kind: 'reserved', url: signed };
    },
    finalize: async (key, bytes) => {
      const request = { key, version: CACHE_VERSION, size_bytes: String(bytes) };
      const reply = await call('FinalizeCacheEntryUpload', request, 'write');
      // No answer to this call is about another's entry.
      if (reply.kind === 'exists') return { kind: 'unavailable', why: strange };
      if (reply.kind !== 'reply') return reply;
      return reply.body['ok'] === true ? { kind: 'finalized' } : refusal(reply.body);
    },
    find: async (keys) => {
      if (unreadable !== undefined) return unreadable;
      // The first key is among the others as well: a service was seen that looks at those alone.
      const request = { key: keys[0], restore_keys: keys, version: CACHE_VERSION };
      const reply = await call('GetCacheEntryDownloadURL', request, 'read');
      if (reply.kind === 'exists') return { kind: 'unavailable', why: strange };
      if (reply.kind !== 'reply') return reply;
      const { body, dateMs } = reply;
      if (body['ok'] !== true) {
        const message = wordsOf(body);
        if (message === undefined || !/denied/i.test(message)) return { kind: 'absent', dateMs };
        return { kind: 'read-only', why: `the Actions cache refused: ${hide(reasonOf(message))}` };
      }
      const signed = fieldOf(body, 'signed_download_url', 'signedDownloadUrl');
      const key = fieldOf(body, 'matched_key', 'matchedKey');
      if (signed === undefined || key === undefined) return { kind: 'unavailable', why: strange };
      return { kind: 'found', key, url: signed, dateMs };
    },
  };
}

const strange = 'the Actions cache gave a reply of a shape that is not known';

function limited(ms: number): CacheTrouble {
  return {
    kind: 'rate-limited',
    why: 'the repository has used up its requests to the Actions cache',
    retryAfterMs: ms,
  };
}

/** Seconds, or a date, which is counted from the service's own. */
function retryAfterMs(headers: Headers): number {
  const given = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+$/.test(given)
    ? Number(given) * 1000
    : Date.parse(given) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(ms) ? Math.max(1000, ms) : DEFAULT_RETRY_AFTER_MS;
}

function wordsOf(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  return body === undefined ? undefined : fieldOf(body, 'message', 'msg');
}

/** Both spellings that JSON of a protobuf message may have. */
function fieldOf(body: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = body[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
