import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withFileLock } from '../support/file-lock.ts';

const HOST = fileURLToPath(new URL('./file-lock-host.ts', import.meta.url));

let dir: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(dir, 'made', 'it.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

/** A process that holds the lock. */
async function holder() {
  const child = spawn(process.execPath, [HOST, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

test('the work’s result comes back and the lock is gone, after a failure too', async () => {
  expect(await withFileLock(path, async () => 42)).toBe(42);
  const failing = withFileLock(path, () => Promise.reject(new Error('work failed')));
  await expect(failing).rejects.toThrow('work failed');
  expect(await readdir(join(dir, 'made'))).toEqual([]);
});

test('one at a time, in this process and in others', async () => {
  const child = await holder();
  const order: string[] = [];
  const told = Promise.withResolvers<number>();
  const second = withFileLock(path, async () => void order.push('got it'), { onWait: told.resolve });
  expect(await told.promise).toBe(child.pid);
  order.push('waits');
  child.stdin.end();
  await second;
  expect(order).toEqual(['waits', 'got it']);
});

test('the lock of a killed process is taken over by exactly one at a time', async () => {
  const child = await holder();
  child.kill('SIGKILL');
  await once(child, 'exit');
  let [inside, most, done] = [0, 0, 0];
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    // Long enough for another one to get in, if it could.
    await delay(30);
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withFileLock(path, work)));
  expect({ most, done }).toEqual({ most: 1, done: 8 });
});

test('waiting has an end, and the message names the file', async () => {
  const child = await holder();
  const error = await withFileLock(path, async () => 'in', { timeoutMs: 1 }).catch((thrown: Error) => thrown);
  expect(String(error)).toContain(`process ${child.pid}`);
  expect(String(error)).toContain(path);
});

test('what is left of an interrupted takeover does not block', async () => {
  const old = new Date(Date.now() - 60_000);
  await withFileLock(path, async () => undefined);
  await writeFile(`${path}.guard`, '1');
  await utimes(`${path}.guard`, old, old);
  expect(await withFileLock(path, async () => 'in')).toBe('in');
});
