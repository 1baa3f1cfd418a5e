import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchBundle, saveBundle } from '../../../sdk/dedup/bundle.ts';
import { BUNDLE_LIMITS } from '../../../sdk/dedup/bundle-limits.ts';
import { packIndex } from '../../../sdk/dedup/compiled-pack.ts';
import { readPlanned } from '../../../sdk/dedup/read-planned.ts';
import { type LedgerRecord, REPORT_PATH } from '../../../sdk/dedup/record.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { seededRandom } from '../../support/random.ts';

const DAY = 86_400_000;
const REPORT = '{"schemaVersion":1}\n';
const LIMITS = { maxBytes: 10_000, maxFileBytes: 5_000, maxCompiledFiles: 10 };

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes files into a folder of their own; a number is that many bytes of nothing. */
async function filesOf(contents: Readonly<Record<string, string | number | Uint8Array>>) {
  const folder = await mkdtemp(join(dir, 'files-'));
  const files: { path: string; from: string }[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const from = join(folder, path);
    await mkdir(dirname(from), { recursive: true });
    await writeFile(from, typeof content === 'number' ? '' : content);
    if (typeof content === 'number') await truncate(from, content);
    files.push({ path, from });
  }
  return files;
}

async function saved(store: DedupStore, contents: Parameters<typeof filesOf>[0], limits = BUNDLE_LIMITS) {
  const files = await filesOf(contents);
  const answer = await saveBundle(store, { report: REPORT, files, retainMs: DAY, limits });
  if (answer.kind !== 'saved') throw new Error(JSON.stringify(answer));
  return answer;
}

/** A blob and a record that fits it, made by someone who can write both. */
async function forged(
  store: DedupStore,
  members: readonly (readonly [string, string | Uint8Array])[],
  change: (record: Pick<LedgerRecord, 'bundle' | 'files'>) => Pick<LedgerRecord, 'bundle' | 'files'> = (
    same,
  ) => same,
  compressed?: Uint8Array,
) {
  const contents = members.map(([path, content]) => [path, Buffer.from(content as string)] as const);
  const bytes = compressed ?? gzipSync(Buffer.concat(contents.map(([, content]) => content)));
  await store.putBlob(`bundles/${sha256(bytes)}`, bytes, DAY);
  return change({
    bundle: { sha256: sha256(bytes), bytes: bytes.length },
    files: contents.map(([path, content]) => ({ path, sha256: sha256(content), bytes: content.length })),
  });
}

describe.each(['memory', 'file'])('a bundle in a %s store', (kind) => {
  let store: DedupStore;
  beforeAll(async () => {
    store = kind === 'memory' ? memoryStore() : fileStore({ dir: await mkdtemp(join(dir, 'ledger-')) });
  });

  test('comes back as it was saved, the report first', async () => {
    const answer = await saved(store, {
      'compiled/shop/b.sql': 'select 2',
      'catalog.json': '',
      'compiled/shop/a.sql': '',
      'run/shop/a.sql': 'create table ü',
      'manifest.json': '{"nodes":{}}',
      'run_results.json': '{}',
    });
    expect(answer.files.map(({ path }) => path)).toEqual([
      REPORT_PATH,
      'run_results.json',
      'manifest.json',
      'catalog.json',
      'compiled',
    ]);
    expect(answer.omitted).toEqual([]);
    const fetched = await fetchBundle(store, answer);
    if (fetched.kind !== 'fetched') throw new Error(JSON.stringify(fetched));
    const texts = [...fetched.contents].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]);
    expect(texts).toEqual([
      [REPORT_PATH, REPORT],
      ['run_results.json', '{}'],
      ['manifest.json', '{"nodes":{}}'],
      ['catalog.json', ''],
      ['compiled/shop/a.sql', ''],
      ['compiled/shop/b.sql', 'select 2'],
      ['run/shop/a.sql', 'create table ü'],
    ]);
  });

  test('that is not there is absent', async () => {
    const record = { ...(await saved(store, {})), bundle: { sha256: 'a'.repeat(64), bytes: 40 } };
    expect(await fetchBundle(store, record)).toMatchObject({ kind: 'absent' });
  });

  test('holds 20,000 files of compiled SQL in a record with one line for them', async () => {
    const folder = await mkdtemp(join(dir, 'many-'));
    const from = join(folder, 'a.sql');
    await writeFile(from, 'select 1');
    const named = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ path: `compiled/shop/models/m_${i}.sql`, from }));
    const save = (count: number) => saveBundle(store, { report: REPORT, files: named(count), retainMs: DAY });
    const most = await save(20_000);
    if (most.kind !== 'saved') throw new Error(JSON.stringify(most));
    expect(JSON.stringify(most).length).toBeLessThan(2000);
    const fetched = await fetchBundle(store, most);
    expect(fetched).toMatchObject({ kind: 'fetched' });
    if (fetched.kind === 'fetched') expect(fetched.contents.size).toBe(20_001);

    expect(await save(30_000)).toMatchObject({
      kind: 'saved',
      files: [{ path: REPORT_PATH }],
      omitted: [{ path: 'compiled', bytes: expect.any(Number) }],
    });
  });
});

describe('what is too large', () => {
  const store = memoryStore();
  const kept = async (contents: Parameters<typeof filesOf>[0]) => {
    const { files, omitted } = await saved(store, contents, LIMITS);
    return { files: files.slice(1).map(({ path }) => path), omitted };
  };

  test.each<[string, Parameters<typeof filesOf>[0], string[], string[]]>([
    [
      'compiled SQL goes first',
      { 'manifest.json': 4000, 'catalog.json': 4000, 'compiled/a.sql': 4000 },
      ['manifest.json', 'catalog.json'],
      ['compiled'],
    ],
    [
      'then the catalog',
      { 'run_results.json': 5000, 'manifest.json': 4000, 'catalog.json': 4000, 'compiled/a.sql': 1 },
      ['run_results.json', 'manifest.json'],
      ['compiled', 'catalog.json'],
    ],
    [
      'then the manifest',
      { 'run_results.json': 5000, 'sources.json': 4900, 'manifest.json': 400, 'catalog.json': 4000 },
      ['run_results.json', 'sources.json'],
      ['catalog.json', 'manifest.json'],
    ],
    [
      'a single manifest',
      { 'run_results.json': 10, 'manifest.json': 5001, 'compiled/a.sql': 10 },
      ['run_results.json', 'compiled'],
      ['manifest.json'],
    ],
    [
      'a single file of compiled SQL',
      { 'run_results.json': 10, 'compiled/a.sql': 5001, 'compiled/b.sql': 1 },
      ['run_results.json'],
      ['compiled'],
    ],
    [
      'too many files',
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`run/${i}.sql`, 1])),
      [],
      ['compiled'],
    ],
  ])('%s', async (_what, contents, files, omitted) => {
    const answer = await kept(contents);
    expect(answer.files).toEqual(files);
    expect(answer.omitted.map(({ path }) => path)).toEqual(omitted);
  });

  test('its size is told', async () => {
    expect((await kept({ 'catalog.json': 6000 })).omitted).toEqual([{ path: 'catalog.json', bytes: 6000 }]);
  });

  test('exactly as much as is allowed is kept', async () => {
    const rest = LIMITS.maxBytes - REPORT.length - 5000;
    expect((await kept({ 'manifest.json': 5000, 'catalog.json': rest })).omitted).toEqual([]);
    expect((await kept({ 'manifest.json': 5000, 'catalog.json': rest + 1 })).omitted).toHaveLength(1);
  });

  test.each([
    [REPORT, { 'run_results.json': 5001 }, 'run_results.json has 5001 bytes'],
    [REPORT, { 'sources.json': 5001 }, 'sources.json has 5001 bytes'],
    ['x'.repeat(5001), {}, 'the report has 5001 bytes'],
    [
      'x'.repeat(200),
      { 'run_results.json': 4901, 'sources.json': 4900 },
      'what must be kept has 10001 bytes',
    ],
  ])('nothing is kept without the results %#', async (report, contents, why) => {
    const files = await filesOf(contents);
    const answer = await saveBundle(store, { report, files, retainMs: DAY, limits: LIMITS });
    expect(answer).toMatchObject({ kind: 'too-large', why: expect.stringContaining(why) });
  });
});

describe('what a run has left', () => {
  const store = memoryStore();
  const save = (files: readonly { path: string; from: string }[]) =>
    saveBundle(store, { report: REPORT, files, retainMs: DAY });

  test('a file that is not there is left out', async () => {
    const [file] = await filesOf({ 'run_results.json': '{}' });
    const gone = { path: 'catalog.json', from: join(dir, 'no', 'catalog.json') };
    expect(await save([gone, file as NonNullable<typeof file>])).toMatchObject({
      kind: 'saved',
      files: [{ path: REPORT_PATH }, { path: 'run_results.json' }],
      omitted: [],
    });
  });

  test.each([2, 9000])(
    'a file that gets another size (%i) while another is read spoils nothing',
    async (size) => {
      const files = await filesOf({ 'run_results.json': 5000, 'manifest.json': 5000, 'catalog.json': '{}' });
      const manifest = files.find(({ path }) => path === 'manifest.json')?.from as string;
      let stored = 0;
      const counting: DedupStore = {
        ...store,
        putBlob: async (...put) => {
          stored += 1;
          return store.putBlob(...put);
        },
      };
      // The sizes are known by the time the first file is opened.
      const changing = [...files, { path: 'compiled/a.sql', from: manifest }];
      const answer = saveBundle(counting, { report: REPORT, files: changing, retainMs: DAY });
      await truncate(manifest, size);
      const end = await answer;
      if (end.kind === 'saved') expect(await fetchBundle(store, end)).toMatchObject({ kind: 'fetched' });
      else
        expect([end, stored]).toMatchObject([
          { kind: 'unknown', why: expect.stringContaining('changed') },
          0,
        ]);
    },
  );

  test('a file that grows while it is read is not saved', async () => {
    const [file] = await filesOf({ 'manifest.json': 20 << 20 });
    const { from } = file as NonNullable<typeof file>;
    let going = true;
    const growing = (async () => {
      for (let size = (20 << 20) + 1; going; size += 1) await truncate(from, size);
    })();
    const answer = await save([{ path: 'manifest.json', from }]);
    going = false;
    await growing;
    expect(answer).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('changed while it was read'),
    });
  });

  test('a file that has another size than was planned, or is written while it is read, is not read', async () => {
    const [file] = await filesOf({ 'manifest.json': 64 << 20 });
    const { from } = file as NonNullable<typeof file>;
    const read = async (bytes: number) => (await readPlanned({ path: 'manifest.json', from, bytes })).length;
    expect(await read(64 << 20)).toBe(64 << 20);
    await expect(read((64 << 20) - 1)).rejects.toThrow('changed while it was read');
    await expect(read((64 << 20) + 1)).rejects.toThrow('changed while it was read');

    const handle = await open(from, 'r+');
    let going = true;
    const writing = (async () => {
      while (going) await handle.write('x', 0);
    })();
    const during = read(64 << 20);
    await during.catch(() => undefined);
    going = false;
    await writing;
    await handle.close();
    await expect(during).rejects.toThrow('changed while it was read');
  });

  test('what is no file, or not kept at all, is refused', async () => {
    expect(await save([{ path: 'manifest.json', from: dir }])).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('is no regular file'),
    });
    const [file] = await filesOf({ 'a.json': '{}' });
    const { from } = file as NonNullable<typeof file>;
    for (const path of ['a.json', '../manifest.json', 'Manifest.json', 'graph.gpickle']) {
      await expect(save([{ path, from }])).rejects.toMatchObject({ code: 'internal' });
    }
  });

  test.skipIf(process.platform === 'win32')(
    'a name that cannot be brought back takes compiled SQL out',
    async () => {
      const files = await filesOf({
        'run_results.json': '{}',
        'compiled/a\\b.sql': 'x',
        'compiled/c.sql': 'y',
      });
      expect(await save(files)).toMatchObject({ kind: 'saved', omitted: [{ path: 'compiled' }] });
    },
  );

  test.skipIf(process.platform === 'win32')('an artifact may be a link', async () => {
    const [file] = await filesOf({ 'run_results.json': '{"a":1}' });
    const from = join(await mkdtemp(join(dir, 'link-')), 'x');
    await symlink((file as NonNullable<typeof file>).from, from);
    const answer = await save([{ path: 'run_results.json', from }]);
    expect(answer).toMatchObject({ kind: 'saved', files: [{}, { bytes: 7 }] });
  });

  test('a store that does not answer is unknown', async () => {
    const why = 'the network is down';
    const answer = await saveBundle(
      { ...store, putBlob: async () => ({ kind: 'unknown', why }) },
      { report: REPORT, files: [], retainMs: DAY },
    );
    expect(answer).toEqual({ kind: 'unknown', why });
    const record = await saved(store, {});
    const silent: DedupStore = { ...store, getBlob: async () => ({ kind: 'unknown', why }) };
    expect(await fetchBundle(silent, record)).toEqual({ kind: 'unknown', why });
  });
});

describe('a store that was tampered with', () => {
  const store = memoryStore();
  const serving = (bytes: Uint8Array): DedupStore => ({
    ...store,
    getBlob: async () => ({ kind: 'found', bytes }),
  });

  test('no byte can be changed, cut off or added', async () => {
    const random = seededRandom('bundle bytes');
    const noise = Buffer.from(Array.from({ length: 400 }, () => random.int(0, 255)));
    const record = await saved(store, { 'run_results.json': noise, 'compiled/a.sql': 'select 1' });
    const answer = await store.getBlob(`bundles/${record.bundle.sha256}`, 1 << 20);
    if (answer.kind !== 'found') throw new Error(answer.kind);
    const { bytes } = answer;
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << random.int(0, 7));
      for (const bad of [flipped, bytes.slice(0, at)])
        expect(await fetchBundle(serving(bad), record), `byte ${at}`).toMatchObject({ kind: 'corrupt' });
    }
    const longer = Buffer.concat([bytes, Buffer.from([0])]);
    expect(await fetchBundle(serving(longer), record)).toMatchObject({ kind: 'corrupt' });
    expect(await fetchBundle(serving(bytes), record)).toMatchObject({ kind: 'fetched' });
  });

  test('nor when its own digest fits: a flip or a cut in the compressed bytes ends in a check', async () => {
    const random = seededRandom('bundle bytes, signed');
    const noise = Buffer.from(Array.from({ length: 400 }, () => random.int(0, 255)));
    const record = await saved(store, { 'run_results.json': noise, 'manifest.json': '{"nodes":{}}' });
    const answer = await store.getBlob(`bundles/${record.bundle.sha256}`, 1 << 20);
    if (answer.kind !== 'found') throw new Error(answer.kind);
    const original = await fetchBundle(store, record);
    for (let at = 0; at < answer.bytes.length; at += 1) {
      const flipped = Uint8Array.from(answer.bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << random.int(0, 7));
      for (const bad of [flipped, answer.bytes.slice(0, at)]) {
        const bundle = { sha256: sha256(bad), bytes: bad.length };
        const fetched = await fetchBundle(serving(bad), { ...record, bundle });
        // Gzip's head has bytes that mean nothing, such as the time.
        if (fetched.kind === 'fetched') expect(fetched).toEqual(original);
        else expect(fetched.kind, `byte ${at}`).toBe('corrupt');
      }
    }
  });

  const members = [
    [REPORT_PATH, REPORT],
    ['run_results.json', '{"results":[]}'],
  ] as const;
  type Record = Pick<LedgerRecord, 'bundle' | 'files'>;
  const sized = (path: string, bytes: number) => (record: Record) => ({
    ...record,
    files: record.files.map((file) => (file.path === path ? { ...file, bytes } : file)),
  });

  test.each<[string, (record: Record) => Record]>([
    ['a size that is too small', sized('run_results.json', 13)],
    ['a size that is too large', sized('run_results.json', 15)],
    ['no size', sized('run_results.json', 0)],
    ['a size beyond all limits', sized('run_results.json', BUNDLE_LIMITS.maxFileBytes + 1)],
    ['a size that no number holds', sized('run_results.json', Number.MAX_SAFE_INTEGER)],
    ['another order', ({ bundle, files }) => ({ bundle, files: [...files].reverse() })],
    ['a file less', ({ bundle, files }) => ({ bundle, files: files.slice(0, 1) })],
    ['a file more', ({ bundle, files }) => ({ bundle, files: [...files, ...files.slice(1)] })],
    ['no files', ({ bundle }) => ({ bundle, files: [] })],
    ['a blob beyond all limits', ({ bundle, files }) => ({ bundle: { ...bundle, bytes: 1 << 30 }, files })],
    ['a larger blob', ({ bundle, files }) => ({ bundle: { ...bundle, bytes: bundle.bytes + 1 }, files })],
    [
      'another digest',
      ({ bundle, files }) => ({ bundle, files: files.map((file) => ({ ...file, sha256: 'b'.repeat(64) })) }),
    ],
  ])('a record with %s is corrupt', async (_what, change) => {
    expect(await fetchBundle(store, await forged(store, members, change))).toMatchObject({ kind: 'corrupt' });
    expect(await fetchBundle(store, await forged(store, members))).toMatchObject({ kind: 'fetched' });
  });

  test('a record whose first file is not the report is corrupt', async () => {
    expect(await fetchBundle(store, await forged(store, members.toReversed()))).toMatchObject({
      kind: 'corrupt',
    });
    expect(await fetchBundle(store, await forged(store, members.slice(1)))).toMatchObject({
      kind: 'corrupt',
    });
  });

  test('nothing is asked for that is recorded to be too large', async () => {
    let asked = 0;
    const counting: DedupStore = {
      ...store,
      getBlob: async (...get) => {
        asked += 1;
        return store.getBlob(...get);
      },
    };
    const record = await forged(store, members);
    const bytes = BUNDLE_LIMITS.maxFileBytes;
    const files = [
      ...record.files,
      ...[1, 2, 3].map(() => ({ path: 'run_results.json', sha256: '', bytes })),
    ];
    expect(await fetchBundle(counting, { ...record, files })).toMatchObject({ kind: 'corrupt' });
    expect(
      await fetchBundle(counting, { ...record, bundle: { ...record.bundle, bytes: 1 << 30 } }),
    ).toMatchObject({
      kind: 'corrupt',
    });
    expect(asked).toBe(0);
    await fetchBundle(counting, record);
    expect(asked).toBe(1);
  });

  test('a bomb does not go off', async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20), { level: 9 });
    expect(bomb.length).toBeLessThan(400_000);
    const files = [
      [REPORT_PATH, REPORT],
      ['manifest.json', 'x'.repeat(400_000)],
    ] as const;
    const record = await forged(store, files, undefined, bomb);
    const before = process.memoryUsage().rss;
    expect(await fetchBundle(store, record)).toEqual({
      kind: 'corrupt',
      why: 'it holds more than was recorded',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    // A little one, behind the real content.
    const trailing = Buffer.concat([gzipSync(REPORT), gzipSync('more')]);
    const behind = await forged(store, members.slice(0, 1), undefined, trailing);
    expect(await fetchBundle(store, behind)).toMatchObject({ kind: 'corrupt' });
  });

  test.each([
    ['../manifest.json'],
    ['/etc/passwd'],
    ['compiled/../../x'],
    ['compiled/./x'],
    ['compiled//x'],
    ['compiled/'],
    ['compiled\\x'],
    ['C:/x'],
    ['profiles.yml'],
    ['MANIFEST.json'],
    ['run_results.json/x'],
    ['.dbt_runcache'],
    [''],
    ['run_results.json'],
  ])('a file named %j is not taken', async (path) => {
    const record = await forged(store, [...members, [path, 'x']]);
    expect(await fetchBundle(store, record)).toMatchObject({ kind: 'corrupt' });
  });

  const pack = (files: readonly (readonly [string, string])[]): Buffer =>
    Buffer.concat([
      packIndex(files.map(([path, content]) => ({ path, bytes: content.length }))),
      ...files.map(([, content]) => Buffer.from(content)),
    ]);

  test.each<[string, Buffer | string]>([
    ['no index', 'select 1'],
    ['no JSON', '[[\n'],
    ['another shape', '{"a":1}\n'],
    ['a size that is none', '[["compiled/a.sql",-1]]\n'],
    ['a size with a fraction', '[["compiled/a.sql",0.5],["compiled/b.sql",0.5]]\nx'],
    ['too little content', '[["compiled/a.sql",2]]\nx'],
    ['too much content', '[["compiled/a.sql",2]]\nxyz'],
    ['a size beyond everything', `[["compiled/a.sql",${Number.MAX_SAFE_INTEGER}],["compiled/b.sql",1]]\nx`],
    ['an index that is no Unicode', Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d, 0x0a])],
    ['an artifact', pack([['catalog.json', '{}']])],
    ['a way out', pack([['compiled/../../x', '{}']])],
    ['a lone surrogate', pack([['compiled/\ud800', '{}']])],
    [
      'a file twice',
      pack([
        ['compiled/a', '1'],
        ['compiled/a', '2'],
      ]),
    ],
    [
      'a file that is a folder',
      pack([
        ['compiled/a', '1'],
        ['compiled/a/b', '2'],
      ]),
    ],
    [
      'a folder that is a file',
      pack([
        ['compiled/a/b/c', '1'],
        ['compiled/a', '2'],
      ]),
    ],
    ['a line end in a name', pack([['compiled/a\nb', '1']])],
    ['too many files', pack(Array.from({ length: 30_000 }, (_, i) => [`compiled/${i}`, ''] as const))],
    ['an index of a hundred thousand arrays', `${'['.repeat(100_000)}\n`],
  ])('compiled SQL with %s is corrupt', async (_what, content) => {
    const record = await forged(store, [...members, ['compiled', content]]);
    expect(await fetchBundle(store, record)).toMatchObject({ kind: 'corrupt' });
  });

  test('bytes of any kind are never more than corrupt', async () => {
    const random = seededRandom('bundle noise');
    for (let round = 0; round < 300; round += 1) {
      const noise = Buffer.from(Array.from({ length: random.int(0, 60) }, () => random.int(0, 255)));
      const asPack = await forged(store, [...members, ['compiled', noise]]);
      const asBlob = await forged(store, members, undefined, noise);
      for (const record of [asPack, asBlob])
        expect(await fetchBundle(store, record)).toMatchObject({ kind: 'corrupt' });
    }
  });
});
