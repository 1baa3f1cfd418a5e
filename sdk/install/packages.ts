import { join } from 'node:path';
import { envSecrets } from '../plan/environment.ts';
import type { TargetLock } from '../runtimes/target-lock.ts';
import { reasonOf } from '../util/reason.ts';
import { unlessAborted } from '../util/waiting.ts';
import { removeGitFolders, whyNotToKeep } from './clean-packages.ts';
import type { FolderCache } from './environment.ts';
import { lockedIn } from './package-files.ts';
import { packagesAgree } from './packages-agree.ts';
import {
  hasPackages,
  holdsPackages,
  holdsPackagesAlone,
  markComplete,
  markIncomplete,
  removeFolder,
} from './packages-folder.ts';
import { askReceipt, type Probe, placeProbe, removeReceipt, writeReceipt } from './packages-receipt.ts';
import { basisOf, type MissingPackages, readLock } from './packages-state.ts';
import { type DepsOptions, runDeps } from './run-deps.ts';
import { type Restore, underLock } from './under-lock.ts';

export interface EnsurePackagesOptions extends DepsOptions {
  /** Sees to it that dbt is there, where `dbt deps` has to be run. */
  readonly before?: () => Promise<void>;
  readonly cache?: FolderCache | undefined;
  /** Why what is there is not taken; absent where nothing is. */
  readonly why?: string | undefined;
}

export interface EnsuredPackages {
  /** `there`: another process had brought them. */
  readonly how: 'there' | 'restored' | 'installed';
  readonly wallMs: number;
  /** Whether `dbt deps` wrote the project's `package-lock.yml`, which then is another file of the project. */
  readonly wroteLock: boolean;
}

/**
 * Has `dbt deps` install the packages, or a cache bring them back. Of several processes one does, the others wait.
 * @throws DbtRunCacheError `install-failed` with dbt's last words; the signal's reason.
 */
export async function ensurePackages(
  missing: MissingPackages,
  options: EnsurePackagesOptions,
): Promise<EnsuredPackages> {
  const { signal, say } = options;
  const startedAt = performance.now();
  const place = missing.folder ?? join(missing.projectDir, 'dbt_packages');
  let hasWaited = false;
  const lockOptions = {
    onBusy: 'wait',
    signal,
    onWait: ({ pid }: { readonly pid: number }) => {
      hasWaited = true;
      say(`Waiting for process ${pid}, which is installing the same dbt packages`);
    },
  } as const;
  const ended = await underLock(place, lockOptions, async (lock, restore) =>
    (await isBrought(missing, hasWaited))
      ? { how: 'there' as const, wroteLock: false }
      : bring(missing, options, lock, restore),
  );
  return { ...ended, wallMs: Math.round(performance.now() - startedAt) };
}

/** Whether another process has brought them: of what it did just now, it does not matter that it may differ tomorrow. */
async function isBrought(missing: MissingPackages, isJustNow: boolean): Promise<boolean> {
  const { folder, projectDir } = missing;
  if (folder === undefined || !(await hasPackages(folder, await readLock(projectDir)))) return false;
  const basis = await basisOf(missing);
  const agreement = await packagesAgree({ projectDir, folder, ...basis });
  return agreement.kind === 'agrees' || (isJustNow && (await askReceipt(folder, basis)) === 'same');
}

async function bring(
  missing: MissingPackages,
  options: EnsurePackagesOptions,
  lock: TargetLock,
  restore: Restore,
): Promise<Omit<EnsuredPackages, 'wallMs'>> {
  const { say, cache } = options;
  const { folder, cacheKey, projectDir } = missing;
  const kept =
    cache === undefined || folder === undefined || cacheKey === undefined
      ? undefined
      : { cache, folder, cacheKey };
  if (kept !== undefined) {
    await markIncomplete(kept.folder);
    // What a killed process left would stay among what comes back.
    await removeFolder(kept.folder);
    const isBack = await restore(kept.cache.restore(kept.folder, kept.cacheKey));
    if (isBack && (await holdsPackagesAlone(kept.folder, await readLock(projectDir)))) {
      await writeReceipt(kept.folder, await basisOf(missing));
      await markComplete(kept.folder);
      say('The dbt packages came from the cache');
      return { how: 'restored', wroteLock: false };
    }
    await discard(kept.folder);
  }
  await options.before?.();
  const before = await basisOf(missing);
  const locked = before.files.at(-1);
  const startedAt = performance.now();
  const because = options.why === undefined ? '' : `, since ${options.why}`;
  say(`Installing the dbt packages (dbt deps)${because}`);
  if (folder !== undefined) await markIncomplete(folder);
  const probe = folder === undefined ? undefined : await placeProbe(folder);
  try {
    await runDeps(options, lock);
    if (folder !== undefined) await markComplete(folder);
  } catch (thrown) {
    if (folder !== undefined) await leave(folder, probe).catch(() => undefined);
    throw thrown;
  }
  say(`Installed the dbt packages in ${Math.max(1, Math.round((performance.now() - startedAt) / 1000))} s`);
  const after = await basisOf(missing);
  const lockedNow = after.files.at(-1);
  // A lock that named others does not say what the next job gets. dbt v2 may write the same in another way.
  const isAsLocked = lockedIn(lockedNow) === lockedIn(locked);
  if (folder !== undefined && (await holdsPackages(folder, lockedNow))) {
    const isDbts = (await probe?.isGone()) === true;
    if (!isDbts) await removeReceipt(folder);
    if (kept !== undefined && isAsLocked) await keep(kept, options);
    // Someone may have written to the files meanwhile: then nobody knows what dbt has read.
    const isRead = after.files.slice(0, -1).every((text, at) => text === before.files[at]);
    if (isDbts && isRead) await writeReceipt(folder, after);
  }
  return { how: 'installed', wroteLock: lockedNow !== locked };
}

/** After a failure. With some packages in the folder, the next run would take them for all; what dbt has not touched stays. */
async function leave(folder: string, probe: Probe | undefined): Promise<void> {
  if ((await probe?.isThere()) !== true) return discard(folder);
  await removeReceipt(folder);
  await markComplete(folder);
}

async function discard(folder: string): Promise<void> {
  await removeFolder(folder);
  await markComplete(folder);
}

/** Saves the packages, unless they hold what others must not see. */
async function keep(
  { cache, folder, cacheKey }: { cache: FolderCache; folder: string; cacheKey: string },
  { env, signal, secrets = [], say }: EnsurePackagesOptions,
): Promise<void> {
  let why: string | undefined;
  try {
    await removeGitFolders(folder);
    why = await whyNotToKeep(folder, [...secrets, ...envSecrets(env)], signal);
  } catch (thrown) {
    signal.throwIfAborted();
    why = `they could not be looked through for secrets (${reasonOf(thrown)})`;
  }
  if (why === undefined) await unlessAborted(signal, cache.save(folder, cacheKey));
  else say(`The dbt packages are not saved to the cache: ${why}`);
}
