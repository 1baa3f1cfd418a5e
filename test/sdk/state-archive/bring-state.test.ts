import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BlobAnswer, DedupStore } from '../../../sdk/dedup/store.ts';
import { putCompressed } from '../../../sdk/dedup/stored-blob.ts';
import { bringState } from '../../../sdk/state-archive/bring-state.ts';
import type { KeptState, LastRun } from '../../../sdk/state-archive/kept-state.ts';
import { leaveState } from '../../../sdk/state-archive/leave-state.ts';
import { readStates } from '../../../sdk/state-archive/read-index.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { manifestOf, PLACE, RETAIN, runAt, stateAt } from './kept.ts';

const SHOP = { project: PLACE.project };
const SOURCES = Buffer.from('{"results": []}');
const RESULTS = Buffer.from('{"results": [1]}');
const VALUES = { variables: { start: 'abc' }, environment: { TOWN: 'def' } };

let root = '';
let folder = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'states-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'run-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Kept {
  readonly state: KeptState;
  readonly lastRun: LastRun;
}

async function keep(
  store: DedupStore,
  manifest = manifestOf('shop'),
  results: Uint8Array = RESULTS,
): Promise<Kept> {
  const contents = { manifest, sources: SOURCES, values: VALUES };
  const leaving = { state: { state: stateAt(1), contents }, lastRun: { run: runAt(1), runResults: results } };
  await leaveState(store, PLACE, leaving, RETAIN);
  const read = await readStates(store, PLACE);
  const { states, lastRun } = read.kind === 'read' ? read.index : expect.unreachable();
  return { state: states[0] ?? expect.unreachable(), lastRun: lastRun ?? expect.unreachable() };
}

/** The store with another answer for one blob. */
function answering(store: DedupStore, sha256: string, answer: BlobAnswer): DedupStore {
  return {
    ...store,
    getBlob: async (name, maxBytes) => (name.endsWith(sha256) ? answer : store.getBlob(name, maxBytes)),
  };
}

describe.each([
  ['memory', () => memoryStore()],
  ['file', () => fileStore({ dir: join(root, 'store') })],
] as const)('from the %s store', (_, open) => {
  test('everything comes back, for this user alone', async () => {
    const store = open();
    const { state, lastRun } = await keep(store);
    expect(await bringState(store, state, lastRun, folder, SHOP)).toEqual({
      kind: 'brought',
      manifestPath: join(folder, 'manifest.json'),
      runResultsPath: join(folder, 'run_results.json'),
      sourcesPath: join(folder, 'sources.json'),
      values: VALUES,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const read = (name: string) => readFile(join(folder, name));
    expect(await read('manifest.json')).toEqual(manifestOf('shop'));
    expect(await read('sources.json')).toEqual(SOURCES);
    expect(await read('run_results.json')).toEqual(RESULTS);
    for (const name of await readdir(folder)) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });
});

test('a state may be a manifest alone', async () => {
  const store = memoryStore();
  const { state } = await keep(store);
  const { manifest } = state.files;
  const answer = await bringState(store, { ...state, files: { manifest } }, undefined, folder, SHOP);
  expect(Object.keys(answer)).toEqual(['kind', 'manifestPath', 'digest']);
  expect(await readdir(folder)).toEqual(['manifest.json']);
});

test('the digest tells contents apart, and whether the last run is among them', async () => {
  const digestOf = async (manifest: Uint8Array, results: Uint8Array, withRun: boolean) => {
    const store = memoryStore();
    const { state, lastRun } = await keep(store, manifest, results);
    const into = await mkdtemp(join(root, 'run-'));
    const answer = await bringState(store, state, withRun ? lastRun : undefined, into, SHOP);
    return answer.kind === 'brought' ? answer.digest : expect.unreachable();
  };
  const digests = [
    await digestOf(manifestOf('shop'), RESULTS, true),
    await digestOf(manifestOf('shop'), RESULTS, false),
    await digestOf(manifestOf('shop', ' '), RESULTS, true),
    await digestOf(manifestOf('shop'), Buffer.from('{}'), true),
  ];
  expect(new Set(digests).size).toBe(4);
  expect(await digestOf(manifestOf('shop'), RESULTS, true)).toBe(digests[0]);
});

describe('a last run is left out, and it is said why,', () => {
  test('where it is of another version of dbt', async () => {
    const store = memoryStore();
    const { state, lastRun } = await keep(store);
    const other = { ...lastRun, dbtVersion: '1.13.0' };
    const answer = await bringState(store, state, other, folder, SHOP);
    expect(answer).toMatchObject({ kind: 'brought', lastRunMissing: 'the last run was one of dbt 1.13.0' });
    expect(await readdir(folder)).toEqual(['manifest.json', 'sources.json']);
  });

  test.each([
    [{ kind: 'absent' }, 'does not have it any more'],
    [{ kind: 'unknown', why: 'no answer' }, 'no answer'],
    [{ kind: 'found', bytes: Buffer.from('x') }, 'size'],
  ] as const)('where its results are %j', async (blob, why) => {
    const store = memoryStore();
    const { state, lastRun } = await keep(store);
    const broken = answering(store, lastRun.runResults.sha256, blob);
    const answer = await bringState(broken, state, lastRun, folder, SHOP);
    expect(answer).toMatchObject({ kind: 'brought', lastRunMissing: expect.stringContaining(why) });
    expect(await readdir(folder)).toEqual(['manifest.json', 'sources.json']);
  });
});

describe('a state is not taken, and nothing written,', () => {
  describe.each(['manifest', 'sources', 'values'] as const)('where its %s', (file) => {
    test.each([
      ['gone', { kind: 'absent' }],
      ['unavailable', { kind: 'unknown', why: 'no answer' }],
      ['corrupt', { kind: 'found', bytes: Buffer.from('something else') }],
    ] as const)('is %s', async (kind, blob) => {
      const store = memoryStore();
      const { state, lastRun } = await keep(store);
      const broken = answering(store, state.files[file]?.sha256 ?? expect.unreachable(), blob);
      expect(await bringState(broken, state, lastRun, folder, SHOP)).toEqual({
        kind,
        detail: expect.stringMatching(/^its [a-z ]+: ./),
      });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  test.each([-1, 1, 1 << 30])('where it has another size than was recorded, by %d bytes', async (more) => {
    const store = memoryStore();
    const { state } = await keep(store);
    const { manifest } = state.files;
    const files = { manifest: { ...manifest, contentBytes: manifest.contentBytes + more } };
    expect(await bringState(store, { ...state, files }, undefined, folder, SHOP)).toMatchObject({
      kind: 'corrupt',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('where its list of variables is none', async () => {
    const store = memoryStore();
    const { state } = await keep(store);
    const bytes = Buffer.from('{"variables": {"a": 1}}');
    const put = await putCompressed(store, 'states', [bytes], RETAIN.retainMs);
    const blob = put.kind === 'stored' ? put.blob : expect.unreachable();
    const files = { ...state.files, values: { ...blob, contentBytes: bytes.length } };
    expect(await bringState(store, { ...state, files }, undefined, folder, SHOP)).toEqual({
      kind: 'corrupt',
      detail: 'its list of variables cannot be read',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('where it is of another project', async () => {
    const store = memoryStore();
    const { state } = await keep(store, manifestOf('kitchen'));
    expect(await bringState(store, state, undefined, folder, SHOP)).toEqual({
      kind: 'other-project',
      detail: 'its manifest is of the project kitchen',
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('of a manifest only the first bytes are read', () => {
  test.each([
    ['{"metadata": {"project_name": "kitchen"}, and no JSON any more', 'other-project'],
    ['{"metadata":{"env":{"project_name":"shop"},"project_name":"kitchen"}}', 'other-project'],
    ['{"metadata": {"env": {"a": "}{\\\\"}, "project_name": "kitchen"}}', 'other-project'],
    ['{"metadata": {"env": {"project_name": "kitchen"}, "project_name": "shop"}, ', 'brought'],
    ['{"metadata": {"project_name": null}}', 'brought'],
    ['{"metadata": {"env": {}}, "nodes": {"a": {"project_name": "kitchen"}}}', 'brought'],
    ['{"nodes": {}, "metadata": {"project_name": "kitchen"}}', 'brought'],
    ['no JSON', 'brought'],
  ])('%s: %s', async (text, kind) => {
    const store = memoryStore();
    const { state } = await keep(store, Buffer.from(text));
    expect((await bringState(store, state, undefined, folder, SHOP)).kind).toBe(kind);
  });
});

test('a file that is there already is not written over', async () => {
  const store = memoryStore();
  const { state } = await keep(store);
  await bringState(store, state, undefined, folder, SHOP);
  await expect(bringState(store, state, undefined, folder, SHOP)).rejects.toThrow('EEXIST');
});
