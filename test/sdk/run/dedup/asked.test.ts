import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DedupStore } from '../../../../sdk/dedup/store.ts';
import { type DedupOptions, explain, type RunOptions, runDbt } from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';

const URL = 'https://ci.example/runs/1';
const DIGEST = /^[0-9a-f]{64}$/;

let root: string;
let dbt: FakeDbt;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'asked-'));
  makeFakeProject(join(root, 'project'), { 'models/orders.sql': 'select 1 as id' });
  dbt = await makeFakeDbt(join(root, 'venv'), [
    { mark: 'running' },
    { wait_for: 'go' },
    ...runOf([{ name: 'orders', status: 'success' }], 0),
  ]);
  addFakeAdapter(dbt);
});
afterEach(() => rm(root, { recursive: true, force: true }));

function start(dedup: DedupOptions, options: RunOptions = {}, args: readonly string[] = ['build']) {
  return runDbt(args, {
    cwd: join(root, 'project'),
    env: { PATH: process.env['PATH'] },
    dbt: dbt.venv,
    output: 'silent',
    ...options,
    dedup: { durableTarget: true, data: 'ignore', ...dedup },
    reject: false,
  });
}

test('a run that another stands in the way of tells its key and that run', async () => {
  const store = memoryStore();
  const first = start({ store, runUrl: URL });
  await dbt.reached('running');
  const other = { run: { url: URL, host: expect.any(String) } };

  const failing = await start({ store, onInFlight: 'fail' });
  expect(failing).toMatchObject({
    failure: { code: 'dedup-in-flight' },
    ledger: { store: 'memory', ...other },
  });
  expect(failing.ledger).not.toHaveProperty('waitedMs');
  expect(failing).not.toHaveProperty('dedup');

  const waiting = await start({ store }, { timeout: 4000 });
  expect(waiting).toMatchObject({
    failure: {
      code: 'timed-out',
      message: `The timeout ended the run while it waited for an identical run (${URL}), before dbt was started`,
      hint: expect.stringContaining('counts the waiting too'),
    },
    ledger: { ...other, waitedMs: expect.any(Number) },
  });

  const cancel = new AbortController();
  const cancelled = start({ store }, { cancelSignal: cancel.signal });
  for await (const event of cancelled)
    if (event.kind === 'dbt-message' && event.name === 'WaitingForIdenticalRun') cancel.abort();
  expect((await cancelled).failure?.message).toBe(
    `The run was cancelled while it waited for an identical run (${URL}), before dbt was started`,
  );

  dbt.release('go');
  const { dedup } = await first;
  for (const { ledger } of [failing, waiting, await cancelled]) expect(ledger?.key).toEqual(dedup?.key);
  expect(dedup?.key?.digest).toMatch(DIGEST);
});

test('a key that was used with other inputs leads to the run that used it', async () => {
  dbt.release('go');
  const dedup = { store: memoryStore(), idempotencyKey: 'nightly', runUrl: URL };
  await start(dedup);
  expect(await start(dedup, {}, ['build', '--full-refresh'])).toMatchObject({
    failure: { code: 'dedup-mismatch' },
    ledger: { key: { kind: 'given', text: 'nightly' }, run: { url: URL, finishedAt: expect.any(String) } },
  });
});

test('where the ledger does not answer, and the run is to fail then, there was a key', async () => {
  const store: DedupStore = {
    ...memoryStore(),
    read: async () => ({ kind: 'unknown', why: 'no' }),
    write: async () => ({ kind: 'unknown', why: 'no' }),
  };
  expect(await start({ store, onUnavailable: 'fail' })).toMatchObject({
    failure: { code: 'dedup-unavailable' },
    ledger: { key: { digest: expect.stringMatching(DIGEST) } },
  });
});

test('a ledger that cannot be had here is the reason why dbt ran, and no problem of the report', async () => {
  dbt.release('go');
  const env = { PATH: process.env['PATH'], GITHUB_ACTIONS: 'true' };
  const result = await start({ store: 'actions-cache:' }, { env });
  expect(result.dedup).toMatchObject({
    because: { kind: 'unavailable', unusable: true, why: expect.stringContaining('a step with run:') },
  });
  expect(result.notices).toEqual([]);
  expect(explain(result).dedup).toMatchObject({ tone: 'caution' });
});

test('a run that may only read tells who ran before, whose result cannot be taken', async () => {
  dbt.release('go');
  const store = memoryStore();
  const { dedup: before } = await start({ store, runUrl: URL });
  expect(before).toMatchObject({ record: 'kept' });
  // Another target's writer, so that what the first left may not be there.
  await start({ store }, {}, ['build', '--full-refresh']);
  const reader: DedupStore = {
    ...store,
    write: async () => ({ kind: 'unknown', why: 'no scope', refused: true, readOnly: true }),
  };
  expect((await start({ store: reader })).dedup).toMatchObject({
    record: 'none',
    because: { kind: 'read-only', why: 'no scope', instead: { kind: 'target-changed', run: { url: URL } } },
  });
});
