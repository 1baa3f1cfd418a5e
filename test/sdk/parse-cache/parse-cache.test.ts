import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DedupStore, WriteAnswer } from '../../../sdk/dedup/store.ts';
import { PARSE_BLOBS, parseName, parseParseEntry } from '../../../sdk/parse-cache/parse-entry.ts';
import { readParseFile } from '../../../sdk/parse-cache/parse-file.ts';
import { restoreParse } from '../../../sdk/parse-cache/restore-parse.ts';
import { saveParse } from '../../../sdk/parse-cache/save-parse.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

const isWindows = process.platform === 'win32';
const NAME = parseName({ target: { kind: 'known', items: { profile: 'shop' } } });
const FILE = 'partial_parse.msgpack';
const DAY = 86_400_000;

let root: string;
let first: string;
let second: string;
let store: DedupStore;
let nowMs: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parse-cache-'));
  first = join(root, 'first', 'target');
  second = join(root, 'second', 'target');
  await mkdir(first, { recursive: true });
  nowMs = 0;
  store = memoryStore({ now: () => nowMs });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const left = (text: string | Uint8Array, target = first) => writeFile(join(target, FILE), text);
const save = (more: Partial<Parameters<typeof saveParse>[0]> = {}) =>
  saveParse({ store, name: NAME, targetPath: first, ...more });
const restore = (more: Partial<Parameters<typeof restoreParse>[0]> = {}) =>
  restoreParse({ store, name: NAME, targetPath: second, ...more });
const entry = async () => {
  const read = await store.read(NAME);
  return read.kind === 'found' ? parseParseEntry(read.entry.value) : undefined;
};
const write = async (value: string): Promise<WriteAnswer> => {
  const read = await store.read(NAME);
  const expected = read.kind === 'found' ? read.entry.version : undefined;
  return store.write({ name: NAME, value, expected, retainMs: DAY });
};

test('what dbt left in one folder is put into another that is not there yet, and nothing besides', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at) % 251));
  await left(bytes);
  expect(await save()).toEqual({ kind: 'saved', bytes: bytes.length });
  expect(await restore()).toMatchObject({ kind: 'restored', bytes: bytes.length });
  expect(await readFile(join(second, FILE))).toEqual(bytes);
  expect(await readdir(second)).toEqual([FILE]);
});

test('it goes through a store on disk as well', async () => {
  const onDisk = fileStore({ dir: join(root, 'ledger') });
  await left('parsed');
  expect(await save({ store: onDisk })).toMatchObject({ kind: 'saved' });
  expect(await restore({ store: onDisk })).toMatchObject({ kind: 'restored' });
  expect(await readFile(join(second, FILE), 'utf8')).toBe('parsed');
});

describe('what is there is not touched', () => {
  beforeEach(async () => {
    await left('kept');
    await save();
    await mkdir(second, { recursive: true });
  });

  test('a file', async () => {
    await left('mine', second);
    expect(await restore()).toEqual({ kind: 'there-already' });
    expect(await readFile(join(second, FILE), 'utf8')).toBe('mine');
  });

  test.skipIf(isWindows).each(['leads to a file', 'leads nowhere'])('a link that %s', async (what) => {
    const outside = join(root, 'outside');
    if (what === 'leads to a file') await writeFile(outside, 'precious');
    await symlink(outside, join(second, FILE));
    expect(await restore()).toEqual({ kind: 'there-already' });
    expect((await lstat(join(second, FILE))).isSymbolicLink()).toBe(true);
    expect(await readFile(outside, 'utf8').catch(() => undefined)).toBe(
      what === 'leads to a file' ? 'precious' : undefined,
    );
  });

  test.skipIf(isWindows)('a link that came while the store was asked', async () => {
    const outside = join(root, 'outside');
    const slow: DedupStore = {
      ...store,
      getBlob: async (name, maxBytes) => {
        await symlink(outside, join(second, FILE));
        return store.getBlob(name, maxBytes);
      },
    };
    expect(await restore({ store: slow })).toEqual({ kind: 'there-already' });
    expect(await readdir(root)).not.toContain('outside');
    expect(await readdir(second)).toEqual([FILE]);
  });
});

describe('what cannot be restored is an outcome', () => {
  test('nothing is kept', async () => {
    expect(await restore()).toMatchObject({ kind: 'absent' });
    expect(await lstat(second).catch(() => 'not made')).toBe('not made');
  });

  test.each(['not json', '{}', '{"schemaVersion":2}'])('an entry that holds %s', async (value) => {
    await write(value);
    expect(await restore()).toMatchObject({ kind: 'corrupt' });
    expect(await lstat(second).catch(() => 'not made')).toBe('not made');
  });

  test('bytes that are not those of the entry, though the blob is whole', async () => {
    await left('parsed');
    await save();
    const kept = await entry();
    await write(JSON.stringify({ ...kept, content: { sha256: '0'.repeat(64), bytes: 6 } }));
    expect(await restore()).toMatchObject({ kind: 'corrupt', detail: expect.stringContaining('digest') });
    expect(await lstat(second).catch(() => 'not made')).toBe('not made');
  });

  test('a blob that unpacks to more than the entry says', async () => {
    await left('x'.repeat(1 << 20));
    await save();
    const kept = await entry();
    await write(JSON.stringify({ ...kept, content: { ...kept?.content, bytes: 100_000 } }));
    expect(await restore()).toMatchObject({ kind: 'corrupt', detail: expect.stringContaining('more') });
  });

  test('an entry whose file is larger than any that is kept', async () => {
    const content = { sha256: '0'.repeat(64), bytes: (256 << 20) + 1 };
    await write(JSON.stringify({ schemaVersion: 1, blob: { sha256: '0'.repeat(64), bytes: 9 }, content }));
    expect(await restore()).toMatchObject({ kind: 'corrupt' });
  });

  test('a blob that is gone, and one that is damaged', async () => {
    const dir = join(root, 'ledger');
    const onDisk = fileStore({ dir });
    await left('parsed');
    await save({ store: onDisk });
    const [blob = ''] = await readdir(join(dir, 'blobs', PARSE_BLOBS));
    const path = join(dir, 'blobs', PARSE_BLOBS, blob);
    const size = (await readFile(path)).length;
    await writeFile(path, Buffer.alloc(size));
    expect(await restore({ store: onDisk })).toMatchObject({ kind: 'corrupt' });
    await rm(path);
    expect(await restore({ store: onDisk })).toMatchObject({ kind: 'absent' });
  });

  test('a store that gives no answer, or throws', async () => {
    const silent: DedupStore = { ...store, read: async () => ({ kind: 'unknown', why: 'it is down' }) };
    expect(await restore({ store: silent })).toEqual({ kind: 'unavailable', detail: 'it is down' });
    const broken: DedupStore = { ...store, read: () => Promise.reject(new Error('no such host')) };
    expect(await restore({ store: broken })).toEqual({ kind: 'unavailable', detail: 'no such host' });
  });

  test('a target folder that is a file', async () => {
    await left('parsed');
    await save();
    await mkdir(join(root, 'second'));
    await writeFile(second, '');
    expect(await restore()).toMatchObject({ kind: 'unavailable' });
  });
});

describe('saving', () => {
  test('the same file is not stored again, a changed one is', async () => {
    let puts = 0;
    const counting: DedupStore = {
      ...store,
      putBlob: (name, bytes, retainMs) => {
        puts += 1;
        return store.putBlob(name, bytes, retainMs);
      },
    };
    await left('one');
    expect(await save({ store: counting })).toMatchObject({ kind: 'saved' });
    expect(await save({ store: counting })).toEqual({ kind: 'unchanged' });
    expect(puts).toBe(1);
    await left('two');
    expect(await save({ store: counting })).toMatchObject({ kind: 'saved' });
    await restore();
    expect(await readFile(join(second, FILE), 'utf8')).toBe('two');
  });

  test('one in use is written again before it is forgotten', async () => {
    await left('one');
    for (let day = 0; day < 60; day += 8) {
      nowMs = day * DAY;
      expect(await save(), `day ${day}`).toMatchObject({ kind: 'saved' });
    }
    nowMs += 6 * DAY;
    expect(await save()).toEqual({ kind: 'unchanged' });
    expect(await restore()).toMatchObject({ kind: 'restored' });
  });

  test('an entry that cannot be read is replaced', async () => {
    await write('nonsense');
    await left('one');
    expect(await save()).toMatchObject({ kind: 'saved' });
    expect(await restore()).toMatchObject({ kind: 'restored' });
  });

  test('the last of two wins; one that never wins says so', async () => {
    const others = (times: number): DedupStore => {
      let written = 0;
      return {
        ...store,
        write: async (request) => {
          if (written < times) await write(`other ${written}`);
          written += 1;
          return store.write(request);
        },
      };
    };
    await left('one');
    expect(await save({ store: others(1) })).toMatchObject({ kind: 'saved' });
    await left('two');
    expect(await save({ store: others(9) })).toMatchObject({
      kind: 'not-saved',
      why: expect.stringContaining('other runs'),
    });
  });

  test('a store that may only be read, or gives no answer, is an outcome', async () => {
    await left('one');
    const readOnly: DedupStore = {
      ...store,
      putBlob: async () => ({
        kind: 'unknown',
        why: 'only reading is allowed',
        refused: true,
        readOnly: true,
      }),
    };
    expect(await save({ store: readOnly })).toEqual({ kind: 'not-saved', why: 'only reading is allowed' });
    const down: DedupStore = { ...store, read: async () => ({ kind: 'unknown', why: 'it is down' }) };
    expect(await save({ store: down })).toEqual({ kind: 'not-saved', why: 'it is down' });
    const broken: DedupStore = { ...store, write: () => Promise.reject(new Error('no such host')) };
    expect(await save({ store: broken })).toEqual({ kind: 'not-saved', why: 'no such host' });
    expect(await entry()).toBeUndefined();
  });

  test('no file, and a folder of that name', async () => {
    expect(await save()).toMatchObject({ kind: 'not-saved', why: expect.stringContaining('no such file') });
    await mkdir(join(first, FILE));
    expect(await save()).toMatchObject({ kind: 'not-saved', why: expect.stringContaining('no plain file') });
  });

  test.skipIf(isWindows)('a link is not followed: another file would be kept', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    await symlink(join(root, 'secret'), join(first, FILE));
    expect(await save()).toMatchObject({ kind: 'not-saved', why: expect.stringContaining('no plain file') });
    expect(await entry()).toBeUndefined();
  });

  test('a file that is too large', async () => {
    await left('x'.repeat(11));
    expect(await readParseFile(first, 10)).toMatchObject({
      kind: 'unfit',
      why: expect.stringContaining('at most 10'),
    });
    expect(await readParseFile(first, 11)).toMatchObject({ kind: 'read' });
  });
});

describe('what dbt refused', () => {
  const restored = async (): Promise<string> => {
    await left('one');
    await save();
    const answer = await restore();
    if (answer.kind !== 'restored') throw new Error(answer.kind);
    return answer.sha256;
  };

  test('is replaced by what dbt left instead', async () => {
    const refused = await restored();
    await left('two', second);
    expect(await save({ targetPath: second, refused })).toMatchObject({ kind: 'saved' });
    expect((await entry())?.content.sha256).not.toBe(refused);
  });

  test.each(['still there', 'gone'])('is dropped where dbt left no other: %s', async (what) => {
    const refused = await restored();
    if (what === 'gone') await rm(join(second, FILE));
    expect(await save({ targetPath: second, refused })).toEqual({ kind: 'dropped' });
    expect(await store.read(NAME)).toMatchObject({ kind: 'absent' });
  });

  test('stays where another run has put a newer one meanwhile', async () => {
    const refused = await restored();
    await left('newer');
    await save();
    expect(await save({ targetPath: second, refused })).toEqual({ kind: 'unchanged' });
    expect(await entry()).toBeDefined();
  });
});

test('a name says nothing of its parts, and differs by each of them', () => {
  const known = (items: Readonly<Record<string, string>>) => ({ kind: 'known', items }) as const;
  const names = [
    parseName({}),
    parseName({ a: known({}) }),
    parseName({ a: known({ x: 'y' }) }),
    parseName({ a: known({ x: 'z' }) }),
    parseName({ b: known({ x: 'y' }) }),
    parseName({ a: { kind: 'unknown', why: 'y' } }),
  ];
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^parses\/[0-9a-f]{64}$/);
  expect(parseName({ a: known({ x: '1', y: '2' }), b: known({}) })).toBe(
    parseName({ b: known({}), a: known({ y: '2', x: '1' }) }),
  );
});
