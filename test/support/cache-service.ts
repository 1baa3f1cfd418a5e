import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CacheEntries,
  type CacheEntry,
  cacheEntries,
  type IsShown,
  type Scopes,
  scopesOf,
} from './cache-entries.ts';

const UPLOAD_VALID_MS = 3_600_000;
const DOWNLOAD_VALID_MS = 600_000;

/** A call to the service, or to the storage that its signed addresses lead to. */
export interface CacheCall {
  readonly name: 'create' | 'finalize' | 'find' | 'upload' | 'download';
  /** Of the entry; of a lookup the first one that is asked for. */
  readonly key: string;
}

export type CacheFault =
  /** Carried out; then the connection breaks. */
  | { readonly kind: 'reply-lost' }
  /** The connection breaks, and nothing was done. */
  | { readonly kind: 'request-lost' }
  /** An error of the service, having done what it was asked for, or not. */
  | { readonly kind: 'error'; readonly status: number; readonly isDone: boolean }
  | { readonly kind: 'rate-limited'; readonly retryAfter: string }
  /** Answered only when this is done. */
  | { readonly kind: 'late'; readonly until: Promise<unknown> };

/** The cache service of GitHub Actions on this machine, as far as a ledger depends on it. */
export interface CacheService {
  readonly url: string;
  readonly entries: CacheEntries;
  /** Every call that came by, in order. */
  readonly calls: CacheCall[];
  /** What goes wrong with a call. */
  fault: (call: CacheCall) => CacheFault | undefined;
  isShown: IsShown;
  /** Milliseconds since the epoch, by the service's clock. */
  now: () => number;
  /** Nothing goes wrong any more. */
  undisturbed(): void;
  stop(): Promise<void>;
}

export async function startCacheService(): Promise<CacheService> {
  const entries = cacheEntries();
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(service.now()).toUTCString());
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  // Fifty processes connect at once.
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await bodyOf(request);
    const target = new URL(request.url ?? '/', url);
    const rpc = /^\/twirp\/github\.actions\.results\.api\.v1\.CacheService\/(\w+)$/.exec(
      target.pathname,
    )?.[1];
    const work = rpc === undefined ? storageCall(request, target, bytes) : rpcCall(request, rpc, bytes);
    if (work === undefined) return json(response, 404, { code: 'bad_route', msg: 'no handler for path' });
    service.calls.push(work.call);
    const fault = service.fault(work.call);
    switch (fault?.kind) {
      case 'request-lost':
        return void request.socket.destroy();
      case 'reply-lost':
        work.run();
        return void request.socket.destroy();
      case 'error':
        if (fault.isDone) work.run();
        return json(response, fault.status, { code: 'unavailable', msg: 'try again' });
      case 'rate-limited':
        response.setHeader('retry-after', fault.retryAfter);
        return json(response, 429, { code: 'resource_exhausted', msg: 'rate limit exceeded' });
      case 'late':
        await fault.until;
        break;
      case undefined:
        break;
    }
    const { status, body, headers = {} } = work.run();
    if (body instanceof Uint8Array)
      return void response
        .writeHead(status, { 'content-length': body.byteLength, ...headers })
        .end(request.method === 'HEAD' ? undefined : body);
    json(response, status, body, headers);
  }

  function rpcCall(request: IncomingMessage, method: string, bytes: Buffer): Work | undefined {
    const scopes = scopesOf(request.headers.authorization);
    const given = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
    const { key, version } = given as { readonly key: string; readonly version: string };
    const checked = (run: (scopes: Scopes) => Answer) => (): Answer =>
      scopes === undefined
        ? { status: 401, body: { code: 'unauthenticated', msg: 'the token is none' } }
        : run(scopes);
    switch (method) {
      case 'CreateCacheEntry':
        return {
          call: { name: 'create', key },
          run: checked(({ writable }) => create(writable, key, version)),
        };
      case 'FinalizeCacheEntryUpload': {
        const size = Number(given['size_bytes'] ?? given['sizeBytes'] ?? 0);
        return {
          call: { name: 'finalize', key },
          run: checked(({ writable }) => finalize(writable, key, version, size)),
        };
      }
      case 'GetCacheEntryDownloadURL': {
        const more = (given['restore_keys'] ?? given['restoreKeys'] ?? []) as readonly string[];
        const keys = [key, ...more];
        return { call: { name: 'find', key }, run: checked(({ readable }) => find(readable, keys, version)) };
      }
      default:
        return undefined;
    }
  }

  function create(scope: string | undefined, key: string, version: string): Answer {
    if (scope === undefined)
      return ok({ ok: false, message: 'cache write denied: token has no writable scopes' });
    const entry = entries.reserve(scope, key, version);
    if (entry === undefined) {
      const msg = 'cache entry with the same key, version, and scope already exists';
      return { status: 409, body: { code: 'already_exists', msg } };
    }
    return ok({ ok: true, signed_upload_url: signed('upload', entry, UPLOAD_VALID_MS) });
  }

  function finalize(scope: string | undefined, key: string, version: string, size: number): Answer {
    const entry = scope === undefined ? undefined : entries.reserved(scope, key, version);
    if (size === 0) return { status: 400, body: { code: 'invalid_argument', msg: 'size must be positive' } };
    if (entry?.blob?.bytes.byteLength !== size)
      return { status: 404, body: { code: 'not_found', msg: 'no upload of this size' } };
    entry.isFinalized = true;
    return ok({ ok: true, entry_id: String(entry?.id) });
  }

  function find(scopes: readonly string[], keys: readonly string[], version: string): Answer {
    if (keys.length > 11) return { status: 400, body: { code: 'invalid_argument', msg: 'too many keys' } };
    if (scopes.length === 0)
      return { status: 403, body: { code: 'permission_denied', msg: 'cache read denied: no scopes' } };
    const entry = entries.find(scopes, keys, version, service.isShown);
    if (entry === undefined) return ok({ ok: false });
    const address = signed('download', entry, DOWNLOAD_VALID_MS);
    return ok({ ok: true, signed_download_url: address, matched_key: entry.key });
  }

  function signed(what: 'upload' | 'download', { id }: CacheEntry, validMs: number): string {
    return `${url}/storage/container/${id}?se=${service.now() + validMs}&sp=${what}&sig=not-a-secret-signature`;
  }

  function storageCall(request: IncomingMessage, target: URL, bytes: Buffer): Work | undefined {
    const id = /^\/storage\/container\/(\d+)$/.exec(target.pathname)?.[1];
    if (id === undefined) return undefined;
    const entry = entries.byId(Number(id));
    const query = target.searchParams;
    const name = request.method === 'PUT' ? 'upload' : 'download';
    const isValid = query.get('sp') === name && Number(query.get('se')) > service.now();
    const run = (): Answer => {
      if (!isValid || query.get('sig') !== 'not-a-secret-signature') return { status: 403, body: {} };
      if (entry === undefined) return { status: 404, body: {} };
      if (name === 'upload') return store(entry, query, request, bytes);
      if (entry.blob === undefined) return { status: 404, body: {} };
      return {
        status: 200,
        body: entry.blob.bytes,
        headers: { 'last-modified': new Date(entry.blob.writtenAtMs).toUTCString() },
      };
    };
    return { call: { name, key: entry?.key ?? '' }, run };
  }

  function store(entry: CacheEntry, query: URLSearchParams, request: IncomingMessage, bytes: Buffer): Answer {
    const writtenAtMs = service.now();
    const done: Answer = {
      status: 201,
      body: {},
      headers: { 'last-modified': new Date(writtenAtMs).toUTCString(), etag: `"${entry.id}"` },
    };
    switch (query.get('comp')) {
      case null:
        if (request.headers['x-ms-blob-type'] !== 'BlockBlob') return { status: 400, body: {} };
        entry.blob = { bytes, writtenAtMs };
        return done;
      case 'block':
        entry.blocks.set(query.get('blockid') ?? '', bytes);
        return done;
      case 'blocklist': {
        const ids = [...bytes.toString().matchAll(/<(Latest|Uncommitted)>([^<]+)</g)].map(
          ([, , id = '']) => id,
        );
        if (ids.some((id) => !entry.blocks.has(id))) return { status: 400, body: {} };
        entry.blob = { bytes: Buffer.concat(ids.map((id) => entry.blocks.get(id) as Buffer)), writtenAtMs };
        return done;
      }
      default:
        return { status: 400, body: {} };
    }
  }

  const service: CacheService = {
    ...{ url, entries },
    calls: [],
    fault: () => undefined,
    isShown: () => true,
    now: () => Date.now(),
    undisturbed: () => {
      service.fault = () => undefined;
      service.isShown = () => true;
      service.now = () => Date.now();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return service;
}

interface Answer {
  readonly status: number;
  readonly body: object | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Work {
  readonly call: CacheCall;
  readonly run: () => Answer;
}

function ok(body: object): Answer {
  return { status: 200, body };
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
