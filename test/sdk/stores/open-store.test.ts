import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { DbtRunCacheError } from '../../../sdk/errors.ts';
import { openStore } from '../../../sdk/stores/open-store.ts';
import { type HttpAnswer, type HttpGate, httpGate } from '../../support/http-gate.ts';

const HOUR = 3_600_000;
const PASSWORD = 'hunter2-secret';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'open-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(address: string, place: { cwd?: string; env?: Record<string, string> } = {}) {
  const store = await openStore(address, { cwd: place.cwd ?? '/nowhere', env: place.env ?? {} });
  onTestFinished(() => store.close());
  return store;
}

const write = (store: DedupStore, name = 'a') =>
  store.write({ name, value: 'x', expected: undefined, retainMs: HOUR });

async function refusal(address: string, env: Record<string, string> = {}): Promise<DbtRunCacheError> {
  const thrown = await openStore(address, { cwd: '/nowhere', env }).catch((error: unknown) => error);
  if (!(thrown instanceof DbtRunCacheError)) throw new Error(`not refused: ${address}`);
  expect(thrown.code).toBe('invalid-options');
  expect(thrown.hint, address).toBeTruthy();
  return thrown;
}

describe('file:', () => {
  test.each(['ledger', './my ledger/of runs', ' ledger ', 'a?b#c%20d'])(
    '%j is a folder, from cwd on',
    async (path) => {
      const cwd = makeFolder();
      const store = await open(`file:${path}`, { cwd });
      expect(await write(store)).toMatchObject({ kind: 'written' });
      expect(existsSync(join(cwd, path.trim(), 'entries/a@'))).toBe(true);
    },
  );

  test('absolute, as a path and as a URL', async () => {
    const folder = join(makeFolder(), 'with blank');
    await write(await open(`file:${folder}`));
    expect(existsSync(join(folder, 'entries/a@'))).toBe(true);
    expect(await (await open(pathToFileURL(folder).href)).read('a')).toMatchObject({ kind: 'found' });
  });

  test('~ is no folder: a shell would expand it', async () => {
    const { message, hint } = await refusal('file:~/ledger');
    expect(message).toContain('~');
    expect(hint).toContain('$HOME');
  });

  test.each(['file:', 'file:a\0b', 'file://host/ledger', 'file:///a%2Fb'])('%j is none', async (address) => {
    await refusal(address);
  });
});

test('memory: is one ledger for this process', async () => {
  const [one, other] = [await open('memory:'), await open('memory:')];
  expect(await write(one, 'shared')).toMatchObject({ kind: 'written' });
  expect(await other.read('shared')).toMatchObject({ kind: 'found' });
  await refusal('memory:mine');
});

describe('redis:', () => {
  /** A server that keeps what it is told and says nothing. */
  async function listener() {
    let heard = '';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        heard += bytes.toString();
        socket.destroy();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { port: (server.address() as AddressInfo).port, heard: () => heard };
  }

  test('a variable holds the URL: of the given environment, not of the process', async () => {
    const server = await listener();
    vi.stubEnv('LEDGER_URL', 'redis://127.0.0.1:1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const env = { LEDGER_URL: `redis://me:${PASSWORD}@127.0.0.1:${server.port}/3` };
    const store = await open('redis:LEDGER_URL', { env });
    expect(store.kind).toBe('redis');
    const answer = await store.read('a');
    expect(answer).toMatchObject({ kind: 'unknown' });
    expect(JSON.stringify(answer)).not.toContain(PASSWORD);
    expect(server.heard()).toContain(PASSWORD);
  });

  test('the address itself, without a password', async () => {
    const server = await listener();
    await (await open(`redis://127.0.0.1:${server.port}/3`)).read('a');
    expect(server.heard()).not.toBe('');
    expect((await open('rediss://user@redis.example.com')).kind).toBe('redis');
  });

  test.each([
    `redis://:${PASSWORD}@host:6379/0`,
    `rediss://user:${PASSWORD}@host`,
    `redis://user:${PASSWORD}/x@host`,
    `redis://${PASSWORD}#@host`,
  ])('a password in it is refused and not repeated: %s', async (address) => {
    const { message, hint } = await refusal(address);
    expect(message).toContain('password');
    expect(hint).toContain('redis:REDIS_URL');
    expect(message + hint).not.toContain(PASSWORD);
  });

  test.each([
    'redis:',
    'redis:a b',
    'redis://',
    'redis://host:99999',
    'redis://host/db',
    'redis://host?db=1',
  ])('%s is none', async (address) => {
    await refusal(address);
  });

  test('a variable that is not set, or holds something else, is named and its value is not', async () => {
    for (const env of [
      {},
      { LEDGER_URL: '' },
      { LEDGER_URL: PASSWORD },
      { LEDGER_URL: `redis://${PASSWORD} x` },
    ]) {
      const { message, hint } = await refusal('redis:LEDGER_URL', env);
      expect(message).toContain('LEDGER_URL');
      expect(message + hint).not.toContain(PASSWORD);
    }
  });
});

describe('buckets', () => {
  async function gate(instead: (path: string) => HttpAnswer): Promise<HttpGate> {
    const server = await httpGate(1);
    server.instead = (request) => instead(request.url ?? '');
    onTestFinished(() => server.close());
    return server;
  }
  const stub = (env: Record<string, string>) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
  };

  test('s3: bucket, prefix, region, endpoint and path style reach the service', async () => {
    stub({ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-a-key', AWS_REGION: 'us-east-1' });
    const server = await gate(() => ({ status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }));
    const signatures: string[] = [];
    const instead = server.instead;
    server.instead = (request) => {
      signatures.push(String(request.headers.authorization));
      return instead(request);
    };
    // Of a bare address no bucket's host name can be made.
    const endpoint = server.endpoint.replace('127.0.0.1', 'localhost');
    const query = `region=eu-south-2&endpoint=${encodeURIComponent(endpoint)}&force-path-style=true`;
    const store = await open(`s3://runs-ci/team-a/ledger/?${query}`);
    expect(store.kind).toBe('s3');
    expect(await store.read('a')).toEqual({ kind: 'absent' });
    expect(server.requests[0]).toMatch(/^GET \/runs-ci\/team-a\/ledger\//);
    expect(signatures[0]).toContain('/eu-south-2/s3/');
  });

  test('gs: bucket, prefix and endpoint reach the service', async () => {
    const server = await gate((path) =>
      path === '/token'
        ? {
            status: 200,
            body: JSON.stringify({
              access_token: 'not-a-token',
              issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
              token_type: 'Bearer',
              expires_in: 3600,
            }),
          }
        : { status: 404, body: JSON.stringify({ error: { message: 'No such object: x' } }) },
    );
    const folder = makeFolder();
    writeFileSync(join(folder, 'subject'), 'not-a-token-either');
    const credentials = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${server.endpoint}/token`,
      credential_source: { file: join(folder, 'subject') },
    };
    writeFileSync(join(folder, 'credentials.json'), JSON.stringify(credentials));
    stub({ GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'credentials.json') });
    const store = await open(`gs://runs/team-a?endpoint=${server.endpoint}`);
    expect(store.kind).toBe('gcs');
    expect(await store.read('a')).toEqual({ kind: 'absent' });
    expect(server.requests.find((line) => line.includes('/storage/'))).toMatch(
      /^GET \/storage\/v1\/b\/runs\/o\/team-a%2F/,
    );
  });

  test('no prefix is the usual one', async () => {
    expect((await open('s3://runs')).kind).toBe('s3');
    expect((await open('s3://runs/')).kind).toBe('s3');
    expect((await open('gs://runs')).kind).toBe('gcs');
  });

  test.each([
    ['s3://', /no bucket/],
    ['s3:///prefix', /no bucket/],
    ['gs:runs', /no bucket/],
    ['s3://runs?regoin=x', /not known/],
    ['s3://runs?region=a&region=b', /twice/],
    ['s3://runs?region=', /region .* empty/],
    ['gs://runs?region=x', /not known/],
    ['s3://runs?force-path-style=yes', /neither true nor false/],
    ['s3://runs?endpoint=objects.example.com', /endpoint/],
    [`s3://runs?endpoint=https://me:${PASSWORD}@objects.example.com`, /endpoint/],
    [`s3://AKIA:${PASSWORD}@runs/prefix`, /no credentials/],
    [`s3://AKIA:${PASSWORD}/x@runs/prefix`, /no credentials/],
    ['s3://runs/a b', /prefix/],
    ['s3://runs/../x', /prefix/],
    ['s3://runs#x', /#/],
  ])('%s is none', async (address, message) => {
    const refused = await refusal(address);
    expect(refused.message).toMatch(message);
    expect(refused.message + refused.hint).not.toContain(PASSWORD);
  });
});

test.each(['', 'none', '.ledger', 'C:\\ledger', `postgres://me:${PASSWORD}@host/db`, PASSWORD, 'FILE:x'])(
  '%j is no address: the forms are listed, the text is not repeated',
  async (address) => {
    const { message, hint = '' } = await refusal(address);
    for (const form of ['file:', 'redis:', 's3://', 'gs://', 'memory:']) expect(hint).toContain(form);
    expect(message + hint).not.toContain(PASSWORD);
  },
);

test.each([
  ['action-cache:', 'actions-cache:'],
  ['git-ref', 'git-ref:'],
  ['Git-Ref:acme/shop', 'git-ref:'],
  ['reids:LEDGER_URL', 'redis:'],
  [`redsi://:${PASSWORD}@host`, 'redis:'],
])('%s: the setting is named, and what was meant', async (address, meant) => {
  const { message, hint = '' } = await refusal(address);
  expect(message).toContain('dedup-store');
  expect(hint).toMatch(
    new RegExp(`^Did you mean ${meant}\\? Give one of .*, git-ref:, git-ref:<owner>/<name>,`),
  );
  expect(message + hint).not.toContain(PASSWORD);
});

describe('actions-cache:', () => {
  const ACTION = {
    GITHUB_ACTIONS: 'true',
    ACTIONS_CACHE_SERVICE_V2: 'true',
    ACTIONS_RESULTS_URL: 'http://127.0.0.1:9/',
    ACTIONS_RUNTIME_TOKEN: 'not-a-real-token',
  };

  test('in an action it is the ledger of a branch', async () => {
    const store = await open('actions-cache:', { env: ACTION });
    expect(store).toMatchObject({ kind: 'actions-cache', guarantees: { scope: 'branch', renews: false } });
    // What it may need by its own account: a reservation that was given up is waited for.
    expect(store.slowestCallMs).toBeGreaterThan(60_000);
  });

  test.each([
    ['in a step with run:', { GITHUB_ACTIONS: 'true' }, 'run:', 'Let the action run dbt, or name'],
    ['outside of Actions', {}, 'only in a job of GitHub Actions', 'in a bucket'],
    [
      'with cache-mode: none',
      { ...ACTION, ACTIONS_CACHE_MODE: 'none' },
      'cache-mode',
      'cache-mode: write for this job, or name',
    ],
    [
      'on a server of one’s own',
      { ...ACTION, GITHUB_SERVER_URL: 'https://git.corp' },
      'Enterprise',
      'bucket',
    ],
  ])('%s every answer says why there is none, and what to do', async (_, env, why, way) => {
    const store = await open('actions-cache:', { env });
    const request = { name: 'a', value: 'x', expected: undefined, retainMs: HOUR };
    for (const answer of [
      await store.read('a'),
      await store.write(request),
      await store.getBlob('a', 1),
      await store.putBlob('a', new Uint8Array(), HOUR),
    ]) {
      expect(answer.kind).toBe('unknown');
      expect(answer).toMatchObject({ why: expect.stringContaining(why) });
      expect(answer).toMatchObject({ why: expect.stringContaining(way) });
    }
    expect(await store.write(request)).toMatchObject({ refused: true });
  });

  test('a prefix of its own is another ledger; anything else behind it is refused', async () => {
    await open('actions-cache:nightly/dbt', { env: ACTION });
    await refusal('actions-cache:../x', ACTION);
    await refusal('actions-cache:a b', ACTION);
  });
});

describe('git-ref:', () => {
  const GITHUB = { GITHUB_REPOSITORY: 'acme/shop', GITHUB_TOKEN: 'not-a-real-token' };

  test('is the ledger of the job’s repository, or of the one that is named', async () => {
    for (const address of ['git-ref:', 'git-ref:acme/other', 'git-ref:acme/other?prefix=nightly/dbt'])
      expect(await open(address, { env: GITHUB })).toMatchObject({ kind: 'git-ref' });
    expect(await open('git-ref:', { env: GITHUB })).toMatchObject({ guarantees: { scope: 'everyone' } });
  });

  test('without a token every answer asks for one', async () => {
    const store = await open('git-ref:', { env: { GITHUB_REPOSITORY: 'acme/shop' } });
    expect(await store.read('a')).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('contents: write'),
    });
  });

  test('what is no repository, and parameters it does not know, are refused', async () => {
    await refusal('git-ref:');
    await refusal('git-ref:acme', GITHUB);
    await refusal('git-ref:acme/shop?prefxi=a', GITHUB);
    await refusal('git-ref:?prefix=heads/main', GITHUB);
  });
});
