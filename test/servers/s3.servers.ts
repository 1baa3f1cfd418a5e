import { utimes } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { DedupStore } from '../../sdk/dedup/store.ts';
import { type S3Sender, type S3StoreOptions, s3Store } from '../../sdk/stores/s3.ts';
import { stateContract } from '../contracts/state-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { storeRaces } from '../contracts/store-races.ts';
import { type HttpGate, httpGate } from '../support/http-gate.ts';
import { S3_CREDENTIALS, type S3Server, startS3 } from '../support/s3-server.ts';
import { type TcpGate, tcpGate } from '../support/tcp-gate.ts';
import { expectUnknown, listed, opened, prefix, swept } from './opened.ts';
import { afterPut, beforeDelete, beforeHead, withoutHeader } from './s3-clients.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let server: S3Server;
beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value);
  server = await startS3();
});
afterAll(() => server.stop());

const openAt = opened((options: S3StoreOptions) => s3Store(options));
const open = (options: Partial<S3StoreOptions> = {}): DedupStore => {
  const { endpoint, region, bucket } = server;
  return openAt({ endpoint, region, bucket, forcePathStyle: true, ...options });
};
const make = (store: DedupStore, name: string) =>
  store.write({ name, value: 'x', expected: undefined, retainMs: HOUR });

stateContract('s3', open);
storeContract('s3', {
  open,
  prefix,
  age: (kind, name, ms) => age(`dbt-runcache/${kind}/${name}`, ms),
});
// Fifty processes share the processors, and may take their time to ask.
storeRaces('s3', () => {
  const { endpoint, region, bucket } = server;
  return { kind: 's3', endpoint, region, bucket, timeoutMs: 60_000 };
});

describe('what the bucket keeps', () => {
  test('a listing clears away what was removed, or past its retention, for more than a day', async () => {
    const store = open();
    const root = prefix();
    const keyOf = (name: string) => `dbt-runcache/entries/${root}/${name}`;
    for (const name of ['alive', 'dead', 'removed', 'removed-now']) await make(store, `${root}/${name}`);
    for (const name of ['removed', 'removed-now']) {
      const read = await store.read(`${root}/${name}`);
      if (read.kind === 'found') await store.remove(`${root}/${name}`, read.entry.version);
    }
    await age(keyOf('dead'), DAY + 2 * HOUR);
    await age(keyOf('removed'), DAY + HOUR);
    expect(await listed(store, root)).toEqual([`${root}/alive`]);
    expect(await keys(`dbt-runcache/entries/${root}/`)).toEqual([keyOf('alive'), keyOf('removed-now')]);
  });

  test('what was just claimed anew is not cleared away with what was there before', async () => {
    const store = open();
    const name = `${prefix()}/a`;
    await make(store, name);
    await age(`dbt-runcache/entries/${name}`, 2 * DAY);
    // Someone claims it after the listing has found it dead.
    const hasty = beforeDelete(raw(), () => make(store, name));
    expect(await listed(open({ client: hasty }), name)).toEqual([]);
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('an object that is no entry is unknown, and is not written over', async () => {
    const name = `${prefix()}/a`;
    await raw().send(
      new PutObjectCommand({ Bucket: server.bucket, Key: `dbt-runcache/entries/${name}`, Body: 'no entry' }),
    );
    expect(await open().read(name)).toMatchObject({ kind: 'unknown' });
    expect(await make(open(), name)).toMatchObject({ kind: 'unknown' });
  });

  test('what is claimed anew survives a delete that checks first and deletes later', async () => {
    const name = `${prefix()}/a`;
    const Key = `dbt-runcache/entries/${name}`;
    await make(open(), name);
    await age(Key, 3 * DAY);
    // The first write is refused, since something is there; the second one replaces that.
    const late = afterPut(raw(), 2, () =>
      raw().send(new DeleteObjectCommand({ Bucket: server.bucket, Key })),
    );
    expect(await make(open({ client: late }), name)).toMatchObject({ kind: 'written' });
    expect(await open().read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a blob that is put again while it is looked at stays', async () => {
    const blob = `bundles/${prefix()}`;
    const bytes = new Uint8Array([1, 2, 3]);
    await open({ prefix: 'again' }).putBlob(blob, bytes, HOUR);
    await age(`again/blobs/${blob}`, 40 * DAY);
    // The same bytes, and so the same tag.
    const hasty = beforeHead(raw(), () => open({ prefix: 'again' }).putBlob(blob, bytes, HOUR));
    expect(await swept(open({ prefix: 'again', client: hasty }))).toMatchObject({ kind: 'swept', blobs: 0 });
    expect(await open({ prefix: 'again' }).getBlob(blob, 10)).toMatchObject({ kind: 'found' });
  });

  test('an entry that is none stays, and is listed', async () => {
    const name = 'claims/none';
    const Key = `none/entries/${name}`;
    await raw().send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: 'no entry' }));
    await age(Key, 400 * DAY);
    expect(await swept(open({ prefix: 'none' }))).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
    expect(await listed(open({ prefix: 'none' }))).toEqual([name]);
  });

  test('two prefixes are two ledgers', async () => {
    const name = `${prefix()}/a`;
    await make(open({ prefix: '/one/' }), name);
    expect(await open({ prefix: 'one' }).read(name)).toMatchObject({ entry: { value: 'x' } });
    expect(await open({ prefix: 'two' }).read(name)).toEqual({ kind: 'absent' });
    expect(() => open({ prefix: 'a/../b' })).toThrow(/no prefix/);
  });
});

describe('a service that ignores', () => {
  test.each([
    ['If-None-Match', 'if-none-match'],
    ['If-Match', 'if-match'],
  ])('%s is found out before anything is written', async (header, field) => {
    const store = open({ prefix: field, client: without(field, 'PUT') });
    const name = `${prefix()}/a`;
    expect(await make(store, name)).toMatchObject({ kind: 'unknown', why: expect.stringContaining(header) });
    expect(await store.write({ name, value: 'x', expected: '"1"', retainMs: HOUR })).toMatchObject({
      kind: 'unknown',
    });
    expect(await store.read(name)).toEqual({ kind: 'absent' });
  });

  test('the condition of a delete is never asked to delete', async () => {
    const name = `${prefix()}/a`;
    await make(open(), name);
    await age(`dbt-runcache/entries/${name}`, 2 * DAY);
    const ignorant = without('if-match', 'DELETE');
    expect(await listed(open({ client: ignorant }), name)).toEqual([]);
    expect(await keys(`dbt-runcache/entries/${name}`)).toHaveLength(1);
    // Of a blob nothing is lost by it: whoever puts it puts the same bytes.
    const blob = `bundles/${prefix()}`;
    await open().putBlob(blob, new Uint8Array(3), HOUR);
    await age(`dbt-runcache/blobs/${blob}`, 40 * DAY);
    expect(await swept(open({ client: ignorant }))).toMatchObject({ entries: 0, blobs: 1 });
    expect(await keys(`dbt-runcache/entries/${name}`)).toHaveLength(1);
  });
});

describe('faults', () => {
  let gate: TcpGate;
  let words: HttpGate;
  beforeAll(async () => {
    gate = await tcpGate(server.port);
    words = await httpGate(server.port);
  });
  afterAll(async () => {
    await gate.close();
    await words.close();
  });
  const gated = (timeoutMs?: number) =>
    open({
      endpoint: `http://127.0.0.1:${gate.port}`,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });

  test('a server that keeps silent: unknown in time', async () => {
    const store = gated(300);
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
    const store = gated();
    const name = `${prefix()}/a`;
    // The service is known to honour conditions before the way is disturbed.
    await make(store, `${name}0`);
    gate.set('no-reply');
    expect(await make(store, name)).toMatchObject({ kind: 'unknown' });
    gate.set('open');
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a server that stops in the middle: unknown soon', async () => {
    const mortal = await startS3();
    const { endpoint } = mortal;
    const store = open({ endpoint });
    const name = `${prefix()}/a`;
    await make(store, name);
    await mortal.stop();
    const began = performance.now();
    await expectUnknown(store, name);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test.each([
    [409, 'ConditionalRequestConflict'],
    [503, 'SlowDown'],
  ])('told to come back (%i %s), a write comes back', async (status, code) => {
    const store = open({ endpoint: words.endpoint });
    const name = `${prefix()}/a`;
    await make(store, `${name}0`);
    let told = 0;
    words.instead = ({ method }) => {
      if (method !== 'PUT' || told > 0) return undefined;
      told += 1;
      return { status, body: `<Error><Code>${code}</Code><Message>later</Message></Error>` };
    };
    expect(await make(store, name)).toMatchObject({ kind: 'written' });
    expect(told).toBe(1);
    words.instead = () => undefined;
  });

  test('an error of the service in a write is unknown, and not tried again', async () => {
    const store = open({ endpoint: words.endpoint });
    const name = `${prefix()}/a`;
    await make(store, `${name}0`);
    let told = 0;
    words.instead = () => {
      told += 1;
      return { status: 500, body: '<Error><Code>InternalError</Code><Message>oh</Message></Error>' };
    };
    expect(await make(store, name)).toEqual({ kind: 'unknown', why: 'InternalError: oh' });
    expect(told).toBe(1);
    // A read may be tried again, and is.
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
    expect(told).toBe(5);
    words.instead = () => undefined;
  });

  test('a client that tries twice by itself: refused because of itself is unknown', async () => {
    const { region } = server;
    const client = new S3Client({ endpoint: words.endpoint, region, forcePathStyle: true, maxAttempts: 3 });
    const store = open({ client });
    const name = `${prefix()}/a`;
    await make(store, `${name}0`);
    let tries = 0;
    // The first try is done, and said to have failed.
    words.instead = ({ method }) => {
      if (method === 'PUT') tries += 1;
      return undefined;
    };
    words.status = (status) => (tries === 1 ? 500 : status);
    expect(await make(store, name)).toMatchObject({ kind: 'unknown' });
    expect(tries).toBe(2);
    words.instead = () => undefined;
    words.status = (status) => status;
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
    client.destroy();
  });

  test('wrong credentials: unknown, without the secret', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wr0ng-s3cr3t');
    const store = open();
    const answer = await store.read('a');
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringContaining('SignatureDoesNotMatch') });
    expect(JSON.stringify(answer)).not.toContain('wr0ng');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY);
  });

  test('a bucket that is not there: unknown, and named as the cause', async () => {
    const store = open({ bucket: 'nowhere' });
    await expectUnknown(store, 'a');
    expect(await store.read('a')).toMatchObject({ why: expect.stringContaining('NoSuchBucket') });
  });
});

function raw(): S3Client {
  return new S3Client(address());
}

function address(): S3ClientConfig {
  const { endpoint, region } = server;
  return { endpoint, region, forcePathStyle: true };
}

function without(header: string, method: string): S3Sender {
  return withoutHeader(address(), header, method);
}

/** Makes an object look as if it had been written that long ago. */
async function age(key: string, ms: number): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(server.fileOf(key), then, then);
}

async function keys(keyPrefix: string): Promise<string[]> {
  const page = await raw().send(new ListObjectsV2Command({ Bucket: server.bucket, Prefix: keyPrefix }));
  return (page.Contents ?? []).map(({ Key = '' }) => Key).sort();
}
