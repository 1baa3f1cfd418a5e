import { randomUUID } from 'node:crypto';
import { DbtRunCacheError } from '../errors.ts';
import { readBounded } from '../util/read-bounded.ts';
import { reasonOf } from '../util/reason.ts';
import { createRedactor } from '../util/redact.ts';
import { ageOf, type ObjectService } from './object-service.ts';
import type { Trouble } from './within.ts';

export interface GcsServiceOptions {
  readonly bucket: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** For the `Authorization` header. */
  readonly accessToken: () => Promise<string>;
  /** Loads what gives the token. */
  readonly ready: () => Promise<void>;
}

/** The JSON API. The media of an object answers all that a read needs in one request, where a client library asks twice. */
export function gcsService({ bucket, endpoint, accessToken, ready }: GcsServiceOptions): ObjectService {
  const objects = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const objectPath = (key: string): string => `${objects}/${encodeURIComponent(key)}`;

  /** Whatever its status, a response; trouble where there is none. */
  async function send(
    path: string,
    signal: AbortSignal,
    init: RequestInit = {},
  ): Promise<Response | Trouble> {
    let token: string;
    try {
      token = await accessToken();
    } catch (error) {
      if (error instanceof DbtRunCacheError) throw error;
      return { kind: 'unknown', why: `no access token: ${reasonOf(error)}`, again: false };
    }
    try {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${token}`);
      return await fetch(endpoint + path, { ...init, headers, signal });
    } catch (error) {
      return { kind: 'unknown', why: createRedactor([token]).text(reasonOf(error)), again: true };
    }
  }

  /** The answer for 404, which an object and a bucket that are not there have in common. */
  async function missing(response: Response, signal: AbortSignal): Promise<{ kind: 'absent' } | Trouble> {
    const why = await messageOf(response);
    if (why.startsWith('No such object')) return { kind: 'absent' };
    const listed = await send(`${objects}?maxResults=1&fields=kind`, signal);
    if (!('status' in listed)) return listed;
    return listed.ok ? { kind: 'absent' } : refusal(listed);
  }

  /** Where a proxy took the header away, the object's own record says when it was written. */
  async function ageFromRecord(key: string, tag: string, signal: AbortSignal): Promise<number | undefined> {
    const response = await send(
      `${objectPath(key)}?generation=${encodeURIComponent(tag)}&fields=updated`,
      signal,
    );
    if (!('status' in response) || !response.ok) return undefined;
    const { updated } = (await response.json()) as { readonly updated?: string };
    return ageOf(dateOf(response, 'date'), Date.parse(updated ?? ''));
  }

  async function remove(key: string, tag: string, signal: AbortSignal): Promise<boolean> {
    // Exactly this generation, and only while it is the newest.
    const query = new URLSearchParams({ generation: tag, ifGenerationMatch: tag });
    const response = await send(`${objectPath(key)}?${query}`, signal, { method: 'DELETE' });
    if (!('status' in response)) return false;
    await response.body?.cancel();
    return response.ok;
  }

  return {
    kind: 'gcs',
    ready,
    get: (key, maxBytes, signal) =>
      guarded(async () => {
        const response = await send(`${objectPath(key)}?alt=media`, signal);
        if (!('status' in response)) return response;
        if (response.status === 404) return missing(response, signal);
        if (!response.ok || response.body === null) return refusal(response);
        const tag = response.headers.get('x-goog-generation');
        const bytes = await readBounded(response.body, maxBytes);
        if (bytes === undefined)
          return { kind: 'unknown', why: `larger than ${maxBytes} bytes`, again: false };
        if (tag === null) return incomplete();
        const ageMs =
          ageOf(dateOf(response, 'date'), dateOf(response, 'last-modified')) ??
          (await ageFromRecord(key, tag, signal));
        return ageMs === undefined ? incomplete() : { kind: 'found', bytes, tag, ageMs };
      }),
    put: (key, bytes, condition, signal) =>
      guarded(async () => {
        const query = new URLSearchParams({ uploadType: 'multipart', fields: 'generation' });
        if (condition.kind !== 'any')
          query.set('ifGenerationMatch', condition.kind === 'absent' ? '0' : condition.tag);
        const { type, body } = multipart(key, bytes);
        const response = await send(`/upload${objects}?${query}`, signal, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        });
        if (!('status' in response)) return response;
        if (response.status === 412) return { kind: 'refused' };
        if (response.status === 429) return { kind: 'busy', why: await messageOf(response) };
        if (!response.ok) return refusal(response);
        const { generation } = (await response.json()) as { readonly generation?: string };
        return generation === undefined ? incomplete() : { kind: 'written', tag: generation };
      }),
    remove,
    // Each put makes a generation of its own, so one that was put again since is another one.
    removeOld: async ({ key, tag, ageMs }, minAgeMs, signal) =>
      ageMs !== undefined && ageMs > minAgeMs && remove(key, tag, signal),
    list: (prefix, next, signal) =>
      guarded(async () => {
        const query = new URLSearchParams({ prefix, fields: 'items(name,generation,updated),nextPageToken' });
        if (next !== undefined) query.set('pageToken', next);
        const response = await send(`${objects}?${query}`, signal);
        if (!('status' in response)) return response;
        if (!response.ok) return refusal(response);
        const { items = [], nextPageToken } = (await response.json()) as {
          readonly items?: readonly ListedItem[];
          readonly nextPageToken?: string;
        };
        const date = dateOf(response, 'date');
        const found = items.map(({ name, generation = '', updated = '' }) => ({
          key: name,
          tag: generation,
          ageMs: ageOf(date, Date.parse(updated)),
        }));
        return { kind: 'page', objects: found, next: nextPageToken };
      }),
    close: async () => undefined,
  };
}

interface ListedItem {
  readonly name: string;
  readonly generation?: string;
  readonly updated?: string;
}

/** A connection can break while a body is read, too. */
async function guarded<T>(ask: () => Promise<T>): Promise<T | Trouble> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DbtRunCacheError) throw error;
    return { kind: 'unknown', why: reasonOf(error), again: true };
  }
}

async function refusal(response: Response): Promise<Trouble> {
  const { status } = response;
  const again = status >= 500 || status === 429 || status === 408;
  return { kind: 'unknown', why: `${status}: ${await messageOf(response)}`, again };
}

/** What the service says, as one short line. */
async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  let message = text;
  try {
    message = (JSON.parse(text) as { readonly error: { readonly message: string } }).error.message;
  } catch {
    // Not every answer on the way is the service's own.
  }
  return reasonOf(message === '' ? response.statusText : message);
}

function incomplete(): Trouble {
  return { kind: 'unknown', why: 'the answer has no generation, date or time of writing', again: false };
}

function dateOf(response: Response, header: string): number {
  return Date.parse(response.headers.get(header) ?? '');
}

/** What is said of an object, and its bytes. Unless told otherwise, objects of a public bucket are answered from caches. */
function multipart(key: string, bytes: Uint8Array): { readonly type: string; readonly body: Buffer } {
  const boundary = randomUUID();
  const about = { name: key, contentType: 'application/octet-stream', cacheControl: 'no-store' };
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(about)}\r\n`;
  const middle = `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return {
    type: `multipart/related; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head + middle), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}
