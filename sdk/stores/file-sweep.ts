import { randomUUID } from 'node:crypto';
import { link, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SweepAnswer, SweepOptions } from '../dedup/store.ts';
import { shuffled } from '../util/shuffled.ts';
import { clearIfDead, ifMissing, isTemporary } from './file-entry.ts';

/** A removed entry leaves a mark, which is kept for this long. */
export const REMOVED_KEPT_MS = 24 * 3_600_000;
/** A process that is this late with its temporary file is gone. */
const TEMPORARY_KEPT_MS = 24 * 3_600_000;
/** Ends the name of an entry's folder; no name holds it. */
export const MARK = '@';

/** Clears a ledger's folder of what nobody can use any more. */
export async function sweepFolder(
  entriesDir: string,
  blobsDir: string,
  { blobAgeMs, signal }: SweepOptions,
): Promise<SweepAnswer> {
  let [entries, blobs] = [0, 0];
  for await (const { path, name } of walk(blobsDir, signal)) {
    if (isTemporary(name)) await clearTemporary(path);
    else if (await clearIfOld(path, blobAgeMs)) blobs += 1;
  }
  for await (const { path, name } of walk(entriesDir, signal)) {
    if (isTemporary(name)) await clearTemporary(path);
    else if (name.endsWith(MARK) && (await clearIfDead(path, REMOVED_KEPT_MS).catch(() => false)))
      entries += 1;
  }
  return { kind: 'swept', entries, blobs };
}

/**
 * Everything below a folder: files, the folders of entries before what is in them, and temporary folders. In no order,
 * so that sweeps that are always stopped early come by everything in time.
 */
async function* walk(
  root: string,
  signal: AbortSignal,
): AsyncIterable<{ readonly path: string; readonly name: string }> {
  for (const child of shuffled((await readdir(root, { withFileTypes: true }).catch(ifMissing)) ?? [])) {
    if (signal.aborted) return;
    const path = join(root, child.name);
    if (!child.isDirectory() || isTemporary(child.name)) yield { path, name: child.name };
    else {
      // What is left in an entry's folder by those who died goes first: it keeps the folder from being cleared away.
      yield* walk(path, signal);
      if (child.name.endsWith(MARK) && !signal.aborted) yield { path, name: child.name };
    }
  }
}

/** A blob is moved aside before it is looked at: one that was put again since is found to be fresh, and put back. */
async function clearIfOld(path: string, ageMs: number): Promise<boolean> {
  const isOld = async (file: string): Promise<boolean> => {
    const found = await stat(file).catch(() => undefined);
    return found !== undefined && Date.now() - found.mtimeMs > ageMs;
  };
  if (!(await isOld(path))) return false;
  const aside = join(dirname(path), `.${randomUUID()}`);
  try {
    await rename(path, aside);
    const isStillOld = await isOld(aside);
    // Where it is there again already, that one is as fresh.
    if (!isStillOld) await link(aside, path).catch(() => undefined);
    await unlink(aside);
    return isStillOld;
  } catch {
    return false;
  }
}

/** What a process left that died over it. A folder that becomes an entry at this very moment must not lose its content. */
async function clearTemporary(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || Date.now() - found.mtimeMs <= TEMPORARY_KEPT_MS) return;
  const aside = join(dirname(path), `.${randomUUID()}`);
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { recursive: true, force: true }).catch(() => undefined);
}
