import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DedupOptions, type RunOptions, runDbt } from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';
import { type CountingStore, countingStore } from './counting-store.ts';

let root: string;
let dbt: FakeDbt;
let ledger: CountingStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'replay-cost-'));
  makeFakeProject(join(root, 'project'), { 'models/orders.sql': 'select 1 as id' });
  dbt = await makeFakeDbt(join(root, 'venv'), runOf([{ name: 'orders', status: 'success' }], 0));
  addFakeAdapter(dbt);
  ledger = countingStore(memoryStore());
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The outcome, and what became of the record. */
async function run(
  args: readonly string[],
  dedup: Partial<DedupOptions>,
  env: RunOptions['env'] = { PATH: process.env['PATH'] },
): Promise<string> {
  const result = await runDbt(args, {
    cwd: join(root, 'project'),
    env,
    dbt: dbt.venv,
    output: 'silent',
    // The profile's server is on this machine, and is not there.
    dedup: { store: ledger.store, durableTarget: true, ...dedup },
    reject: false,
  });
  const record = result.dedup?.kind === 'executed' ? `, record ${result.dedup.record}` : '';
  return `${result.outcome}${record}`;
}

describe('what a replay asks the store', () => {
  test.each([
    [
      'that writes to its target',
      ['build'],
      { data: 'ignore' },
      ['read claims', 'read targets', 'getBlob bundles'],
    ],
    [
      'that only reads there',
      ['compile'],
      { data: 'ignore' },
      ['read claims', 'read targets', 'getBlob bundles'],
    ],
    ['with a given key', ['build'], { idempotencyKey: 'delivery-1' }, ['read claims', 'getBlob bundles']],
  ] as const)('of a run %s', async (_, args, dedup, calls) => {
    expect(await run(args, dedup)).toBe('executed, record kept');
    expect(ledger.takeCalls()).toContain('putBlob bundles');
    expect(await run(args, dedup)).toBe('replayed');
    expect(ledger.takeCalls()).toEqual(calls);
  });
});

// Windows starts no scripts by their first line.
describe.skipIf(process.platform === 'win32')('with the metadata of packages on disk', () => {
  test('a replay starts no Python and no dbt', async () => {
    const options = { data: 'ignore' } as const;
    expect(await run(['build'], options)).toBe('executed, record kept');

    const marks = join(root, 'marks');
    const elsewhere = join(root, 'elsewhere');
    await mkdir(elsewhere);
    const programs = [
      join(dbt.venv, 'bin', 'python'),
      ...['python', 'python3', 'dbt'].map((name) => join(elsewhere, name)),
    ];
    for (const program of programs) {
      // The link to the interpreter goes, not what it leads to.
      await rm(program, { force: true });
      await writeFile(program, `#!/bin/sh\necho "$0" >> '${marks}'\nexit 1\n`);
      await chmod(program, 0o755);
    }
    const marked = (): Promise<string> => readFile(marks, 'utf8').catch(() => '');

    const PATH = [elsewhere, process.env['PATH']].join(delimiter);
    expect(await run(['build'], options, { PATH })).toBe('replayed');
    expect(await marked()).toBe('');

    for (const program of programs) expect(() => execFileSync(program, { stdio: 'ignore' })).toThrow();
    expect(await marked()).toBe(`${programs.join('\n')}\n`);
  });
});
