import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredEntry, WriteAnswer } from '../dedup/store.ts';

/** How often something is looked at anew when others change it in between. */
const MAX_TRIES = 50;
const LONGEST_PAUSE_MS = 20;

/**
 * One entry is one folder, and each version in it a file `<number>` that never changes.
 *
 * Three rules make every change a compare-and-set, without a lock that a killed process could leave behind:
 *
 * - A version is made by a hard link to the number after the newest, which fails when that number is there.
 * - A writer puts its temporary file into the folder before it looks for the newest number. A folder that is not empty
 *   can neither be removed nor replaced, so the folder it looked at is the one it links into.
 * - A folder comes into being with its first version in it, by a rename, which fails where a folder with something in
 *   it is. A folder without versions is one that is just being cleared away, and is not written to.
 */
export async function writeVersion(
  folder: string,
  content: Content,
  expected: string | undefined,
  retainMs: number,
): Promise<WriteAnswer> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    // Most who are late find out here, before they write anything.
    if (liveVersion(await newestVersion(folder)) !== expected) return { kind: 'conflict' };
    const id = randomUUID();
    const text = JSON.stringify({ id, retainMs, ...content });
    const pin = join(folder, `.${id}`);
    let answer: WriteAnswer | 'gone';
    try {
      if (!(await writeDurably(pin, text))) {
        if (expected === undefined && (await makeFolder(folder, text)))
          return { kind: 'written', version: versionOf(1, id) };
        continue;
      }
      answer = await linkNext(folder, pin, id, expected);
    } finally {
      await unlink(pin).catch(() => undefined);
    }
    if (answer !== 'gone') return answer;
    await rmdir(folder).catch(() => undefined);
    await delay(Math.random() * LONGEST_PAUSE_MS);
  }
  throw Object.assign(new Error(`${folder} kept changing while it was written`), { code: 'EBUSY' });
}

/** With the temporary file in the folder. `gone`: the folder is being cleared away. */
async function linkNext(
  folder: string,
  pin: string,
  id: string,
  expected: string | undefined,
): Promise<WriteAnswer | 'gone'> {
  const current = await newestVersion(folder);
  if (liveVersion(current) !== expected) return { kind: 'conflict' };
  if (current === undefined) return 'gone';
  const number = current.number + 1;
  try {
    await link(pin, join(folder, String(number)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { kind: 'conflict' };
    throw error;
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
}

/** Whether it was made, with its first version. */
async function makeFolder(folder: string, text: string): Promise<boolean> {
  const temporary = join(dirname(folder), `.${randomUUID()}`);
  await mkdir(temporary, { recursive: true });
  try {
    await writeDurably(join(temporary, '1'), text);
    await rename(temporary, folder);
    return true;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Windows says EPERM for a folder that is there.
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/**
 * Clears an entry away that has been dead for that long.
 *
 * Every writer that is at it has its temporary file in the folder. Where there is none, those to come find the version
 * that is read here, or a newer one, and link to a number above it: what is unlinked here is nothing of theirs, and
 * the folder goes only when it is empty.
 * @returns Whether it is gone.
 */
export async function clearIfDead(folder: string, deadKeptMs: number): Promise<boolean> {
  const names = (await readdir(folder).catch(ifMissing)) ?? [];
  if (names.some(isTemporary)) return false;
  const numbers = names.filter(isNumber).map(Number);
  if (numbers.length > 0) {
    const number = Math.max(...numbers);
    const current = await readVersion(folder, number);
    if (current === undefined || liveEntry(current) !== undefined) return false;
    if (current.ageMs <= Math.max(current.content.retainMs, deadKeptMs)) return false;
    for (const old of numbers.sort((a, b) => a - b))
      await unlink(join(folder, String(old))).catch(() => undefined);
  }
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}

/** What a version's file holds. */
export type Content = { readonly value: string } | { readonly removed: true };

export interface Version {
  readonly number: number;
  readonly content: Content & { readonly id: string; readonly retainMs: number };
  readonly ageMs: number;
}

export function liveEntry({ number, content, ageMs }: Version): StoredEntry | undefined {
  if (!('value' in content) || ageMs > content.retainMs) return undefined;
  return { value: content.value, version: versionOf(number, content.id), ageMs };
}

function liveVersion(current: Version | undefined): string | undefined {
  return current === undefined ? undefined : liveEntry(current)?.version;
}

/** Numbers begin anew when an entry was cleared away, ids do not. */
function versionOf(number: number, id: string): string {
  return `${number}-${id}`;
}

export async function newestVersion(folder: string): Promise<Version | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const number = Math.max(0, ...(await numbersIn(folder)));
    if (number === 0) return undefined;
    const version = await readVersion(folder, number);
    if (version !== undefined) return version;
  }
  throw Object.assign(new Error(`${folder} kept changing while it was read`), { code: 'EBUSY' });
}

/** Undefined for what was replaced and cleared away meanwhile. */
async function readVersion(folder: string, number: number): Promise<Version | undefined> {
  const path = join(folder, String(number));
  const [text, found] = await Promise.all([
    readFile(path, 'utf8').catch(ifMissing),
    stat(path).catch(ifMissing),
  ]);
  if (text === undefined || found === undefined) return undefined;
  return { number, content: contentOf(text, path), ageMs: Math.max(0, Date.now() - found.mtimeMs) };
}

/** @throws Error for what no version of this store has written. */
function contentOf(text: string, path: string): Version['content'] {
  const content = JSON.parse(text) as Partial<
    Version['content'] & { value: unknown; removed: unknown }
  > | null;
  if (
    typeof content?.id === 'string' &&
    Number.isFinite(content.retainMs) &&
    (typeof content.value === 'string' || content.removed === true)
  )
    return content as Version['content'];
  throw new Error(`${path} is no entry of a ledger`);
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(ifMissing)) ?? [];
  return names.filter(isNumber).map(Number);
}

function isNumber(name: string): boolean {
  return /^[1-9]\d*$/.test(name);
}

/** No word of a name begins with a dot. */
export function isTemporary(name: string): boolean {
  return name.startsWith('.');
}

/**
 * On disk before it is named: a machine that stops must not leave a name without its content.
 * @returns False when its folder is not there.
 */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<boolean> {
  const file = await open(path, 'wx').catch(ifMissing);
  if (file === undefined) return false;
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
  return true;
}

export function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
