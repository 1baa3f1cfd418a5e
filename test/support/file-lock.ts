import { randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 100;
/** Taking over a dead process's lock takes milliseconds; a guard older than this was left by a dead process too. */
const STALE_GUARD_MS = 10_000;

export interface LockOptions {
  /** Milliseconds to wait for another process. Default 15 minutes. */
  readonly timeoutMs?: number;
  /** Told once when another process holds the lock. */
  readonly onWait?: (pid: number) => void;
}

/**
 * Runs `work` while no other process of this machine does so under the same lock file.
 * The lock of a process that died is taken over.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const mine = `${process.pid} ${randomUUID()}`;
  const deadline = Date.now() + (options.timeoutMs ?? 15 * 60_000);
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  while (!(await createExclusively(path, mine))) {
    const holder = await readHolder(path);
    if (holder !== undefined && !isAlive(holder.pid)) {
      await removeIfStill(path, holder.text);
      continue;
    }
    if (holder !== undefined && !told) {
      told = true;
      options.onWait?.(holder.pid);
    }
    if (Date.now() > deadline) {
      throw new Error(`Gave up waiting for process ${holder?.pid ?? '?'}; if it is not ours, delete ${path}`);
    }
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await removeIfStill(path, mine);
  }
}

async function createExclusively(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<{ text: string; pid: number } | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  // Empty for the moment between creation and the first write.
  return Number.isInteger(pid) ? { text, pid } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Under a guard, so that two processes that both saw the same dead holder cannot remove each other's new lock. */
async function removeIfStill(path: string, text: string): Promise<void> {
  const guard = `${path}.guard`;
  while (!(await createExclusively(guard, String(process.pid)))) {
    const age = await stat(guard).then(
      (info) => Date.now() - info.mtimeMs,
      () => 0,
    );
    if (age > STALE_GUARD_MS) await unlink(guard).catch(() => undefined);
    await delay(10);
  }
  try {
    const now = await readFile(path, 'utf8').catch(() => undefined);
    if (now === text) await unlink(path).catch(() => undefined);
  } finally {
    await unlink(guard).catch(() => undefined);
  }
}
