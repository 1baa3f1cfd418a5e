import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLines } from '../../../sdk/runtimes/follow-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'follow-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('hands over lines while they are written, and the rest at the end', async () => {
  const path = join(folder, 'events');
  const lines: string[] = [];
  const follower = followLines(path, (line) => lines.push(line));
  await writeFile(path, 'one\ntw');
  await vi.waitFor(() => expect(lines).toEqual(['one']), { timeout: 5000 });
  await appendFile(path, 'o\nthree\nto');
  await follower.end();
  expect(lines).toEqual(['one', 'two', 'three']);
});

test.skipIf(process.platform === 'win32')('a pipe is left alone, with no one at its other end', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const lines: string[] = [];
  await followLines(path, (line) => lines.push(line)).end();
  expect(lines).toEqual([]);
});

test('a file that never comes is no error', async () => {
  const lines: string[] = [];
  await followLines(join(folder, 'absent'), (line) => lines.push(line)).end();
  expect(lines).toEqual([]);
});

test('a character cut by a read is whole again, and a monstrous line is passed over', async () => {
  const path = join(folder, 'events');
  const long = `${'x'.repeat(65_535)}é`;
  await writeFile(path, `${long}\n`);
  await appendFile(path, Buffer.alloc(17 << 20, 'y'));
  await appendFile(path, '\nlast\n');
  const lines: string[] = [];
  await followLines(path, (line) => lines.push(line)).end();
  expect(lines).toEqual([long, 'last']);
});
