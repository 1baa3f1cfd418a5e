import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listLedger } from '../../../sdk/dedup/ledger.ts';
import { fileStore } from '../../../sdk/stores/file.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ledger-trouble-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('what cannot be read is unknown, never absent', async () => {
  const dir = await folder();
  const store = fileStore({ dir });
  await store.write({ name: 'claims/a', value: 'x', expected: undefined, retainMs: 3_600_000 });
  await mkdir(join(dir, 'blobs/b'), { recursive: true });
  // A file where the entry has its folder, what is no version, a folder where a blob is a file.
  await writeFile(join(dir, 'entries/claims/file@'), 'not a folder');
  await writeFile(join(dir, 'entries/claims/a@/9'), 'not JSON');
  expect(await store.read('claims/file')).toMatchObject({ kind: 'unknown' });
  expect(await store.read('claims/a')).toMatchObject({ kind: 'unknown' });
  expect(await store.getBlob('b', 1 << 20)).toMatchObject({ kind: 'unknown' });
  const write = (name: string) => store.write({ name, value: 'y', expected: undefined, retainMs: 3_600_000 });
  for (const name of ['claims/file', 'claims/a'])
    expect(await write(name), name).toMatchObject({ kind: 'unknown' });
});

test.each([
  ['null', null],
  ['a list', []],
  ['no id', { value: 'x', retainMs: 1 }],
  ['no retention', { id: '1', value: 'x' }],
  ['neither value nor mark', { id: '1', retainMs: 3_600_000 }],
  ['a value that is no text', { id: '1', retainMs: 3_600_000, value: {} }],
])('a version of another shape is unknown, and listed beside the others: %s', async (_, content) => {
  const dir = await folder();
  const store = fileStore({ dir });
  for (const name of ['claims/a', 'claims/b'])
    await store.write({ name, value: 'x', expected: undefined, retainMs: 3_600_000 });
  await writeFile(join(dir, 'entries/claims/a@/9'), JSON.stringify(content));
  expect(await store.read('claims/a')).toMatchObject({
    kind: 'unknown',
    why: expect.stringContaining('is no entry of a ledger'),
  });
  const names: string[] = [];
  for await (const name of store.list('claims/')) names.push(name);
  expect(names.toSorted()).toEqual(['claims/a', 'claims/b']);
  const states: string[] = [];
  for await (const { state } of listLedger(store)) states.push(state);
  expect(states).toEqual(['unreadable', 'unreadable']);
});

test('a ledger whose folder is a file is unknown, never empty', async () => {
  const dir = join(await folder(), 'ledger');
  await writeFile(dir, '');
  const store = fileStore({ dir });
  expect(await store.read('claims/a')).toMatchObject({ kind: 'unknown' });
});
