import { type LockOptions, lockTarget, type TargetLock } from '../runtimes/target-lock.ts';
import { unlessAborted } from '../util/waiting.ts';

/** What a cache brings back into the folder; rejects with the signal's reason when that fires before. */
export type Restore = (work: Promise<boolean>) => Promise<boolean>;

/**
 * Works on a folder while no other process does. A cache cannot be stopped in the middle: until it is done with the
 * folder, nobody else may begin, though this run may have been told to stop.
 */
export async function underLock<T>(
  folder: string,
  options: LockOptions & { readonly signal: AbortSignal },
  work: (lock: TargetLock, restore: Restore) => Promise<T>,
): Promise<T> {
  const lock = await lockTarget(folder, options);
  let restoring: Promise<unknown> | undefined;
  try {
    return await work(lock, async (restored) => {
      restoring = restored;
      const isBack = await unlessAborted(options.signal, restored);
      restoring = undefined;
      return isBack;
    });
  } finally {
    if (restoring === undefined) await lock.release();
    else void restoring.catch(() => undefined).then(() => lock.release());
  }
}
