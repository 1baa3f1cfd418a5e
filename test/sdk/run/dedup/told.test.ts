import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DedupOptions, type RunEvent, type RunOptions, runDbt } from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';

let root: string;
let dbt: FakeDbt;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'told-'));
  makeFakeProject(join(root, 'project'), { 'models/orders.sql': 'select 1 as id' });
  const nodes = [
    { name: 'orders', status: 'success' },
    { name: 'broken', status: 'error' },
  ] as const;
  dbt = await makeFakeDbt(join(root, 'venv'), runOf(nodes, 1));
  addFakeAdapter(dbt);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function run(dedup: DedupOptions, env: RunOptions['env'] = {}) {
  const started = runDbt(['build'], {
    cwd: join(root, 'project'),
    env: { PATH: process.env['PATH'], ...env },
    dbt: dbt.venv,
    output: 'silent',
    dedup: { durableTarget: true, data: 'ignore', dedupOn: 'any', ...dedup },
    reject: false,
  });
  const events: RunEvent[] = [];
  for await (const event of started) events.push(event);
  return { result: await started, last: events.at(-1) };
}

test('a replay says that nothing was done now', async () => {
  const store = memoryStore();
  const first = await run({ store });
  expect(first.last).toMatchObject({
    kind: 'job-finished',
    outcome: 'failed',
    counts: { built: 1, failed: 1 },
    failedNodes: 1,
  });
  const second = await run({ store });
  expect(second.result.dedup).toMatchObject({ kind: 'replayed' });
  expect(second.result.decisions).toHaveLength(2);
  // Those of the run whose result it is: it is why this one fails.
  expect(second.last).toMatchObject({ kind: 'job-finished', outcome: 'failed', failedNodes: 1 });
  expect(second.last).toHaveProperty('counts', {});
});

test('no secret of the environment reaches the ledger by the link or the key', async () => {
  const store = memoryStore();
  const secret = 'Zq8rW3nT5xLk2';
  const dedup = { store, runUrl: `https://ci.example/7?token=${secret}`, idempotencyKey: `run-${secret}` };
  await run(dedup, { CI_JOB_TOKEN: secret });
  const values: string[] = [];
  for await (const name of store.list('')) {
    const read = await store.read(name);
    if (read.kind === 'found') values.push(read.entry.value);
  }
  expect(values.join('\n')).toContain('https://ci.example/7?token=***');
  expect(values.join('\n')).not.toContain(secret);
});
