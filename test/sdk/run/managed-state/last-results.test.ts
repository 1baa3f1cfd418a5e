import { describe, expect, test } from 'vitest';
import { putCompressed } from '../../../../sdk/dedup/stored-blob.ts';
import { resultsOfProduction } from '../../../../sdk/run/managed-state/last-results.ts';
import type { LastRun } from '../../../../sdk/state-archive/kept-state.ts';
import { STATE_BLOBS } from '../../../../sdk/state-archive/leave-state.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { lastRunAt, RETAIN } from '../../state-archive/kept.ts';

/** Statuses by node. */
type Statuses = Readonly<Record<string, string>>;

const store = memoryStore();

function fileOf(statuses: Statuses, of: string): Buffer {
  const results = Object.entries(statuses).map(([name, status]) => ({
    unique_id: `model.shop.${name}`,
    status,
  }));
  return Buffer.from(JSON.stringify({ metadata: { of }, results }));
}

async function lastRun(statuses: Statuses, more: Partial<LastRun> = {}): Promise<LastRun> {
  const file = fileOf(statuses, 'before');
  const put = await putCompressed(store, STATE_BLOBS, [file], RETAIN.retainMs);
  if (put.kind !== 'stored') throw new Error(put.why);
  const runResults = { ...put.blob, contentBytes: file.length };
  return { ...lastRunAt(1, { outcome: 'failed' }), runResults, ...more };
}

/** How the nodes stand after a run, where the one before left `before`. */
async function standing(
  before: LastRun | undefined,
  now: Statuses,
  {
    engine = 'core',
    gone = [],
  }: { readonly engine?: 'core' | 'fusion'; readonly gone?: readonly string[] } = {},
) {
  const { runResults, hasFailed } = await resultsOfProduction(
    store,
    before,
    { engine },
    { runResults: fileOf(now, 'now'), exists: (id) => !gone.some((name) => id === `model.shop.${name}`) },
  );
  const file = JSON.parse(Buffer.from(runResults).toString('utf8')) as {
    readonly metadata: unknown;
    readonly results: readonly { readonly unique_id: string; readonly status: string }[];
  };
  expect(file.metadata).toEqual({ of: 'now' });
  const pairs = file.results.map(
    ({ unique_id: id, status }) => [id.slice('model.shop.'.length), status] as const,
  );
  // Each node once: nobody knows which of two dbt would believe.
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return { results: Object.fromEntries(pairs), hasFailed };
}

describe('how the nodes of production stand', () => {
  test('without a run before, as this one left them', async () => {
    expect(await standing(undefined, { a: 'success' })).toEqual({
      results: { a: 'success' },
      hasFailed: false,
    });
    for (const status of ['error', 'fail', 'partial success'])
      expect(await standing(undefined, { a: 'success', b: status })).toEqual({
        ...{ results: { a: 'success', b: status }, hasFailed: true },
      });
  });

  test.each(['error', 'fail', 'partial success'])(
    '%s stays where the run did not try again',
    async (status) => {
      const before = await lastRun({ a: 'success', b: status });
      expect(await standing(before, { d: 'success' })).toEqual({
        ...{ results: { d: 'success', b: status }, hasFailed: true },
      });
    },
  );

  // Where nothing has failed any more no selector of dbt would find it.
  test('so does what was skipped, which need not stand below what failed: as an error', async () => {
    const once = await standing(await lastRun({ a: 'error', b: 'skipped' }), { a: 'success' });
    expect(once).toEqual({ results: { a: 'success', b: 'error' }, hasFailed: true });
    expect(await standing(await lastRun(once.results), { b: 'success' })).toEqual({
      ...{ results: { b: 'success' }, hasFailed: false },
    });
  });

  test('it stays where the run ended before it, as with --fail-fast', async () => {
    const before = await lastRun({ a: 'error', b: 'fail' });
    const now = await standing(before, { c: 'error', a: 'skipped', d: 'skipped' });
    expect(now).toEqual({ results: { c: 'error', d: 'skipped', a: 'error', b: 'fail' }, hasFailed: true });
  });

  test('it stays over several runs, until it was tried again and came to a good end', async () => {
    const once = await standing(await lastRun({ a: 'error', b: 'error' }), { c: 'success' });
    const twice = await standing(await lastRun(once.results), { a: 'success' });
    expect(twice).toEqual({ results: { a: 'success', b: 'error' }, hasFailed: true });
    const thrice = await standing(await lastRun(twice.results), { b: 'success' });
    expect(thrice).toEqual({ results: { b: 'success' }, hasFailed: false });
  });

  test.each(['success', 'pass', 'warn', 'no-op'])(
    'what was tried again is what it was now: %s',
    async (status) => {
      const before = await lastRun({ a: 'error' });
      expect(await standing(before, { a: status })).toEqual({ results: { a: status }, hasFailed: false });
    },
  );

  test('what failed otherwise now failed as it did now', async () => {
    const before = await lastRun({ a: 'error' });
    expect(await standing(before, { a: 'fail' })).toEqual({ results: { a: 'fail' }, hasFailed: true });
  });

  test('a node that is gone is forgotten', async () => {
    const before = await lastRun({ a: 'error', b: 'error' });
    expect(await standing(before, { c: 'success' }, { gone: ['a'] })).toEqual({
      ...{ results: { c: 'success', b: 'error' }, hasFailed: true },
    });
    expect((await standing(before, { c: 'success' }, { gone: ['a', 'b'] })).hasFailed).toBe(false);
  });

  test('a run that succeeded left no failures, and those of another engine are not read', async () => {
    const succeeded = await lastRun({ a: 'error' }, { outcome: 'succeeded' });
    expect((await standing(succeeded, { c: 'success' })).results).toEqual({ c: 'success' });
    const before = await lastRun({ a: 'error' });
    expect((await standing(before, { c: 'success' }, { engine: 'fusion' })).results).toEqual({
      c: 'success',
    });
  });

  test('what cannot be read says nothing', async () => {
    const lost = lastRunAt(1, { outcome: 'failed' });
    expect((await standing(lost, { c: 'success' })).results).toEqual({ c: 'success' });
    const broken = { runResults: Buffer.from('broken'), exists: () => true };
    expect(await resultsOfProduction(store, undefined, { engine: 'core' }, broken)).toEqual({
      ...{ runResults: broken.runResults, hasFailed: true },
    });
  });
});
