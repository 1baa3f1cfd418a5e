import { readBounded } from '../util/read-bounded.ts';
import { reasonOf } from '../util/reason.ts';
import type { CacheTrouble } from './cache-outcome.ts';

/** A slow line still moves this many bytes a millisecond. */
const SLOWEST_BYTES_PER_MS = 100;

export interface TransferOptions {
  /** For one request without its bytes, in milliseconds. */
  readonly timeoutMs: number;
  /** What is larger than this goes up in blocks of this size. */
  readonly blockBytes: number;
  /** Ends every request and all waiting. */
  readonly signal: AbortSignal;
}

export type Uploaded = { readonly kind: 'uploaded'; readonly writtenAtMs: number } | CacheTrouble;

/** `gone`: there is nothing at this address any more. */
export type Downloaded =
  | {
      readonly kind: 'downloaded';
      readonly bytes: Uint8Array;
      readonly dateMs: number;
      readonly writtenAtMs: number;
    }
  | { readonly kind: 'gone' }
  | { readonly kind: 'too-large' }
  | CacheTrouble;

/** Puts bytes to a signed address of a blob. Doing so twice does no harm. */
export async function upload(url: string, bytes: Uint8Array, options: TransferOptions): Promise<Uploaded> {
  const trouble = troubleWith(url);
  if (trouble !== undefined) return trouble;
  const { blockBytes } = options;
  if (bytes.byteLength <= blockBytes) return put(url, bytes, { 'x-ms-blob-type': 'BlockBlob' }, options);
  const ids: string[] = [];
  for (let from = 0; from < bytes.byteLength; from += blockBytes) {
    // All ids of a blob must have one length.
    const id = Buffer.from(String(ids.length).padStart(6, '0')).toString('base64');
    const block = bytes.subarray(from, from + blockBytes);
    const sent = await put(withQuery(url, { comp: 'block', blockid: id }), block, {}, options);
    if (sent.kind !== 'uploaded') return sent;
    ids.push(id);
  }
  const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
  const xml = `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`;
  return put(withQuery(url, { comp: 'blocklist' }), Buffer.from(xml), {}, options);
}

async function put(
  url: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
  options: TransferOptions,
): Promise<Uploaded> {
  return send(
    url,
    timeFor(options, bytes.byteLength),
    { method: 'PUT', body: bytes, headers },
    async (response) => {
      await response.body?.cancel();
      if (!response.ok) return refusal(response);
      const written = dateOf(response, 'last-modified');
      return { kind: 'uploaded', writtenAtMs: Number.isNaN(written) ? dateOf(response, 'date') : written };
    },
  );
}

/** Gets what a signed address leads to. */
export function download(url: string, maxBytes: number, options: TransferOptions): Promise<Downloaded> {
  return send(url, timeFor(options, maxBytes), {}, async (response): Promise<Downloaded> => {
    if (response.status === 404) {
      await response.body?.cancel();
      return { kind: 'gone' };
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return refusal(response);
    }
    const bytes = await readBounded(response.body, maxBytes);
    if (bytes === undefined) return { kind: 'too-large' };
    return {
      kind: 'downloaded',
      bytes,
      dateMs: dateOf(response, 'date'),
      writtenAtMs: dateOf(response, 'last-modified'),
    };
  });
}

/** How many bytes a signed address leads to. */
export function sizeAt(
  url: string,
  options: TransferOptions,
): Promise<{ readonly kind: 'size'; readonly bytes: number } | { readonly kind: 'gone' } | CacheTrouble> {
  return send(url, timeFor(options, 0), { method: 'HEAD' }, async (response) => {
    if (response.status === 404) return { kind: 'gone' as const };
    if (!response.ok) return refusal(response);
    return { kind: 'size' as const, bytes: Number(response.headers.get('content-length') ?? Number.NaN) };
  });
}

async function send<T>(
  url: string,
  signal: AbortSignal,
  init: RequestInit,
  read: (response: Response) => Promise<T>,
): Promise<T | CacheTrouble> {
  const trouble = troubleWith(url);
  if (trouble !== undefined) return trouble;
  try {
    return await read(await fetch(url, { ...init, signal }));
  } catch (error) {
    // A signed address is a secret, and a message may repeat it.
    const why = reasonOf(error).replaceAll(/[a-z][a-z0-9+.-]*:\/\/\S*/gi, 'its address');
    return unanswered(why);
  }
}

/** What is wrong with an address, without the address itself. */
function troubleWith(url: string): CacheTrouble | undefined {
  if (!URL.canParse(url)) return unanswered('its address is none');
  const { username, password } = new URL(url);
  // fetch refuses such a one, with the whole address in its message.
  return username === '' && password === ''
    ? undefined
    : unanswered('its address has a user name or a password in it');
}

function unanswered(why: string): CacheTrouble {
  return { kind: 'ambiguous', why: `the storage of the Actions cache did not answer: ${why}` };
}

function refusal({ status, statusText }: Response): CacheTrouble {
  const why = `the storage of the Actions cache answered ${status} ${statusText}`.trim();
  return { kind: status >= 500 || status === 429 || status === 408 ? 'ambiguous' : 'unavailable', why };
}

/** Ends a request that takes too long for its bytes. */
function timeFor({ timeoutMs, signal }: TransferOptions, bytes: number): AbortSignal {
  const ms = timeoutMs + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const result = new URL(url);
  for (const [name, value] of Object.entries(query)) result.searchParams.set(name, value);
  return result.href;
}

function dateOf(response: Response, header: string): number {
  return Date.parse(response.headers.get(header) ?? '');
}
