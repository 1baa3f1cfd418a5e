import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisStoreOptions, redisStore } from '../../sdk/stores/redis.ts';
import { stateContract } from '../contracts/state-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { storeRaces } from '../contracts/store-races.ts';
import { type RedisServer, redisUrl, startRedis } from '../support/redis-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type TcpGate, tcpGate } from '../support/tcp-gate.ts';
import { expectUnknown, listed, opened, prefix, swept } from './opened.ts';

const HOUR = 3_600_000;
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const open = opened((options: RedisStoreOptions) => redisStore(options));

storeContract('redis', { open: () => open({ url: server.url }), prefix });
stateContract('redis', () => open({ url: server.url }));
// Fifty processes share the processors, and may take their time to ask.
storeRaces('redis', () => ({ kind: 'redis', url: server.url, timeoutMs: 30_000 }));

describe('a client of the caller', () => {
  test('is used as it is, and left open', async () => {
    const client = createClient({ url: server.url });
    await client.connect();
    const store = redisStore({ client });
    const name = `${prefix()}/a`;
    expect(await store.write({ name, value: 'x', expected: undefined, retainMs: HOUR })).toMatchObject({
      kind: 'written',
    });
    await store.close();
    expect(await client.ping()).toBe('PONG');
    client.destroy();
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
    expect(await open({ url: server.url }).read(name)).toMatchObject({ entry: { value: 'x' } });
  });
});

describe('what the server keeps', () => {
  test('entries and blobs leave by themselves, the prefixes of two ledgers do not meet', async () => {
    const client = createClient({ url: server.url });
    await client.connect();
    const name = `${prefix()}/a`;
    const [one, two] = [open({ url: server.url, prefix: 'one' }), open({ url: server.url, prefix: 'two*' })];
    await one.write({ name, value: 'x', expected: undefined, retainMs: HOUR });
    await one.putBlob(name, new Uint8Array(3), HOUR);
    for (const kind of ['entries', 'blobs']) {
      const left = await client.pTTL(`one:${kind}:${name}`);
      expect(left).toBeGreaterThan(HOUR - 60_000);
      expect(left).toBeLessThanOrEqual(HOUR);
    }
    expect(await two.read(name)).toEqual({ kind: 'absent' });
    expect(await two.getBlob(name, 10)).toEqual({ kind: 'absent' });
    await two.write({ name: `${name}2`, value: 'x', expected: undefined, retainMs: HOUR });
    expect(await listed(two)).toEqual([`${name}2`]);
    client.destroy();
  });

  test('a sweep has nothing to do', async () => {
    expect(await swept(open({ url: redisUrl(1) }))).toEqual({ kind: 'swept', entries: 0, blobs: 0 });
  });

  test('what is under the name and is no entry is unknown', async () => {
    const client = createClient({ url: server.url });
    await client.connect();
    const name = `${prefix()}/a`;
    await client.set(`dbt-runcache:entries:${name}`, 'something else');
    const store = open({ url: server.url });
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
    expect(await store.write({ name, value: 'x', expected: undefined, retainMs: HOUR })).toMatchObject({
      kind: 'unknown',
    });
    client.destroy();
  });
});

describe('TLS', () => {
  test('is used for rediss, with the certificates this process trusts', async () => {
    const { cert, key, text, remove } = await selfSigned();
    const secure = await startRedis({ tls: { cert, key } });
    const url = secure.url.replace('redis:', 'rediss:').replace('127.0.0.1', 'localhost');
    const name = `${prefix()}/a`;
    expect(await open({ url }).read(name)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('self-signed certificate'),
    });
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, text]);
    expect(await open({ url }).read(name)).toEqual({ kind: 'absent' });
    setDefaultCACertificates(before);
    await secure.stop();
    await remove();
  });
});

describe('faults', () => {
  let gate: TcpGate;
  beforeAll(async () => {
    gate = await tcpGate(server.port);
  });
  afterAll(() => gate.close());

  test('a server that keeps silent: unknown in time, and asked anew when it is back', async () => {
    const name = `${prefix()}/a`;
    await open({ url: server.url }).write({ name, value: 'x', expected: undefined, retainMs: HOUR });
    const store = open({ url: redisUrl(gate.port), timeoutMs: 300 });
    const found = { kind: 'found', entry: { value: 'x' } };
    await expect.poll(() => store.read(name), { timeout: 30_000 }).toMatchObject(found);
    gate.set('frozen');
    const began = performance.now();
    await expectUnknown(store, name);
    // Seven calls of 300 ms, on a machine that may be busy.
    expect(performance.now() - began).toBeLessThan(10_000);
    gate.set('open');
    await expect.poll(() => store.read(name), { timeout: 30_000 }).toMatchObject(found);
  });

  test('a broken connection: unknown at once, and made anew when the way is free', async () => {
    const store = open({ url: redisUrl(gate.port) });
    const name = `${prefix()}/a`;
    await store.write({ name, value: 'x', expected: undefined, retainMs: HOUR });
    gate.set('shut');
    await expectUnknown(store, name);
    gate.set('open');
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a lost reply: the write is unknown, and was done', async () => {
    const store = open({ url: redisUrl(gate.port) });
    const name = `${prefix()}/a`;
    // The way is there before it is disturbed.
    expect(await store.read(name)).toEqual({ kind: 'absent' });
    gate.set('no-reply');
    expect(await store.write({ name, value: 'x', expected: undefined, retainMs: HOUR })).toMatchObject({
      kind: 'unknown',
    });
    gate.set('open');
    expect(await store.read(name)).toMatchObject({ entry: { value: 'x' } });
  });

  test('a server that stops in the middle and comes back', async () => {
    const mortal = await startRedis();
    const store = open({ url: mortal.url });
    const name = `${prefix()}/a`;
    await store.write({ name, value: 'x', expected: undefined, retainMs: HOUR });
    await mortal.stop();
    await expectUnknown(store, name);
    const next = await startRedis({ port: mortal.port });
    // It kept nothing, and says so.
    expect(await store.read(name)).toEqual({ kind: 'absent' });
    await next.stop();
  });

  test('a wrong password: unknown, and not repeated', async () => {
    const store = open({ url: redisUrl(server.port, 'wrong-pass%40word') });
    const answer = await store.read(`${prefix()}/a`);
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(answer)).not.toMatch(/wrong-pass/);
  });

  test('a message that repeats the password is redacted', async () => {
    const store = open({ url: 'redis://:s3cr3t@s3cr3t.invalid:1' });
    const answer = await store.read('a');
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringContaining('***') });
    expect(JSON.stringify(answer)).not.toContain('s3cr3t');
  });
});

describe('the address', () => {
  test('is found in the environment', async () => {
    vi.stubEnv('LEDGER_URL', server.url);
    const name = `${prefix()}/a`;
    await open({ urlEnv: 'LEDGER_URL' }).write({ name, value: 'x', expected: undefined, retainMs: HOUR });
    expect(await open({ url: server.url }).read(name)).toMatchObject({ entry: { value: 'x' } });
    vi.unstubAllEnvs();
  });

  test.each([undefined, 'host:6379', 'https://user:s3cr3t@host', 'redis://['])('%s is refused', (url) => {
    vi.stubEnv('REDIS_URL', url);
    const thrown = (() => {
      try {
        return redisStore();
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'invalid-options', message: expect.stringContaining('REDIS_URL') });
    expect(String(thrown)).not.toContain('s3cr3t');
    vi.unstubAllEnvs();
  });
});
