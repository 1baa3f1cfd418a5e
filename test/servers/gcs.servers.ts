import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DedupStore } from '../../sdk/dedup/store.ts';
import { type GcsStoreOptions, gcsStore } from '../../sdk/stores/gcs.ts';
import { stateContract } from '../contracts/state-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { storeRaces } from '../contracts/store-races.ts';
import { type GcsServer, startGcs } from '../support/gcs-server.ts';
import { type HttpAnswer, type HttpGate, httpGate } from '../support/http-gate.ts';
import { type TcpGate, tcpGate } from '../support/tcp-gate.ts';
import { expectUnknown, listed, opened, prefix, swept } from './opened.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TOKEN = 'not-a-secret-gcs-token';
let server: GcsServer;
let gate: TcpGate;
let words: HttpGate;
beforeAll(async () => {
  server = await startGcs();
  gate = await tcpGate(server.port);
  words = await httpGate(server.port);
});
afterAll(async () => {
  await gate.close();
  await words.close();
  await server.stop();
});

const openAt = opened((options: GcsStoreOptions) => gcsStore(options));
const open = (options: Partial<GcsStoreOptions> = {}): DedupStore =>
  openAt({
    endpoint: server.endpoint,
    bucket: server.bucket,
    accessToken: async () => TOKEN,
    ...options,
  });
const make = (store: DedupStore, name: string) =>
  store.write({ name, value: 'x', expected: undefined, retainMs: HOUR });
const undisturbed = (): void => {
  words.instead = () => undefined;
  words.headers = (headers) => headers;
};

storeContract('gcs', { open, prefix });
stateContract('gcs', open);
// Fifty processes share the processors, and may take their time to ask.
storeRaces('gcs', () => {
  const { endpoint, bucket } = server;
  return { kind: 'gcs', endpoint, bucket, timeoutMs: 60_000 };
});

describe('what the bucket keeps', () => {
  /** Lets the service's clock go forward, as far as the store can see. */
  const later = (ms: number): void => {
    words.headers = (headers) => ({ ...headers, date: new Date(Date.now() + ms).toUTCString() });
  };

  test('a listing clears away what was removed, or past its retention, for more than a day', async () => {
    const store = open({ endpoint: words.endpoint });
    const root = prefix();
    for (const name of ['dead', 'removed']) await make(store, `${root}/${name}`);
    await store.write({ name: `${root}/alive`, value: 'x', expected: undefined, retainMs: 9 * DAY });
    const read = await store.read(`${root}/removed`);
    if (read.kind === 'found') await store.remove(`${root}/removed`, read.entry.version);
    expect(await keys(root)).toHaveLength(3);
    later(DAY);
    expect(await listed(store, root)).toEqual([`${root}/alive`]);
    expect(await keys(root)).toHaveLength(3);
    later(DAY + HOUR / 2);
    expect(await listed(store, root)).toEqual([`${root}/alive`]);
    expect(await keys(root)).toEqual([`${root}/alive`, `${root}/dead`]);
    later(DAY + 2 * HOUR);
    expect(await listed(store, root)).toEqual([`${root}/alive`]);
    expect(await keys(root)).toEqual([`${root}/alive`]);
    undisturbed();
  });

  test('what was just claimed anew is not cleared away with what was there before', async () => {
    const store = open({ endpoint: words.endpoint });
    const name = `${prefix()}/a`;
    await make(store, name);
    later(2 * DAY);
    let claimed: Promise<unknown> | undefined;
    words.before = async ({ method }) => {
      if (method !== 'DELETE') return;
      claimed = make(store, name);
      await claimed;
    };
    expect(await listed(store, name)).toEqual([]);
    expect(claimed).toBeDefined();
    words.before = async () => undefined;
    undisturbed();
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a sweep clears away what is dead for a day and what was put a month ago', async () => {
    const store = open({ endpoint: words.endpoint, prefix: 'swept' });
    await make(store, 'dead');
    await store.write({ name: 'alive', value: 'x', expected: undefined, retainMs: 90 * DAY });
    await store.putBlob('b', new Uint8Array(3), HOUR);
    expect(await swept(store)).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
    later(30 * DAY);
    expect(await swept(store)).toEqual({ kind: 'swept', entries: 1, blobs: 0 });
    later(32 * DAY);
    expect(await store.sweep({ blobAgeMs: DAY, signal: AbortSignal.abort() })).toMatchObject({ blobs: 0 });
    expect(await swept(store)).toEqual({ kind: 'swept', entries: 0, blobs: 1 });
    undisturbed();
    expect(await store.read('alive')).toMatchObject({ entry: { value: 'x' } });
    expect(await store.getBlob('b', 10)).toEqual({ kind: 'absent' });
  });

  test('a blob that is put again while it is cleared away stays', async () => {
    const store = open({ endpoint: words.endpoint, prefix: 'again' });
    await store.putBlob('b', new Uint8Array(3), HOUR);
    later(40 * DAY);
    let again = 0;
    words.before = async ({ method }) => {
      if (method !== 'DELETE') return;
      again += 1;
      await open({ prefix: 'again' }).putBlob('b', new Uint8Array(3), HOUR);
    };
    expect(await swept(store)).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
    expect(again).toBe(1);
    words.before = async () => undefined;
    undisturbed();
    expect(await store.getBlob('b', 10)).toMatchObject({ kind: 'found' });
  });

  test('is never answered from a cache', async () => {
    const name = `${prefix()}/a`;
    await make(open(), name);
    const path = `/storage/v1/b/${server.bucket}/o/${encodeURIComponent(`dbt-runcache/entries/${name}`)}`;
    expect(await (await fetch(server.endpoint + path)).json()).toMatchObject({ cacheControl: 'no-store' });
  });

  test('an answer without the time of writing: the age is asked for', async () => {
    const name = `${prefix()}/a`;
    await make(open(), name);
    words.headers = ({ 'last-modified': _, ...headers }) => ({
      ...headers,
      date: new Date(Date.now() + HOUR / 2).toUTCString(),
    });
    const read = await open({ endpoint: words.endpoint }).read(name);
    undisturbed();
    expect(read).toMatchObject({ kind: 'found', entry: { value: 'x' } });
    if (read.kind !== 'found') return;
    expect(read.entry.ageMs).toBeGreaterThan(HOUR / 2 - 5000);
    expect(read.entry.ageMs).toBeLessThan(HOUR / 2 + 60_000);
  });
});

describe('the application default credentials', () => {
  /** What a workload gets that proves who it is by a token of its own. */
  async function withCredentials(
    answer: HttpAnswer,
    action: (store: DedupStore) => Promise<void>,
  ): Promise<void> {
    const dir = await mkdtemp(join(tmpdir(), 'runcache-credentials-'));
    const file = join(dir, 'credentials.json');
    await writeFile(join(dir, 'subject'), 'not-a-secret-subject');
    const credentials = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${words.endpoint}/token`,
      credential_source: { file: join(dir, 'subject') },
    };
    await writeFile(file, JSON.stringify(credentials));
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
    words.instead = ({ url }) => (url === '/token' ? answer : undefined);
    const { bucket } = server;
    try {
      await action(openAt({ endpoint: words.endpoint, bucket }));
    } finally {
      vi.unstubAllEnvs();
      undisturbed();
      await rm(dir, { recursive: true });
    }
  }

  test('give the token, once for many requests', async () => {
    const token = { access_token: 'not-a-secret-token', token_type: 'Bearer', expires_in: 3600 };
    const issued = 'urn:ietf:params:oauth:token-type:access_token';
    const seen: unknown[] = [];
    words.before = async ({ headers }) => void seen.push(headers.authorization);
    const from = words.requests.length;
    await withCredentials(
      { status: 200, body: JSON.stringify({ ...token, issued_token_type: issued }) },
      async (store) => {
        const name = `${prefix()}/a`;
        expect(await make(store, name)).toMatchObject({ kind: 'written' });
        expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
      },
    );
    words.before = async () => undefined;
    expect(seen).toEqual(['Bearer not-a-secret-token', 'Bearer not-a-secret-token']);
    expect(words.requests.slice(from).filter((one) => one === 'POST /token')).toHaveLength(1);
  });

  test('refused: unknown, with the reason', async () => {
    const body = JSON.stringify({ error: 'invalid_grant', error_description: 'not yours' });
    await withCredentials({ status: 400, body }, async (store) => {
      expect(await store.read('a')).toMatchObject({
        kind: 'unknown',
        why: expect.stringMatching(/^no access token: .*invalid_grant/),
      });
    });
  });
});

describe('faults', () => {
  test('a server that keeps silent: unknown in time', async () => {
    const store = open({ endpoint: `http://127.0.0.1:${gate.port}`, timeoutMs: 300 });
    const name = `${prefix()}/a`;
    await make(open(), name);
    await expect.poll(() => store.read(name), { timeout: 30_000 }).toMatchObject({ kind: 'found' });
    gate.set('frozen');
    const began = performance.now();
    await expectUnknown(store, name);
    expect(performance.now() - began).toBeLessThan(15_000);
    gate.set('open');
    await expect.poll(() => store.read(name), { timeout: 30_000 }).toMatchObject({ kind: 'found' });
  });

  test('a lost reply: the write is unknown, and was done', async () => {
    const store = open({ endpoint: `http://127.0.0.1:${gate.port}` });
    const name = `${prefix()}/a`;
    gate.set('no-reply');
    expect(await make(store, name)).toMatchObject({ kind: 'unknown' });
    gate.set('open');
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a server that stops in the middle: unknown soon', async () => {
    const mortal = await startGcs();
    const store = open({ endpoint: mortal.endpoint });
    const name = `${prefix()}/a`;
    await make(store, name);
    await mortal.stop();
    const began = performance.now();
    await expectUnknown(store, name);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('told to come back, a write comes back', async () => {
    const store = open({ endpoint: words.endpoint });
    let told = 0;
    words.instead = ({ method }) => {
      if (method !== 'POST' || told > 0) return undefined;
      told += 1;
      return { status: 429, body: '{"error":{"message":"one write a second"}}' };
    };
    expect(await make(store, `${prefix()}/a`)).toMatchObject({ kind: 'written' });
    expect(told).toBe(1);
    undisturbed();
  });

  test('an error of the service in a write is unknown, and not tried again', async () => {
    const store = open({ endpoint: words.endpoint });
    let told = 0;
    words.instead = () => {
      told += 1;
      return { status: 503, body: '{"error":{"message":"backend error"}}' };
    };
    const name = `${prefix()}/a`;
    expect(await make(store, name)).toEqual({ kind: 'unknown', why: '503: backend error' });
    expect(told).toBe(1);
    // A read may be tried again, and is.
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
    expect(told).toBe(5);
    undisturbed();
  });

  test.each([401, 403])(
    'credentials that are refused with %i: unknown, without the token',
    async (status) => {
      // This server takes any token, so the refusal is made here.
      words.instead = ({ headers }) => ({
        status,
        body: JSON.stringify({ error: { message: `refused, length ${headers.authorization?.length}` } }),
      });
      const store = open({ endpoint: words.endpoint });
      await expectUnknown(store, 'a');
      expect(await store.read('a')).toEqual({
        kind: 'unknown',
        why: `${status}: refused, length ${`Bearer ${TOKEN}`.length}`,
      });
      undisturbed();
    },
  );

  test('no token: unknown, with the reason', async () => {
    const refused = open({ accessToken: async () => Promise.reject(new Error('the key has expired')) });
    expect(await refused.read('a')).toEqual({
      kind: 'unknown',
      why: 'no access token: the key has expired',
    });
    expect(await open({ accessToken: async () => null }).read('a')).toMatchObject({ kind: 'unknown' });
  });

  test('a bucket that is not there: unknown', async () => {
    await expectUnknown(open({ bucket: 'nowhere' }), 'a');
  });
});

async function keys(root: string): Promise<string[]> {
  const start = 'dbt-runcache/entries/';
  const query = new URLSearchParams({ prefix: start + root });
  const response = await fetch(`${server.endpoint}/storage/v1/b/${server.bucket}/o?${query}`);
  const { items = [] } = (await response.json()) as { readonly items?: readonly { readonly name: string }[] };
  return items.map(({ name }) => name.slice(start.length)).sort();
}
