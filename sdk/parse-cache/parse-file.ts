import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, ifMissing } from '../dedup/file-identity.ts';

const FILE_NAME = 'partial_parse.msgpack';

export function parseFileOf(targetPath: string): string {
  return join(targetPath, FILE_NAME);
}

/** Whether anything is there by that name: a link counts, wherever it leads. */
export async function hasParseFile(targetPath: string): Promise<boolean> {
  return (await lstat(parseFileOf(targetPath)).catch(ifMissing)) !== undefined;
}

/**
 * Writes the file whole or not at all. Nothing is replaced, and no link is followed out of the target folder.
 * @returns False when something is there by now.
 * @throws Error of the file system.
 */
export async function placeParseFile(targetPath: string, content: Uint8Array): Promise<boolean> {
  await mkdir(targetPath, { recursive: true });
  const draft = join(targetPath, `.dbt_runcache.${randomUUID()}`);
  try {
    await writeFile(draft, content, { flag: 'wx' });
    if (await hasParseFile(targetPath)) return false;
    await rename(draft, parseFileOf(targetPath));
    return true;
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

export type ReadParseFile =
  | { readonly kind: 'read'; readonly content: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unfit'; readonly why: string };

/** What dbt left. A link is not followed: who put it there may have meant another file to be read and kept. */
export async function readParseFile(targetPath: string, maxBytes: number): Promise<ReadParseFile> {
  const path = parseFileOf(targetPath);
  try {
    const found = await lstat(path).catch(ifMissing);
    if (found === undefined) return { kind: 'absent' };
    if (!found.isFile()) return unfit(`${FILE_NAME} is no plain file`);
    // A link may have taken its place since. Windows has no such flag.
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const before = await file.stat({ bigint: true });
      if (!before.isFile()) return unfit(`${FILE_NAME} is no plain file`);
      if (before.size > maxBytes)
        return unfit(`${FILE_NAME} has ${before.size} bytes, and at most ${maxBytes} are kept`);
      const content = await file.readFile();
      const after = await file.stat({ bigint: true });
      return identityOf(before) === identityOf(after) && content.length === Number(before.size)
        ? { kind: 'read', content }
        : unfit(`${FILE_NAME} changed while it was read`);
    } finally {
      await file.close();
    }
  } catch (error) {
    return unfit(`${FILE_NAME} cannot be read: ${(error as Error).message}`);
  }
}

function unfit(why: string): ReadParseFile {
  return { kind: 'unfit', why };
}
