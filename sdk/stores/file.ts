import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DedupStore, ReadAnswer, WriteAnswer } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { DbtRunCacheError } from '../errors.ts';
import {
  clearIfDead,
  ifMissing,
  isTemporary,
  liveEntry,
  newestVersion,
  writeDurably,
  writeVersion,
} from './file-entry.ts';
import { MARK, REMOVED_KEPT_MS, sweepFolder } from './file-sweep.ts';

export interface FileStoreOptions {
  /** Folder of the ledger. Made when it is not there. Every user of the ledger needs write access. */
  readonly dir: string;
}

/**
 * A ledger in a folder, for any number of processes of one host.
 *
 * Each version of an entry is a file of its own, `<name>@/<number>`, that never changes. Making the file of the next
 * number is the compare-and-set: a hard link to a name that exists fails, whoever tries at the same time. There is no
 * lock that a killed process could leave behind, and a reader never sees half a value.
 */
export function fileStore({ dir }: FileStoreOptions): DedupStore {
  const entriesDir = join(dir, 'entries');
  const blobsDir = join(dir, 'blobs');
  const folderOf = (name: string): string => join(entriesDir, checkName(name) + MARK);

  const guarded = async <T>(
    action: () => Promise<T>,
  ): Promise<T | { readonly kind: 'unknown'; readonly why: string }> => {
    try {
      return await action();
    } catch (error) {
      if (error instanceof DbtRunCacheError) throw error;
      return { kind: 'unknown', why: (error as Error).message };
    }
  };

  return {
    kind: 'file',
    guarantees: { scope: 'host', renews: true, durable: true },
    folder: resolve(dir),
    read: (name) =>
      guarded(async (): Promise<ReadAnswer> => {
        const current = await newestVersion(folderOf(name));
        const entry = current === undefined ? undefined : liveEntry(current);
        return entry === undefined ? { kind: 'absent' } : { kind: 'found', entry };
      }),
    write: ({ name, value, expected, retainMs }) => {
      checkValue(value);
      const folder = folderOf(name);
      return guarded(() => writeVersion(folder, { value }, expected, retainMs));
    },
    remove: (name, version) => {
      const folder = folderOf(name);
      return guarded(() => writeVersion(folder, { removed: true }, version, REMOVED_KEPT_MS));
    },
    async *list(prefix) {
      for await (const { name, folder } of entryFolders(entriesDir)) {
        if (!name.startsWith(prefix)) continue;
        const current = await newestVersion(folder).catch(() => 'unreadable' as const);
        // What cannot be read is not absent.
        if (current === 'unreadable' || (current !== undefined && liveEntry(current) !== undefined))
          yield name;
        else await clearIfDead(folder, REMOVED_KEPT_MS).catch(() => false);
      }
    },
    // Written anew where it is there already: a sweep goes by when that was.
    putBlob: (name, bytes, _retainMs) =>
      guarded(async (): Promise<WriteAnswer> => {
        const path = join(blobsDir, checkName(name));
        await mkdir(dirname(path), { recursive: true });
        const temporary = join(dirname(path), `.${randomUUID()}`);
        await writeDurably(temporary, bytes);
        await rename(temporary, path);
        return { kind: 'written', version: name };
      }),
    getBlob: (name, maxBytes) =>
      guarded(async () => {
        const path = join(blobsDir, checkName(name));
        const found = await stat(path).catch(ifMissing);
        if (found === undefined) return { kind: 'absent' as const };
        if (found.size > maxBytes)
          return { kind: 'unknown' as const, why: `${name} is larger than ${maxBytes} bytes` };
        return { kind: 'found' as const, bytes: new Uint8Array(await readFile(path)) };
      }),
    sweep: (options) => guarded(() => sweepFolder(entriesDir, blobsDir, options)),
    close: async () => {},
  };
}

async function* entryFolders(
  root: string,
  prefix = '',
): AsyncIterable<{ readonly name: string; readonly folder: string }> {
  const children = (await readdir(root, { withFileTypes: true }).catch(ifMissing)) ?? [];
  for (const child of children) {
    const folder = join(root, child.name);
    if (!child.isDirectory() || isTemporary(child.name)) continue;
    if (child.name.endsWith(MARK)) yield { name: prefix + child.name.slice(0, -MARK.length), folder };
    else yield* entryFolders(folder, `${prefix}${child.name}/`);
  }
}
