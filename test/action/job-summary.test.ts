import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendSummary } from '../../action/job-summary.ts';

const MIB = 1 << 20;
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-'));
  path = join(folder, 'summary.md');
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

test('a new file gets the markdown and ends with a line break', async () => {
  await appendSummary(path, () => '# Hello');
  expect(readFileSync(path, 'utf8')).toBe('# Hello\n');
});

test('what others wrote stays, on lines of its own, and counts against the limit', async () => {
  writeFileSync(path, 'earlier');
  let room = 0;
  await appendSummary(path, (maxBytes) => {
    room = maxBytes;
    return 'ä'.repeat(Math.floor(maxBytes / 2));
  });
  const text = readFileSync(path);
  expect(text.subarray(0, 10).toString()).toBe('earlier\nä');
  expect(room).toBe(MIB - 7 - 2);
  expect(text.length).toBeLessThanOrEqual(MIB);
  expect(text.length).toBeGreaterThan(MIB - 4);
});

test('one byte too much is not written at all', async () => {
  writeFileSync(path, 'earlier');
  await expect(appendSummary(path, (maxBytes) => 'x'.repeat(maxBytes + 1))).rejects.toThrow(/too large/);
  expect(readFileSync(path, 'utf8')).toBe('earlier');
});

test('a file that is nearly full stays as it is', async () => {
  writeFileSync(path, 'x'.repeat(MIB - 1000));
  await expect(appendSummary(path, () => '# Hello')).rejects.toThrow(
    /already holds 1047576 of 1048576 bytes/,
  );
  expect(readFileSync(path)).toHaveLength(MIB - 1000);
});

test.each([undefined, ''])('no file named (%j)', async (none) => {
  await expect(appendSummary(none, () => 'x')).rejects.toThrow(/GITHUB_STEP_SUMMARY is not set/);
});

test('a folder that is not there', async () => {
  await expect(appendSummary(join(folder, 'a', 'b.md'), () => 'x')).rejects.toThrow(/ENOENT/);
});

test.runIf(existsSync('/dev/full'))('a full disk', async () => {
  await expect(appendSummary('/dev/full', () => 'x')).rejects.toThrow(/ENOSPC/);
});

test('a disk that gets full in the middle leaves what was there before', () => {
  writeFileSync(path, 'earlier');
  const module = new URL('../../action/job-summary.ts', import.meta.url).href;
  const script = `
    const { appendSummary } = await import(${JSON.stringify(module)});
    await appendSummary(${JSON.stringify(path)}, () => 'x'.repeat(100_000)).catch((error) => console.log(error.code));`;
  const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" --input-type=module -e "$1"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', limited, process.execPath, script], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'EFBIG\n', stderr: '' });
  expect(readFileSync(path, 'utf8')).toBe('earlier');
});
