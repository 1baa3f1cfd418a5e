import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, ifMissing } from './file-identity.ts';
import type { TargetFile } from './record.ts';

/** A larger file is told by its identity alone. */
const MAX_DIGEST_BYTES = 256 << 20;
/** File systems tell the time in steps of up to 2 s: two changes within one step can look like one. */
const CLOCK_STEP_MS = 2000;
/** What DuckDB and SQLite write beside a database and have not yet moved into it. */
const LOGS = ['.wal', '-wal', '-journal'] as const;
/** Equals no identity: the file may have changed just after it was looked at. */
const UNCERTAIN = '';
const CHUNK_BYTES = 1 << 20;

/**
 * What the database files are like now, for {@link checkTargetFiles} later. A file that is not there is not described,
 * and neither is an empty log.
 * @param paths Of the databases; their write-ahead logs are found beside them.
 */
export async function describeTargetFiles(paths: readonly string[]): Promise<readonly TargetFile[]> {
  const described: TargetFile[] = [];
  for (const found of await filesOf(paths)) described.push(await describe(found));
  return described;
}

/**
 * Why the database files are not certainly what a run left, as a sentence; undefined when they are. A file may lie in
 * another folder, with the same name: what counts is its content, unless nothing has touched it.
 */
export async function checkTargetFiles(
  recorded: readonly TargetFile[],
  paths: readonly string[],
): Promise<string | undefined> {
  if (recorded.length === 0 && paths[0] !== undefined) return `${paths[0]} is no file of that run.`;
  const left = [...(await filesOf(paths))];
  const take = (isIt: (file: FoundFile) => boolean): FoundFile | undefined => {
    const at = left.findIndex(isIt);
    return at === -1 ? undefined : left.splice(at, 1)[0];
  };
  const inPlace = new Map(recorded.map((file) => [file, take(({ path }) => path === file.path)]));
  for (const file of recorded) {
    const name = nameOf(file.path);
    const now = inPlace.get(file) ?? take(({ path }) => nameOf(path) === name);
    // Named as it was looked for: another checkout's file may be there still.
    if (now === undefined) return `${paths.find((path) => nameOf(path) === name) ?? file.path} is gone.`;
    const difference = await differenceOf(file, now);
    if (difference !== undefined) return `${now.path} ${difference}.`;
  }
  const [added] = left;
  return added === undefined ? undefined : `${added.path} was not there when that run ended.`;
}

interface FoundFile {
  readonly path: string;
  /** Undefined for one that cannot be looked at. */
  readonly stats: BigIntStats | undefined;
}

async function filesOf(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of new Set(paths)) {
    for (const end of ['', ...LOGS]) {
      const file = await lookAt(path + end);
      if (file === undefined || (end !== '' && file.stats?.size === 0n)) continue;
      found.push(file);
    }
  }
  return found;
}

async function lookAt(path: string): Promise<FoundFile | undefined> {
  try {
    const stats = await stat(path, { bigint: true }).catch(ifMissing);
    return stats === undefined ? undefined : { path, stats };
  } catch {
    return { path, stats: undefined };
  }
}

async function describe({ path, stats }: FoundFile): Promise<TargetFile> {
  if (stats === undefined || !stats.isFile()) return { path, bytes: 0, identity: UNCERTAIN };
  if (stats.size <= MAX_DIGEST_BYTES) {
    const read = await digestOf(path).catch(() => undefined);
    return read === undefined
      ? { path, bytes: Number(stats.size), identity: UNCERTAIN }
      : { path, bytes: read.bytes, identity: read.identity, sha256: read.sha256 };
  }
  // Nothing but its identity will tell, so that has to be certain.
  const young = CLOCK_STEP_MS - ageMs(stats);
  if (young > 0) await delay(Math.min(young, CLOCK_STEP_MS) + 1);
  const now = await stat(path, { bigint: true }).catch(() => undefined);
  return {
    path,
    bytes: Number((now ?? stats).size),
    identity: now?.isFile() ? certainIdentity(now) : UNCERTAIN,
  };
}

async function differenceOf(then: TargetFile, { path, stats }: FoundFile): Promise<string | undefined> {
  if (stats === undefined) return 'cannot be looked at';
  if (!stats.isFile()) return 'is no file any more';
  if (then.identity !== UNCERTAIN && then.identity === identityOf(stats)) return undefined;
  if (stats.size !== BigInt(then.bytes)) return `has ${stats.size} bytes, and had ${then.bytes}`;
  if (then.sha256 === undefined || stats.size > MAX_DIGEST_BYTES) {
    return 'may have been changed, and its content is not known';
  }
  try {
    const read = await digestOf(path);
    if (read === undefined) return 'is being written';
    return read.sha256 === then.sha256 ? undefined : 'has been changed';
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
}

/** Undefined when the file changed while it was read, or is too large by now. */
async function digestOf(
  path: string,
): Promise<Pick<Required<TargetFile>, 'bytes' | 'identity' | 'sha256'> | undefined> {
  const handle = await open(path, 'r');
  try {
    const before = await handle.stat({ bigint: true });
    const identity = certainIdentity(before);
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let at = 0; at <= MAX_DIGEST_BYTES; ) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) {
        if (identityOf(await handle.stat({ bigint: true })) !== identityOf(before)) return undefined;
        return { bytes: at, identity, sha256: hash.digest('hex') };
      }
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

function certainIdentity(stats: BigIntStats): string {
  return ageMs(stats) >= CLOCK_STEP_MS ? identityOf(stats) : UNCERTAIN;
}

/** Since the content was changed; a change of the content moves this time, and nothing else has to. */
function ageMs({ mtimeNs }: BigIntStats): number {
  return Date.now() - Number(mtimeNs / 1_000_000n);
}

function nameOf(path: string): string {
  return basename(path.replaceAll('\\', '/'));
}
