import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DedupStore, ReadAnswer, StoredEntry, WriteAnswer } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { DbtRunCacheError } from '../errors.ts';

/** A removed entry leaves a mark, so that a writer from before finds that it is late. Kept for this long. */
const REMOVED_KEPT_MS = 24 * 3_600_000;
/** Ends the name of an entry's folder; no name holds it. */
const MARK = '@';
/** How often a listing is read anew when its newest version is replaced in between. */
const MAX_READS = 50;

export interface FileStoreOptions {
  /** Folder of the ledger. Made when it is not there. Every user of the ledger needs write access. */
  readonly dir: string;
}

/**
 * A ledger in a folder, for any number of processes of one host.
 *
 * Each version of an entry is a file of its own, `<name>/<number>`, that never changes. Making the file of the next
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

  const write = async (
    name: string,
    content: Content,
    expected: string | undefined,
    retainMs: number,
  ): Promise<WriteAnswer> => {
    const folder = folderOf(name);
    const current = await newest(folder);
    if (liveVersion(current) !== expected) return { kind: 'conflict' };
    const number = (current?.number ?? 0) + 1;
    await mkdir(folder, { recursive: true });
    // Numbers begin anew when an entry was cleared away, ids do not.
    const id = randomUUID();
    const temporary = join(folder, `.${id}`);
    try {
      await writeDurably(temporary, JSON.stringify({ id, retainMs, ...content }));
      await link(temporary, join(folder, String(number)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { kind: 'conflict' };
      throw error;
    } finally {
      await unlink(temporary).catch(() => undefined);
    }
    // A very late writer may have taken a number whose file was already cleared away.
    const numbers = await numbersIn(folder);
    if (numbers.some((other) => other > number)) {
      await unlink(join(folder, String(number))).catch(() => undefined);
      return { kind: 'conflict' };
    }
    for (const old of numbers) {
      if (old < number) await unlink(join(folder, String(old))).catch(() => undefined);
    }
    return { kind: 'written', version: versionOf(number, id) };
  };

  return {
    kind: 'file',
    guarantees: { scope: 'host', renews: true, durable: true },
    read: (name) =>
      guarded(async (): Promise<ReadAnswer> => {
        const current = await newest(folderOf(name));
        const entry = current === undefined ? undefined : liveEntry(current);
        return entry === undefined ? { kind: 'absent' } : { kind: 'found', entry };
      }),
    write: ({ name, value, expected, retainMs }) => {
      checkName(name);
      checkValue(value);
      return guarded(() => write(name, { value }, expected, retainMs));
    },
    remove: (name, version) => guarded(() => write(name, { removed: true }, version, REMOVED_KEPT_MS)),
    async *list(prefix) {
      for await (const { name, folder } of entryFolders(entriesDir)) {
        if (!name.startsWith(prefix)) continue;
        const current = await newest(folder).catch(() => undefined);
        if (current === undefined) continue;
        if (liveEntry(current) !== undefined) yield name;
        else if (current.ageMs > Math.max(current.content.retainMs, REMOVED_KEPT_MS)) {
          await rm(folder, { recursive: true, force: true }).catch(() => undefined);
        }
      }
    },
    putBlob: (name, bytes, _retainMs) =>
      guarded(async (): Promise<WriteAnswer> => {
        const path = join(blobsDir, checkName(name));
        await mkdir(dirname(path), { recursive: true });
        const temporary = `${path}.${randomUUID()}`;
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
    close: async () => {},
  };
}

/** What a version's file holds. */
type Content = { readonly value: string } | { readonly removed: true };

interface Version {
  readonly number: number;
  readonly content: Content & { readonly id: string; readonly retainMs: number };
  readonly ageMs: number;
}

function liveEntry({ number, content, ageMs }: Version): StoredEntry | undefined {
  if (!('value' in content) || ageMs > content.retainMs) return undefined;
  return { value: content.value, version: versionOf(number, content.id), ageMs };
}

function versionOf(number: number, id: string): string {
  return `${number}-${id}`;
}

function liveVersion(current: Version | undefined): string | undefined {
  return current === undefined ? undefined : liveEntry(current)?.version;
}

async function newest(folder: string): Promise<Version | undefined> {
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const number = Math.max(0, ...(await numbersIn(folder)));
    if (number === 0) return undefined;
    const path = join(folder, String(number));
    const [text, found] = await Promise.all([
      readFile(path, 'utf8').catch(ifMissing),
      stat(path).catch(ifMissing),
    ]);
    // Replaced and cleared away meanwhile.
    if (text === undefined || found === undefined) continue;
    const content = JSON.parse(text) as Version['content'];
    return { number, content, ageMs: Math.max(0, Date.now() - found.mtimeMs) };
  }
  throw Object.assign(new Error(`${folder} kept changing while it was read`), { code: 'EBUSY' });
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(ifMissing)) ?? [];
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
}

async function* entryFolders(
  root: string,
  prefix = '',
): AsyncIterable<{ readonly name: string; readonly folder: string }> {
  const children = (await readdir(root, { withFileTypes: true }).catch(ifMissing)) ?? [];
  for (const child of children) {
    const folder = join(root, child.name);
    if (!child.isDirectory()) continue;
    if (child.name.endsWith(MARK)) yield { name: prefix + child.name.slice(0, -MARK.length), folder };
    else yield* entryFolders(folder, `${prefix}${child.name}/`);
  }
}

/** On disk before it is named: a machine that stops must not leave a name without its content. */
async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
