import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockTarget } from '../../../sdk/runtimes/target-lock.ts';

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  target = join(folder, 'target');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A process of its own that takes the lock, says so, and keeps it until it is killed or its stdin ends. */
async function holderProcess(path: string, childPid?: number) {
  const script = `
    const { lockTarget } = await import(${JSON.stringify(new URL('../../../sdk/runtimes/target-lock.ts', import.meta.url).href)});
    const lock = await lockTarget(${JSON.stringify(path)}, { onBusy: 'wait' });
    ${childPid === undefined ? '' : `await lock.noteDbt(${childPid});`}
    console.log('taken ' + performance.timeOrigin);
    for await (const _ of process.stdin) ;
    await lock.release();
    console.log('released');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a second run on the same folder is refused with a code, a way out and who has it', async () => {
  const child = await holderProcess(target);
  await expect(lockTarget(target, { onBusy: 'fail' })).rejects.toMatchObject({
    code: 'target-path-busy',
    message: expect.stringContaining(String(child.pid)),
    hint: expect.stringContaining('--target-path'),
  });
  child.stdin.end();
  await once(child, 'exit');
  await (await lockTarget(target, { onBusy: 'fail' })).release();
});

test('another folder is free', async () => {
  const lock = await lockTarget(target, { onBusy: 'fail' });
  await (await lockTarget(join(folder, 'other'), { onBusy: 'fail' })).release();
  await lock.release();
});

test('the same folder by another path is the same folder', async () => {
  const lock = await lockTarget(target, { onBusy: 'fail' });
  await expect(lockTarget(join(folder, 'x', '..', 'target'), { onBusy: 'fail' })).rejects.toMatchObject({
    code: 'target-path-busy',
  });
  await lock.release();
});

test('a waiting run begins when the first has ended, and says that it waits', async () => {
  const first = await lockTarget(target, { onBusy: 'fail' });
  const waits: number[] = [];
  const second = lockTarget(target, { onBusy: 'wait', onWait: ({ pid }) => waits.push(pid) });
  let begun = false;
  const done = second.then((lock) => {
    begun = true;
    return lock;
  });
  await expect(lockTarget(target, { onBusy: 'fail' })).rejects.toMatchObject({ code: 'target-path-busy' });
  expect(begun).toBe(false);
  await first.release();
  await (await done).release();
  expect(waits).toEqual([process.pid]);
});

test('waiting ends with the signal', async () => {
  const first = await lockTarget(target, { onBusy: 'fail' });
  const controller = new AbortController();
  const second = lockTarget(target, { onBusy: 'wait', signal: controller.signal });
  controller.abort('timed-out');
  await expect(second).rejects.toBeDefined();
  await first.release();
});

test('what a killed process left is taken over', async () => {
  const child = await holderProcess(target);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await lockTarget(target, { onBusy: 'fail' })).release();
});

test('the folder stays taken while the dead owner’s dbt lives', async () => {
  const dbt = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const child = await holderProcess(target, dbt.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect(lockTarget(target, { onBusy: 'fail' })).rejects.toMatchObject({
    code: 'target-path-busy',
    message: expect.stringContaining(`process ${dbt.pid}`),
  });
  dbt.kill('SIGKILL');
  await once(dbt, 'exit');
  await (await lockTarget(target, { onBusy: 'fail' })).release();
});

test('of many that find a dead lock, one at a time has it', async () => {
  const dead = await holderProcess(target);
  dead.kill('SIGKILL');
  await once(dead, 'exit');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const lock = await lockTarget(target, { onBusy: 'wait' });
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      await lock.release();
    }),
  );
  expect(most).toBe(1);
});

describe('beside a folder that machines share', () => {
  const path = (): string => join(folder, 'target.lock');

  /** As a process on another machine has left it, or still holds it: its number says nothing here. */
  async function takenElsewhere(): Promise<void> {
    const holder = { token: 'other', targetPath: target, host: 'elsewhere', since: 'today' };
    await writeFile(path(), JSON.stringify({ ...holder, owner: { pid: 2 ** 22 + 1 } }));
  }

  test('the file lies where it is asked for', async () => {
    const lock = await lockTarget(target, { onBusy: 'fail', dir: folder });
    expect(await readdir(folder)).toEqual(['target.lock']);
    await expect(lockTarget(target, { onBusy: 'fail', dir: folder })).rejects.toMatchObject({
      code: 'target-path-busy',
    });
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('a holder on another machine keeps it, though no process here has its number', async () => {
    await takenElsewhere();
    await expect(lockTarget(target, { onBusy: 'fail', dir: folder })).rejects.toMatchObject({
      code: 'target-path-busy',
    });
  });

  test('a holder on another machine that falls silent has lost it, one that goes on has not', async () => {
    await takenElsewhere();
    const beat = setInterval(() => {
      const now = new Date();
      void utimes(path(), now, now);
    }, 100);
    const options = { onBusy: 'wait', dir: folder, silentMs: 700 } as const;
    const early = lockTarget(target, { ...options, signal: AbortSignal.timeout(2000) });
    await expect(early).rejects.toThrow();
    clearInterval(beat);
    await (await lockTarget(target, options)).release();
    expect(await readdir(folder)).toEqual([]);
  });
});
