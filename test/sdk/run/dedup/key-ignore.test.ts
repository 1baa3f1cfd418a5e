import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRunArguments } from '../../../../sdk/cli/run-arguments.ts';
import { settleOptions } from '../../../../sdk/cli/run-settings.ts';
import {
  type DedupOptions,
  type RunKeyDescription,
  type RunResult,
  runDbt,
  runKey,
} from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';

let root: string;
let project: string;
let dbt: FakeDbt;
let store: ReturnType<typeof memoryStore>;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'key-ignore-'));
  project = join(root, 'project');
  makeFakeProject(project, { 'models/orders.sql': 'select 1 as id', 'docs/about.md': 'one' });
  // A hook of the project that keeps a log.
  dbt = await makeFakeDbt(join(root, 'venv'), [
    { write: { path: 'run.log', text: '$INVOCATION_ID' } },
    ...runOf([{ name: 'orders', status: 'success' }], 0),
  ]);
  addFakeAdapter(dbt);
  store = memoryStore();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const options = (dedup: Partial<DedupOptions>) => ({
  cwd: project,
  env: { PATH: process.env['PATH'] },
  dbt: dbt.venv,
  dedup: { store, durableTarget: true, data: 'ignore' as const, ...dedup },
});
const run = (dedup: Partial<DedupOptions>): Promise<RunResult> =>
  runDbt(['build'], { ...options(dedup), output: 'silent', reject: false });
const key = (dedup: Partial<DedupOptions> = {}): Promise<RunKeyDescription> =>
  runKey(['build'], options(dedup));

describe('a file that every run writes', () => {
  test('keeps the result from being kept, unless key-ignore names it', async () => {
    expect((await run({})).dedup).toMatchObject({ kind: 'executed', record: 'inputs-changed' });
    expect((await run({ keyIgnore: ['run.log'] })).dedup).toMatchObject({ kind: 'executed', record: 'kept' });
    await writeFile(join(project, 'run.log'), 'of another run');
    const again = await run({ keyIgnore: [join(project, 'run.log')] });
    expect(again.outcome).toBe('replayed');
    expect((await key({ keyIgnore: ['run.log'] })).digest).toBe(again.dedup?.key?.digest);
  });

  test('is no input where it is the caller’s own, and that is no part of the key', async () => {
    const ownFiles = [join(project, 'run.log')];
    const before = await key();
    expect((await run({ ownFiles })).dedup).toMatchObject({ kind: 'executed', record: 'kept' });
    expect((await key({ ownFiles })).digest).toBe(before.digest);
    expect((await run({ ownFiles })).outcome).toBe('replayed');
    expect((await key()).digest).not.toBe(before.digest);
  });

  test('a folder is not left out as a file of the caller', async () => {
    const ownFiles = [join(project, 'docs')];
    expect((await key({ ownFiles })).digest).toBe((await key()).digest);
  });
});

describe('the list', () => {
  test('takes part, whatever is in what it names, and is told', async () => {
    const plain = await key();
    const ignoring = await key({ keyIgnore: ['docs', 'nowhere'] });
    expect(ignoring.digest).not.toBe(plain.digest);
    expect((await key({ keyIgnore: ['nowhere', 'docs/'] })).digest).toBe(ignoring.digest);
    expect((await key({ keyIgnore: ['docs'] })).digest).not.toBe(ignoring.digest);
    const part = (name: string) => ignoring.parts.find((one) => one.name === name);
    expect(part('command')?.items).toContainEqual({ name: 'key-ignore', value: '["docs","nowhere"]' });
    expect(part('code')?.leftOut).toEqual([
      { name: 'docs', why: 'ignored by key-ignore' },
      { name: 'nowhere', why: 'ignored by key-ignore' },
    ]);
    expect(part('code')?.items.map(({ name }) => name)).not.toContain('docs/about.md');
    await writeFile(join(project, 'docs/about.md'), 'two');
    expect((await key({ keyIgnore: ['docs', 'nowhere'] })).digest).toBe(ignoring.digest);
    expect((await key()).digest).not.toBe(plain.digest);
  });

  test('of one list the nearest run names it', async () => {
    await run({ ownFiles: [join(project, 'run.log')] });
    const { dedup } = await run({ keyIgnore: ['nowhere'], ownFiles: [join(project, 'run.log')] });
    expect(dedup).toMatchObject({
      because: {
        kind: 'no-record',
        nearest: { differences: [{ part: 'command', item: 'key-ignore', how: 'added' }] },
      },
    });
  });

  test.each([['*.md'], ['docs/?.md'], ['']])('%j is refused before anything starts', async (path) => {
    await expect(run({ keyIgnore: [path] })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('options.dedup.keyIgnore'),
    });
  });

  test('what cannot be meant ends the run before dbt starts, for every command', async () => {
    const failed = await run({ keyIgnore: ['dbt_project.yml'] });
    expect(failed).toMatchObject({ outcome: 'failed', failure: { code: 'invalid-options' } });
    expect(() => dbt.seen()).toThrow();
    await expect(key({ keyIgnore: ['..'] })).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('the file of --summary', () => {
  const settled = async (args: readonly string[]) =>
    settleOptions(readRunArguments([...args, '--', 'build'], {}), { cwd: project, env: {} });
  const LEDGER = ['--dedup-store', 'memory:', '--data', 'ignore'];

  test('is the caller’s own, from the current folder', async () => {
    expect((await settled([...LEDGER, '--summary', 'report.md'])).dedup?.ownFiles).toEqual([
      join(project, 'report.md'),
    ]);
    expect((await settled(LEDGER)).dedup).not.toHaveProperty('ownFiles');
    expect((await settled(['--summary', 'report.md'])).dedup).toBeUndefined();
  });

  test('changes no key by being asked for, and none by being there', async () => {
    const { dedup } = await settled([...LEDGER, '--summary', 'report.md']);
    const plain = await key();
    const asked = () => key({ ...dedup, store });
    expect((await asked()).digest).toBe(plain.digest);
    await writeFile(join(project, 'report.md'), '# A run');
    expect((await asked()).digest).toBe(plain.digest);
  });
});
