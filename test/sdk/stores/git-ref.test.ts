import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { type GitRefStoreOptions, gitRefStore } from '../../../sdk/stores/git-ref.ts';
import { expectUnknown, listed, prefix, swept } from '../../servers/opened.ts';
import {
  type Fate,
  type GitRestService,
  REPOSITORY_NAME,
  startGitRest,
  TOKEN,
} from '../../support/git-rest-service.ts';
import { seededRandom } from '../../support/random.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let service: GitRestService;
beforeAll(async () => {
  service = await startGitRest();
});
afterAll(async () => {
  expect(await service.git(['fsck', '--no-dangling'])).toBe('');
  await service.stop();
});
afterEach(() => {
  service.fate = () => undefined;
  service.before = async () => undefined;
  service.access = 'write';
});

const open = (options: Partial<GitRefStoreOptions> = {}): DedupStore =>
  gitRefStore({ repository: REPOSITORY_NAME, token: TOKEN, apiUrl: service.apiUrl, ...options });
const write = (store: DedupStore, name: string, value: string, expected?: string, retainMs = HOUR) =>
  store.write({ name, value, expected, retainMs });
const made = async (store: DedupStore, name: string, value = 'x', retainMs = HOUR): Promise<string> => {
  const answer = await write(store, name, value, undefined, retainMs);
  if (answer.kind !== 'written') throw new Error(JSON.stringify(answer));
  return answer.version;
};
const refOf = (name: string): string => `refs/dbt-runcache/entries/${name.replaceAll('.', '=')}@`;
const shaOf = (name: string): Promise<string> => service.git(['rev-parse', refOf(name)]);
/** The first request of this kind meets that fate. */
const once = (request: string, fate: Fate): void => {
  let isDone = false;
  service.fate = (one) => {
    if (isDone || one !== request) return undefined;
    isDone = true;
    return fate;
  };
};

describe('what is kept', () => {
  test('a version is the commit a ref points to, upon the one it replaced', async () => {
    const store = open();
    const name = `${prefix()}/a.lock/b..c`;
    const first = await made(store, name);
    expect(await shaOf(name)).toBe(first);
    const second = await write(store, name, 'y', first);
    expect(second).toEqual({ kind: 'written', version: await shaOf(name) });
    expect(await service.git(['rev-parse', `${refOf(name)}^`])).toBe(first);
    expect(await listed(store, name.slice(0, -2))).toEqual([name]);
    expect(await service.git(['for-each-ref', 'refs/heads', 'refs/tags', '--format=%(refname)'])).toBe(
      'refs/heads/main',
    );
  });

  test('writers of the same value in the same second are told apart', async () => {
    const name = `${prefix()}/a`;
    const version = await made(open(), name);
    const answers = await Promise.all(Array.from({ length: 8 }, () => write(open(), name, 'same', version)));
    expect(answers.map(({ kind }) => kind).sort()).toEqual([...Array(7).fill('conflict'), 'written']);
  });

  test('names that are folders of others', async () => {
    const store = open();
    const name = `${prefix()}/a`;
    await made(store, name, 'one');
    await made(store, `${name}/b`, 'two');
    expect(await store.read(name)).toMatchObject({ entry: { value: 'one' } });
    expect(await store.read(`${name}/b`)).toMatchObject({ entry: { value: 'two' } });
    expect(await listed(store, name)).toEqual([name, `${name}/b`]);
  });

  test.each([24 << 10, (24 << 10) + 1, 256 << 10])('a value of %i bytes comes back', async (bytes) => {
    const value = `${'é@#1'.repeat(bytes)}`.slice(0, Math.floor(bytes / 2)).padEnd(10, 'x');
    const name = `${prefix()}/large`;
    const text = Buffer.from(value).subarray(0, bytes).toString().slice(0, -1);
    const version = await made(open(), name, text);
    expect(await open().read(name)).toMatchObject({ kind: 'found', entry: { value: text, version } });
    expect(await service.git(['log', '-1', '--format=%B', refOf(name)])).not.toMatch(/[@#]/);
  });

  test('a blob too large for a repository: unknown, with the sizes, and nothing sent', async () => {
    const from = service.requests.length;
    expect(await open().putBlob('b', new Uint8Array((32 << 20) + 1), HOUR)).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/33554433 bytes.*33554432 at most/),
    });
    expect(service.requests.length).toBe(from);
  });

  test('ages are by the clock of GitHub', async () => {
    const name = `${prefix()}/a`;
    await made(open(), name, 'x', DAY);
    service.aheadMs += 2 * HOUR;
    const read = await open().read(name);
    if (read.kind !== 'found') throw new Error(read.kind);
    expect(read.entry.ageMs).toBeGreaterThan(2 * HOUR - 5000);
    expect(read.entry.ageMs).toBeLessThan(2 * HOUR + 60_000);
    // Far from the clock of this host, both ways.
    for (const aheadMs of [-400 * DAY, 400 * DAY]) {
      service.aheadMs = aheadMs;
      const other = `${prefix()}/b`;
      await made(open(), other);
      const found = await open().read(other);
      expect(found).toMatchObject({ kind: 'found' });
      if (found.kind === 'found') expect(found.entry.ageMs).toBeLessThan(60_000);
    }
    service.aheadMs = 0;
  });
});

describe('lost replies', () => {
  const fates: readonly Fate[] = [
    { kind: 'lose-reply' },
    { kind: 'lose-request' },
    { kind: 'late' },
    { kind: 'answer', status: 502, message: 'Bad Gateway' },
    { kind: 'answer-after', status: 500, message: 'Server Error' },
  ];
  const steps = ['GET matching-refs', 'GET commits', 'POST trees', 'POST commits', 'POST refs', 'PATCH refs'];

  test.each(steps)('%s: what was written is told as written', async (step) => {
    for (const fate of fates) {
      const store = open();
      const name = `${prefix()}/a`;
      once(step, fate);
      const version = await made(store, name, 'one');
      expect(await shaOf(name)).toBe(version);
      once(step, fate);
      const second = await write(store, name, 'two', version);
      expect(second).toEqual({ kind: 'written', version: await shaOf(name) });
      once(step, fate);
      expect(await open().read(name)).toMatchObject({ kind: 'found', entry: { value: 'two' } });
      service.fate = () => undefined;
      await service.deliver();
      // What arrives late is the same write, and changes nothing.
      expect(await open().read(name)).toMatchObject({ entry: { value: 'two', version: await shaOf(name) } });
    }
  });

  test('a move that was done and replaced since is not told as a conflict', async () => {
    const store = open();
    const name = `${prefix()}/a`;
    const first = await made(store, name);
    once('PATCH refs', { kind: 'lose-reply' });
    let times = 0;
    service.before = async (request) => {
      if (request !== 'PATCH refs') return;
      times += 1;
      if (times !== 2) return;
      const version = await shaOf(name);
      expect(version).not.toBe(first);
      expect(await write(open(), name, 'theirs', version)).toMatchObject({ kind: 'written' });
    };
    expect(await write(store, name, 'ours', first)).toMatchObject({ kind: 'unknown' });
    expect(await store.read(name)).toMatchObject({ entry: { value: 'theirs' } });
  });

  test('an update that fails half-way is read back', async () => {
    const store = open();
    const name = `${prefix()}/a`;
    const version = await made(store, name);
    once('PATCH refs', { kind: 'answer-after', status: 422, message: 'Reference update failed' });
    expect(await write(store, name, 'y', version)).toEqual({ kind: 'written', version: await shaOf(name) });
    once('PATCH refs', { kind: 'answer', status: 422, message: 'Reference update failed' });
    expect(await write(store, name, 'z', await shaOf(name))).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('Reference update failed'),
    });
  });

  test('at random: one writer of each version, and no answer that is not so', async () => {
    const random = seededRandom('git-ref with lost replies');
    const name = `${prefix()}/random`;
    const wins = new Map<string, number>();
    let version: string | undefined;
    for (let round = 0; round < 12; round += 1) {
      service.fate = () => (random.next() < 0.12 ? random.pick(fates) : undefined);
      const expected: string | undefined = version;
      const answers = await Promise.all(
        [0, 1, 2].map((by) => write(open(), name, `${round} by ${by}`, expected)),
      );
      service.fate = () => undefined;
      await service.deliver();
      const told = answers.flatMap((answer, by) => (answer.kind === 'written' ? [{ by, answer }] : []));
      expect(told.length).toBeLessThan(2);
      const now = await open().read(name);
      if (now.kind !== 'found') {
        expect(told).toEqual([]);
        continue;
      }
      const by = Number(now.entry.value.split(' ').at(-1));
      if (told[0] !== undefined) expect(now.entry).toMatchObject({ version: told[0].answer.version });
      // Who was told of a conflict did not write.
      if (now.entry.version !== version) expect(answers[by]?.kind).not.toBe('conflict');
      wins.set(now.entry.version, round);
      version = now.entry.version;
    }
    expect(wins.size).toBeGreaterThan(2);
  });
});

describe('what GitHub refuses', () => {
  test('a server that keeps silent: unknown in time', async () => {
    const store = open({ timeoutMs: 200 });
    let free: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      free = resolve;
    });
    service.fate = () => ({ kind: 'wait', until });
    const began = performance.now();
    await expectUnknown(store, `${prefix()}/a`);
    expect(performance.now() - began).toBeLessThan(20_000);
    free();
  });

  test('errors of the server: unknown', async () => {
    service.fate = () => ({ kind: 'answer', status: 503, message: 'Unavailable' });
    await expectUnknown(open(), `${prefix()}/a`);
  });

  test('a hidden repository is not an empty ledger', async () => {
    service.access = 'none';
    const store = open();
    await expectUnknown(store, `${prefix()}/a`);
    expect(await store.read('a')).toMatchObject({
      why: expect.stringMatching(
        /^analytics\/dbt is not there, or the token lacks the permission contents: read/,
      ),
    });
  });

  test('a token that may only read: reads, and names the permission for the rest', async () => {
    const name = `${prefix()}/a`;
    const version = await made(open(), name);
    service.access = 'read';
    const store = open();
    expect(await store.read(name)).toMatchObject({ kind: 'found' });
    const refusal = { kind: 'unknown', why: expect.stringContaining('contents: write') };
    expect(await write(store, `${name}2`, 'x')).toMatchObject({ ...refusal, readOnly: true });
    expect(await write(store, name, 'x', version)).toMatchObject({ ...refusal, readOnly: true });
    expect(await store.remove(name, version)).toMatchObject(refusal);
    expect(await store.putBlob(name, new Uint8Array(3), HOUR)).toMatchObject(refusal);
  });

  test('a token that is none, and an empty repository: unknown', async () => {
    expect(await open({ token: 'ghs_other' }).read('a')).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/^GitHub does not accept the token/),
    });
    const empty = await startGitRest({ isEmpty: true });
    expect(await open({ apiUrl: empty.apiUrl }).read('a')).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('Git Repository is empty'),
    });
    await empty.stop();
  });

  test('the token is in no reason', async () => {
    service.fate = () => ({ kind: 'answer', status: 418, message: `what is ${TOKEN}?` });
    const read = await open().read('a');
    expect(read).toMatchObject({ why: expect.stringContaining('what is ***?') });
  });
});

describe('what else is in the repository', () => {
  const commit = async (message: string | Uint8Array, tree?: string): Promise<string> =>
    service.git(
      ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', tree ?? (await service.git(['mktree']))],
      message,
    );
  const message = (head: unknown): string => `dbt-runcache\n\n${JSON.stringify(head)}`;
  const point = (name: string, sha: string) => service.git(['update-ref', refOf(name), sha]);

  test.each([
    ['a foreign message', 'Fix the build'],
    ['no JSON', 'dbt-runcache\n\n{"schemaVersion":1,'],
    ['JSON that is no object', 'dbt-runcache\n\nnull'],
    ['another version', message({ schemaVersion: 2, kind: 'removed' })],
    ['no retention', message({ schemaVersion: 1, kind: 'value', value: 'eA==' })],
    [
      'a blob that is none',
      message({ schemaVersion: 1, kind: 'value-in-blob', retainMs: 1, blob: '../x', bytes: 1 }),
    ],
    ['a blob', message({ schemaVersion: 1, kind: 'blob', blob: 'a'.repeat(40), bytes: 1 })],
    ['a huge message', `dbt-runcache\n\n${'x'.repeat(2 << 20)}`],
  ])('%s is unknown, never absent, and not written over', async (_, text) => {
    const name = `${prefix()}/a`;
    const sha = await commit(text);
    await point(name, sha);
    const store = open();
    expect(await store.read(name)).toMatchObject({ kind: 'unknown' });
    expect(await write(store, name, 'x')).toMatchObject({ kind: 'unknown' });
    expect(await shaOf(name)).toBe(sha);
  });

  test('a ref to a blob, and a value in a blob that is not there', async () => {
    const name = `${prefix()}/a`;
    const blob = await service.git(['hash-object', '-w', '--stdin'], 'x');
    await point(name, blob);
    expect(await open().read(name)).toMatchObject({ kind: 'unknown' });
    for (const [to, bytes] of [
      ['b'.repeat(40), 1],
      [blob, 2],
      [blob, 300_000],
    ] as const) {
      await point(
        name,
        await commit(message({ schemaVersion: 1, kind: 'value-in-blob', retainMs: HOUR, blob: to, bytes })),
      );
      expect(await open().read(name)).toMatchObject({ kind: 'unknown' });
    }
  });

  test('a blob that is larger than it says is not read to its end', async () => {
    const name = `${prefix()}/a`;
    const huge = await service.git(['hash-object', '-w', '--stdin'], Buffer.alloc(30 << 20));
    const sha = await commit(message({ schemaVersion: 1, kind: 'blob', blob: huge, bytes: 10 }));
    await service.git(['update-ref', `refs/dbt-runcache/blobs/${name}@`, sha]);
    expect(await open().getBlob(name, 100)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('larger than 10 bytes'),
    });
  });

  test('refs with names that are none of a ledger are not listed', async () => {
    const root = prefix();
    const version = await made(open(), `${root}/a`);
    for (const word of ['UPPER@', 'a', 'b@/c@', 'a%b@', '=x@'])
      await service.git(['update-ref', `refs/dbt-runcache/entries/${root}/${word}`, version]);
    expect(await listed(open(), `${root}/`)).toEqual([`${root}/a`]);
  });

  test('a strange tree does not matter', async () => {
    const name = `${prefix()}/a`;
    const blob = await service.git(['hash-object', '-w', '--stdin'], 'x');
    const inner = await service.git(['mktree'], `120000 blob ${blob}\tcontent\n`);
    const tree = await service.git(['mktree'], `040000 tree ${inner}\tcontent\n`);
    const head = { schemaVersion: 1, kind: 'value', retainMs: HOUR, value: 'e25vIGpzb24=' };
    const sha = await commit(message(head), tree);
    await point(name, sha);
    expect(await open().read(name)).toMatchObject({ entry: { value: '{no json', version: sha } });
  });
});

describe('a sweep', () => {
  test('that died before its delete gives the name back after ten minutes', async () => {
    const name = `${prefix()}/a`;
    const store = open();
    await made(store, name, 'x', DAY);
    service.aheadMs += 3 * DAY;
    service.fate = (request) => (request === 'DELETE refs' ? { kind: 'lose-request' } : undefined);
    expect(await swept(store)).toMatchObject({ kind: 'swept', entries: 0 });
    service.fate = () => undefined;
    expect(await store.read(name)).toEqual({ kind: 'absent' });
    expect(await write(store, name, 'y')).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('cleared'),
    });
    service.aheadMs += 11 * 60_000;
    expect(await write(store, name, 'y')).toMatchObject({ kind: 'written' });
    service.aheadMs = 0;
  });
});

describe('options', () => {
  test.each<Partial<GitRefStoreOptions>>([
    { repository: 'dbt' },
    { repository: 'a/b/c' },
    { repository: '../b' },
    { token: '' },
    { token: 'a\nb' },
    { apiUrl: 'http://github.example.com' },
    { apiUrl: 'https://user:pass@github.example.com' },
    { apiUrl: 'nonsense' },
    { prefix: 'heads' },
    { prefix: 'tags/x' },
    { prefix: 'a..b' },
    { prefix: '' },
  ])('%j is refused', (options) => {
    expect(() => open(options)).toThrowError(expect.objectContaining({ code: 'invalid-options' }));
  });
});
