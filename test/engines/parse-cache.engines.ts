import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createObservations } from '../../sdk/decisions/observations.ts';
import type { DedupStore } from '../../sdk/dedup/store.ts';
import { putCompressed, sha256Of } from '../../sdk/dedup/stored-blob.ts';
import { resolveOptions } from '../../sdk/options.ts';
import { MAX_PARSE_BYTES, PARSE_BLOBS, PARSE_RETENTION_MS } from '../../sdk/parse-cache/parse-entry.ts';
import { makePlan } from '../../sdk/run/make-plan.ts';
import { restoreParseCache, saveParseCache } from '../../sdk/run/parse-cache.ts';
import { beginRun } from '../../sdk/run/run-context.ts';
import { runtimeOf } from '../../sdk/runtimes/runtime.ts';
import { fileStore } from '../../sdk/stores/file.ts';
import { CORE_1_11, CORE_1_12, FUSION } from '../support/engine.ts';
import { type Library, library } from './library.ts';
import { testIf } from './test-if.ts';

const FILE = 'partial_parse.msgpack';
const PLACE = { repository: 'github.com/acme/library', path: '' };

let root: string;
let store: DedupStore;

async function begin(): Promise<void> {
  root = await mkdtemp(join(tmpdir(), 'parse-cache-'));
  store = fileStore({ dir: join(root, 'ledger') });
}

/** A run of dbt between restoring and saving, as the stages of a run have it. */
async function cached(shop: Library, args: readonly string[]) {
  const { dbt, env, dir: cwd } = shop;
  const resolved = resolveOptions(args, { cwd, env, dbt, output: 'silent' });
  const run = beginRun(resolved.args, resolved.options, () => undefined);
  const workFolder = await mkdtemp(join(root, 'work-'));
  try {
    const plan = await makePlan(run);
    const handle = await restoreParseCache(run, plan, store, PLACE);
    const observations = createObservations();
    const end = await runtimeOf(plan.engine.kind)({
      ...{ command: plan.commandPrefix, args, cwd, env: plan.env, workFolder, output: 'silent' },
      ...{ redactor: run.named, forceKillAfterMs: 6000, stops: run.stops },
      onStarted: () => undefined,
      onStopping: () => undefined,
      onEvent: observations.add,
    });
    const seen = observations.current();
    const report = await saveParseCache(run, store, handle, { end, observations: seen });
    return { report, end, parsing: seen.parsing, name: handle.entry?.name };
  } finally {
    run.stops.dispose();
  }
}

// Each test goes on with what the ones before it left in the store: to parse is to start dbt, which takes it three seconds.
describe.each([CORE_1_11, CORE_1_12])('$requirements', (engine) => {
  // What follows from the key, or from where the file lies, and from nothing that differs between two versions.
  const on112 = testIf(engine === CORE_1_12);
  let shop: Library;
  /** Of the entry. */
  let name: string;
  beforeAll(async () => {
    await begin();
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false' });
  });
  beforeEach(() => shop.reset());
  afterAll(async () => {
    await shop?.remove();
    await rm(root, { recursive: true, force: true });
  });

  /** The version of the entry. */
  async function kept() {
    const read = await store.read(name);
    return read.kind === 'found' ? read.entry.version : expect.unreachable(read.kind);
  }

  test('a fresh checkout parses only what differs, and builds what a full parse would', async () => {
    const first = await cached(shop, ['parse']);
    expect(first.end.exitCode, first.end.outputTail).toBe(0);
    expect(first.report).toMatchObject({ kind: 'absent', saved: 'saved' });
    expect(first.parsing).toMatchObject({ kind: 'full', why: expect.stringContaining('not found') });
    name = first.name ?? expect.unreachable();
    await shop.reset();

    await shop.append('models/marts/loans.sql', '\n-- edited here\n');
    const second = await cached(shop, ['build']);
    expect(second.end.exitCode, second.end.outputTail).toBe(0);
    expect(second.report).toMatchObject({ kind: 'restored', dbtAnswer: 'used', saved: 'saved' });
    expect(second.parsing).toEqual({ kind: 'partial' });
    const log = await shop.read('logs/dbt.log');
    expect(log).toContain('Partial parsing enabled: 0 files deleted, 0 files added, 1 files changed');
    expect(log).not.toContain('Unable to do partial parsing');
    expect(await shop.read('target/manifest.json')).toContain('edited here');
  });

  on112('other variables are another entry, and spoil the first one for nobody', async () => {
    const other = await cached(shop, ['parse', '--vars', '{day: 1}']);
    expect(other.name).not.toBe(name);
    expect(other.report).toMatchObject({ kind: 'absent', saved: 'saved' });
  });

  test('nothing differs from what is kept: dbt leaves the file as it is', async () => {
    const again = await cached(shop, ['ls']);
    expect(again.name).toBe(name);
    expect(again.report).toMatchObject({ kind: 'restored', dbtAnswer: 'used', saved: 'unchanged' });
  });

  on112('a link in the place of the file is left alone, before and after', async () => {
    const outside = join(root, 'outside');
    await writeFile(outside, 'precious');
    await mkdir(join(shop.dir, 'target'));
    await symlink(outside, join(shop.dir, 'target', FILE));
    // dbt itself writes through the link when it has parsed; this one does not get there.
    const failed = await cached(shop, ['parse', '--target', 'postgres', '--vars', 'not: [yaml']);
    expect(failed.end.exitCode).not.toBe(0);
    expect(failed.report).toMatchObject({ kind: 'there-already', saved: 'not-saved' });
    expect(await readFile(outside, 'utf8')).toBe('precious');
    expect((await lstat(join(shop.dir, 'target', FILE))).isSymbolicLink()).toBe(true);
  });

  on112('a project that does not parse leaves what is kept as it is', async () => {
    const before = await kept();
    await shop.write('models/broken.sql', "{{ ref('nowhere' }}");
    const broken = await cached(shop, ['parse']);
    await rm(join(shop.dir, 'models', 'broken.sql'));
    expect(broken.end.exitCode).toBe(2);
    expect(broken.name).toBe(name);
    expect(broken.report).toMatchObject({ kind: 'restored', dbtAnswer: 'used', saved: 'not-saved' });
    expect(await kept()).toBe(before);
  });

  test('what dbt refuses is said in its words, and what it left is kept instead', async () => {
    const bytes = Buffer.from('no file of dbt’s');
    const put = await putCompressed(store, PARSE_BLOBS, [bytes], PARSE_RETENTION_MS);
    if (put.kind !== 'stored') throw new Error(put.why);
    const written = await store.write({
      name,
      value: JSON.stringify({
        schemaVersion: 1,
        blob: put.blob,
        content: { sha256: sha256Of(bytes), bytes: bytes.length },
      }),
      expected: await kept(),
      retainMs: PARSE_RETENTION_MS,
    });
    expect(written.kind).toBe('written');

    const garbage = await cached(shop, ['parse']);
    expect(garbage.end.exitCode, garbage.end.outputTail).toBe(0);
    expect(garbage.report).toMatchObject({ kind: 'restored', bytes: bytes.length, dbtAnswer: 'full-parse' });
    expect(garbage.report).toMatchObject({ why: expect.stringMatching(/./), saved: 'saved' });
    expect(garbage.report.savedBytes).toBeGreaterThan(10_000);
    expect(garbage.report.savedBytes).toBeLessThan(MAX_PARSE_BYTES);
    await shop.reset();
    expect((await cached(shop, ['parse'])).report).toMatchObject({ kind: 'restored', dbtAnswer: 'used' });
  });

  on112('a checkout in another folder has its own seeds', async () => {
    const other = await library(engine, {
      DBT_ENGINE_MANAGE_STATE: 'false',
      LIBRARY_DUCKDB: shop.env['LIBRARY_DUCKDB'] ?? '',
    });
    try {
      await rm(shop.dir, { recursive: true });
      const { report, end } = await cached(other, ['seed']);
      expect(end.exitCode, end.outputTail).toBe(0);
      expect(report.kind).toBe('absent');
    } finally {
      await other.remove();
    }
  });
});

test('dbt v2 writes no such file, and none is looked for', async () => {
  await begin();
  const shop = await library(FUSION, { DBT_ENGINE_MANAGE_STATE: 'false' });
  try {
    const { report, end } = await cached(shop, ['parse']);
    expect(end.exitCode, end.outputTail).toBe(0);
    expect(report).toEqual({ kind: 'not-applicable', detail: expect.stringContaining('dbt v2') });
    expect(await lstat(join(shop.dir, 'target', FILE)).catch(() => 'none')).toBe('none');
  } finally {
    await shop.remove();
    await rm(root, { recursive: true, force: true });
  }
});
