import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveItems } from '../../../sdk/dedup/bundle.ts';
import { earlierRun } from '../../../sdk/dedup/earlier-run.ts';
import { deriveKey, type KeyInputs } from '../../../sdk/dedup/key.ts';
import { claimName, recentName } from '../../../sdk/dedup/names.ts';
import { nearestRun, noteRecentRun } from '../../../sdk/dedup/recent-runs.ts';
import type { KeyPart, LedgerRecord } from '../../../sdk/dedup/record.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { claimKey, leaveRecord, ledgerRecord, PRODUCER } from '../../support/ledger-record.ts';

const DAY = 86_400_000;
const SCOPE = 'jaffle_shop';
const BASE = {
  code: { 'models/a.sql': '1', 'models/b.sql': '2' },
  vars: { start: '2026' },
  engine: { dbt: '1.11' },
};

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-recent-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('an earlier run is told without what is for machines', () => {
  const record = ledgerRecord();
  expect(earlierRun(record)).toEqual({
    ...PRODUCER,
    finishedAt: record.finishedAt,
    wallMs: record.wallMs,
    result: 'succeeded',
  });
  expect(earlierRun(PRODUCER)).toEqual(PRODUCER);
});

describe.each(['memory', 'file'])('the nearest run, in a %s store', (kind) => {
  let count = 0;
  const open = (): DedupStore => {
    count += 1;
    return kind === 'memory' ? memoryStore() : fileStore({ dir: join(dir, String(count)) });
  };

  test('is the one with the fewest differing parts, told item by item', async () => {
    const store = open();
    await finish(store, { ...BASE, vars: { start: '2025' }, engine: { dbt: '1.10' } }, { url: 'far' });
    await finish(store, { ...BASE, code: { 'models/a.sql': '0', 'models/c.sql': '3' } }, { url: 'near' });
    await finish(store, { ...BASE, code: {}, engine: { dbt: '1.9' } }, { url: 'far, and newer' });
    const nearest = await nearestRun(store, SCOPE, partsOf(BASE));
    expect(nearest?.run).toMatchObject({ url: 'near', host: PRODUCER.host });
    expect(nearest?.differences).toEqual([
      { part: 'code', item: 'models/a.sql', how: 'changed' },
      { part: 'code', item: 'models/b.sql', how: 'added' },
      { part: 'code', item: 'models/c.sql', how: 'removed' },
    ]);
    expect(nearest?.count).toBe(3);
  });

  test('is the newest of those that are as near', async () => {
    const store = open();
    for (const start of ['2023', '2024', '2025']) {
      await finish(store, { ...BASE, vars: { start } }, { url: start });
    }
    expect((await nearestRun(store, SCOPE, partsOf(BASE)))?.run.url).toBe('2025');
    // Run again, it is the newest.
    await note(store, { ...BASE, vars: { start: '2023' } });
    expect((await nearestRun(store, SCOPE, partsOf(BASE)))?.run.url).toBe('2023');
  });

  test('is of the same scope', async () => {
    const store = open();
    await finish(store, { ...BASE, vars: {} });
    expect(await nearestRun(store, 'another', partsOf(BASE))).toBeUndefined();
  });
});

describe('the nearest run', () => {
  test('is told with at most 20 differences, and how many there are', async () => {
    const store = memoryStore();
    const code = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`models/${at}.sql`, 'x']));
    await finish(store, { ...BASE, code });
    const nearest = await nearestRun(store, SCOPE, partsOf({ ...BASE, code: {} }));
    expect(nearest?.differences).toHaveLength(20);
    expect(nearest?.count).toBe(50);
  });

  test('of a record without items is told part by part', async () => {
    const store = memoryStore();
    await finish(store, { ...BASE, vars: { start: '2025' } }, {}, { items: 'none' });
    const nearest = await nearestRun(store, SCOPE, partsOf(BASE));
    expect(nearest?.differences).toEqual([{ part: 'vars', how: 'changed' }]);
  });

  test('takes three reads at most', async () => {
    const store = memoryStore();
    for (let at = 0; at < 5; at += 1) await finish(store, { ...BASE, vars: { start: String(at) } });
    const reads: string[] = [];
    const counted: DedupStore = {
      ...store,
      read: (name) => {
        reads.push(name);
        return store.read(name);
      },
      getBlob: (name, maxBytes) => {
        reads.push(name);
        return store.getBlob(name, maxBytes);
      },
    };
    expect(await nearestRun(counted, SCOPE, partsOf(BASE))).toBeDefined();
    expect(reads).toHaveLength(3);
  });

  const nothing: readonly (readonly [string, (store: DedupStore) => Promise<unknown>])[] = [
    ['nothing is recorded', async () => undefined],
    ['its inputs are the same', (store) => finish(store, BASE)],
    ['it is at it again', async (store) => claimKey(store, await note(store, { ...BASE, vars: {} }))],
    ['its record is gone', (store) => note(store, { ...BASE, vars: {} })],
    [
      'its record has another shape',
      async (store) => leaveRecord(store, await note(store, { ...BASE, vars: {} }), { result: 'new' }),
    ],
    [
      'its entry is no entry',
      async (store) => {
        const name = claimName(await note(store, { ...BASE, vars: {} }));
        await store.write({ name, value: 'no JSON', expected: undefined, retainMs: DAY });
      },
    ],
    ['its key was given', (store) => finish(store, { ...BASE, vars: {} }, {}, { keyKind: 'given' })],
    ['its items are gone', (store) => finish(store, { ...BASE, vars: {} }, {}, { items: 'gone' })],
    ['the list is none', (store) => writeList(store, 'no JSON')],
    ['the list is of a newer version', (store) => writeList(store, '{"schemaVersion":2,"runs":[]}')],
    [
      'the list names what is no claim',
      (store) =>
        writeList(
          store,
          JSON.stringify({
            schemaVersion: 1,
            runs: [{ claim: 'targets/x', partDigests: {}, finishedAt: '' }],
          }),
        ),
    ],
  ];
  test.each(nothing)('is none where %s', async (_what, prepare) => {
    const store = memoryStore();
    await prepare(store);
    expect(await nearestRun(store, SCOPE, partsOf(BASE))).toBeUndefined();
  });

  test('is none where the store does not answer, or breaks', async () => {
    const store = memoryStore();
    await finish(store, { ...BASE, vars: {} });
    const silent = { ...store, read: async () => ({ kind: 'unknown', why: 'silent' }) as const };
    expect(await nearestRun(silent, SCOPE, partsOf(BASE))).toBeUndefined();
    const broken = { ...store, getBlob: () => Promise.reject(new Error('broke')) };
    expect(await nearestRun(broken, SCOPE, partsOf(BASE))).toBeUndefined();
  });

  test('a part that is not known is never the same', async () => {
    const store = memoryStore();
    await finish(store, BASE);
    const parts = partsOf(BASE).map((part) => (part.name === 'vars' ? { name: 'vars', digest: null } : part));
    expect(await nearestRun(store, SCOPE, parts)).toMatchObject({
      differences: [{ part: 'vars', how: 'unknown' }],
    });
  });
});

describe('noting a run', () => {
  test('keeps the last 24, each claim once', async () => {
    const store = memoryStore();
    for (let at = 0; at < 30; at += 1) await note(store, { ...BASE, vars: { at: String(at) } });
    const again = await note(store, { ...BASE, vars: { at: '20' } });
    const runs = await listed(store);
    expect(runs).toHaveLength(24);
    expect(runs[0]).toEqual({
      claim: claimName(again),
      finishedAt: expect.any(String),
      partDigests: {
        code: expect.stringMatching(/^[0-9a-f]{16}$/),
        engine: expect.any(String),
        vars: expect.any(String),
      },
    });
    expect(new Set(runs.map(({ claim }) => claim)).size).toBe(24);
  });

  test('loses none of those noted at the same time', async () => {
    const store = memoryStore();
    await Promise.all(
      Array.from({ length: 6 }, (_, at) => note(store, { ...BASE, vars: { at: String(at) } })),
    );
    expect(await listed(store)).toHaveLength(6);
  });

  test('begins anew where the list cannot be read', async () => {
    const store = memoryStore();
    await writeList(store, 'no JSON');
    await note(store, BASE);
    expect(await listed(store)).toHaveLength(1);
  });

  test('gives up in the end, and throws nothing', async () => {
    const store = memoryStore();
    let writes = 0;
    const write: DedupStore['write'] = async () => {
      writes += 1;
      return { kind: 'conflict' };
    };
    await note({ ...store, write }, BASE);
    expect(writes).toBe(8);
    await note({ ...store, read: () => Promise.reject(new Error('broke')) }, BASE);
    await note({ ...store, read: async () => ({ kind: 'unknown', why: 'silent' }) }, BASE);
    expect(await listed(store)).toEqual([]);
  });
});

type Inputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

function keyOf(inputs: Inputs): { readonly text: string; readonly parts: readonly KeyPart[] } {
  const known: KeyInputs = Object.fromEntries(
    Object.entries(inputs).map(([name, items]) => [name, { kind: 'known', items }]),
  );
  const key = deriveKey(known);
  if (key.kind !== 'derived') throw new Error(key.kind);
  return key;
}

function partsOf(inputs: Inputs): readonly KeyPart[] {
  return keyOf(inputs).parts;
}

/** Notes a run, and leaves no record. */
async function note(store: DedupStore, inputs: Inputs): Promise<string> {
  const { text, parts } = keyOf(inputs);
  await noteRecentRun(
    store,
    SCOPE,
    { claim: claimName(text), parts, finishedAt: '2026-03-01T00:01:00.000Z' },
    DAY,
  );
  return text;
}

/** All that a finished run leaves. */
async function finish(
  store: DedupStore,
  inputs: Inputs,
  producer: Partial<LedgerRecord['producer']> = {},
  {
    items,
    keyKind = 'derived',
  }: { readonly items?: 'none' | 'gone'; readonly keyKind?: 'given' | 'derived' } = {},
): Promise<void> {
  const { text, parts } = keyOf(inputs);
  const saved = await saveItems(items === 'gone' ? memoryStore() : store, parts, DAY);
  if (saved.kind !== 'saved') throw new Error(saved.kind);
  const record = ledgerRecord({
    keyKind,
    producer: { ...PRODUCER, ...producer },
    parts: parts.map(({ name, digest }) => ({ name, digest })),
    ...(items === 'none' ? {} : { items: saved.items }),
  });
  await leaveRecord(store, text, record);
  await note(store, inputs);
}

async function writeList(store: DedupStore, value: string): Promise<void> {
  await store.write({ name: recentName(SCOPE), value, expected: undefined, retainMs: DAY });
}

async function listed(store: DedupStore): Promise<readonly { readonly claim: string }[]> {
  const read = await store.read(recentName(SCOPE));
  if (read.kind !== 'found') return [];
  return (JSON.parse(read.entry.value) as { readonly runs: readonly { readonly claim: string }[] }).runs;
}
