import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DedupStore } from '../../../../sdk/dedup/store.ts';
import {
  type DedupOptions,
  type RunEvent,
  type RunOptions,
  type RunResult,
  runDbt,
} from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';
import { countingStore } from './counting-store.ts';

let root: string;
let dbt: FakeDbt;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'silent-store-'));
  makeFakeProject(join(root, 'project'), { 'models/orders.sql': 'select 1 as id' });
  dbt = await makeFakeDbt(join(root, 'venv'), [
    { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
    { mark: 'running' },
    { wait_for: 'go' },
    ...runOf([{ name: 'orders', status: 'success' }], 0),
  ]);
  addFakeAdapter(dbt);
});
afterEach(() => rm(root, { recursive: true, force: true }));

function start(store: DedupStore, dedup: Partial<DedupOptions> = {}, options: RunOptions = {}) {
  return runDbt(['build'], {
    cwd: join(root, 'project'),
    env: { PATH: process.env['PATH'] },
    dbt: dbt.venv,
    output: 'silent',
    ...options,
    dedup: { store, durableTarget: true, data: 'ignore', ...dedup },
    reject: false,
  });
}

/** A store that can be told to fall silent; `asked` resolves at the first call that is not answered. */
function fallingSilent() {
  const inner = memoryStore();
  let isSilent = false;
  let heard = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const answer = <T>(action: () => Promise<T>): Promise<T> => {
    if (!isSilent) return action();
    heard();
    return new Promise(() => undefined);
  };
  const store: DedupStore = {
    ...inner,
    read: (name) => answer(() => inner.read(name)),
    write: (request) => answer(() => inner.write(request)),
    putBlob: (...given) => answer(() => inner.putBlob(...given)),
    getBlob: (...given) => answer(() => inner.getBlob(...given)),
    sweep: (given) => answer(() => inner.sweep(given)),
  };
  const fallSilent = (): void => {
    isSilent = true;
  };
  return { store, asked, fallSilent };
}

function failureOf(result: RunResult): string {
  return `${result.outcome}: ${result.outcome === 'failed' ? `${result.failure.code}, ${result.failure.message}` : ''}`;
}

async function lastEvent(run: AsyncIterable<RunEvent>): Promise<RunEvent | undefined> {
  let last: RunEvent | undefined;
  for await (const event of run) {
    last = event;
    if (event.kind === 'job-error') break;
  }
  return last;
}

/** Milliseconds from now until it has ended. */
async function timed<T>(work: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const from = performance.now();
  return { result: await work, ms: performance.now() - from };
}

/** Three seconds, and what a busy machine makes of them. */
const WAY_OUT_MS = 4500;

describe('a store that never answers', () => {
  test('a timeout ends the run before dbt was started', async () => {
    const { store, fallSilent } = fallingSilent();
    fallSilent();
    const { result, ms } = await timed(start(store, {}, { timeout: 1500 }));
    expect(failureOf(result)).toBe('failed: timed-out, The timeout ended the run before dbt was started');
    expect(ms).toBeLessThan(1500 + WAY_OUT_MS);
  });

  test('so does a cancellation, whatever on-unavailable says', async () => {
    for (const onUnavailable of ['run', 'fail'] as const) {
      const { store, fallSilent, asked } = fallingSilent();
      fallSilent();
      const cancel = new AbortController();
      const run = start(store, { onUnavailable }, { cancelSignal: cancel.signal });
      await asked;
      cancel.abort();
      const told = timed(lastEvent(run));
      const { result, ms } = await timed(run);
      // What is still tried at the ledger keeps nobody waiting who listens.
      expect(await told).toMatchObject({
        result: { kind: 'job-error' },
        ms: expect.toSatisfy((at) => at < 1500),
      });
      expect(failureOf(result)).toBe('failed: cancelled, The run was cancelled before dbt was started');
      expect(ms).toBeLessThan(WAY_OUT_MS);
    }
  });

  test('silent since dbt runs: a stopped run is out soon after dbt', async () => {
    const { store, fallSilent } = fallingSilent();
    const cancel = new AbortController();
    const run = start(store, {}, { cancelSignal: cancel.signal });
    await dbt.reached('running');
    fallSilent();
    cancel.abort();
    const { result, ms } = await timed(run);
    expect(failureOf(result)).toMatch(/^failed: cancelled/);
    expect(ms).toBeLessThan(WAY_OUT_MS);
  });
});

test('a store that answers nonsense is one that does not answer', async () => {
  const store = { ...memoryStore(), read: async () => undefined } as unknown as DedupStore;
  expect(failureOf(await start(store, { onUnavailable: 'fail' }))).toMatch(
    /^failed: dedup-unavailable, The memory store did not answer: the store gave no answer that can be read/,
  );
  dbt.release('go');
  const { outcome, dedup } = await start(store);
  expect(outcome).toBe('executed');
  expect(dedup).toMatchObject({ kind: 'executed', because: { kind: 'unavailable' } });
});

test('a stopped run frees its key and sweeps nothing; one that was not stopped does', async () => {
  const ledger = countingStore(memoryStore());
  const cancel = new AbortController();
  const run = start(ledger.store, {}, { cancelSignal: cancel.signal });
  await dbt.reached('running');
  cancel.abort();
  await run;
  expect(ledger.takeCalls().filter((call) => call.includes('sweep'))).toEqual([]);
  dbt.release('go');
  expect((await start(ledger.store)).dedup).toMatchObject({ kind: 'executed', record: 'kept' });
  expect(ledger.takeCalls().filter((call) => call.includes('sweep'))).not.toEqual([]);
});

test('a claim that comes after the stop is given back', async () => {
  const inner = memoryStore();
  const cancel = new AbortController();
  let isFirst = true;
  const store: DedupStore = {
    ...inner,
    write: async (request) => {
      const written = await inner.write(request);
      // The claim is taken, and the run was stopped at that moment.
      if (isFirst && request.name.startsWith('claims/')) {
        isFirst = false;
        cancel.abort();
      }
      return written;
    },
  };
  const result = await start(store, {}, { cancelSignal: cancel.signal });
  expect(failureOf(result)).toMatch(/before dbt was started$/);
  expect(isFirst).toBe(false);
  for await (const name of inner.list('claims/')) {
    const read = await inner.read(name);
    expect(read.kind === 'found' && read.entry.value).toContain('"free"');
  }
});

// Windows starts no scripts by their first line.
describe.skipIf(process.platform === 'win32')('while the key is made', () => {
  test('a stop ends the run at once, however slow git is', async () => {
    const bin = join(root, 'bin');
    await mkdir(bin);
    const mark = join(dbt.venv, 'git-asked');
    await writeFile(join(bin, 'git'), `#!/bin/sh\necho $$ > ${mark}\nexec sleep 20\n`);
    await chmod(join(bin, 'git'), 0o755);
    // Git is asked only where there is a repository.
    await mkdir(join(root, 'project', '.git'));
    const cancel = new AbortController();
    const run = start(
      memoryStore(),
      {},
      { env: { PATH: `${bin}${delimiter}${process.env['PATH']}` }, cancelSignal: cancel.signal },
    );
    const git = await dbt.reached('git-asked');
    cancel.abort();
    const { result, ms } = await timed(run);
    process.kill(git, 'SIGKILL');
    expect(failureOf(result)).toBe('failed: cancelled, The run was cancelled before dbt was started');
    expect(ms).toBeLessThan(2000);
  });
});
