import { lstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { RunProgram } from '../../util/run-program.ts';
import { askGit } from './ask-git.ts';

/** Files without any attribute that lets what is checked out differ from what is stored: line ends, LFS, keywords. */
const AS_STORED = ':(attr:!text !eol !crlf !filter !ident !working-tree-encoding)';
/** Two changes so close may get one time: the system's clock for files ticks no more often. */
const TICK_NS = 20_000_000n;
/** Looked at in one go, so that other work gets its turn. */
const AT_ONCE = 2_000;

export interface GitObjects {
  /** Of the ids. */
  readonly algorithm: 'sha1' | 'sha256';
  /** Object ids by name relative to the folder. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * What git's index knows of the files in a folder, so that they need not be read: the ids of those whose content on
 * disk certainly is the index's. An id is the digest of `blob <size>\0<content>`.
 *
 * git itself compares times by the second, and so takes a file for unchanged whose size and time of change were put
 * back soon enough. Here the nanoseconds of the inode's own time count, which nobody can put back.
 * @returns undefined when there is no git, no repository, or git may convert line ends.
 */
export async function gitObjects(
  folder: string,
  env: Readonly<Record<string, string>>,
  run: RunProgram,
): Promise<GitObjects | undefined> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    const answer = await askGit({ folder, env, run }, args);
    return answer?.exitCode === 0 ? answer.stdout : undefined;
  };
  const [staged, autocrlf, index] = await Promise.all([
    git('ls-files', '-v', '--stage', '--debug', '-z', '--', AS_STORED),
    git('config', '--default', 'false', '--get', 'core.autocrlf'),
    git('rev-parse', '--git-path', 'index'),
  ]);
  if (staged === undefined || index === undefined || autocrlf?.trim() !== 'false') return undefined;
  const writtenNs = await timeOf(resolve(folder, index.replace(/\n$/, '')));
  if (writtenNs === undefined) return undefined;

  const ids = new Map<string, string>();
  let algorithm: GitObjects['algorithm'] = 'sha1';
  let looked = 0;
  for (const entry of entriesOf(staged)) {
    if (++looked % AT_ONCE === 0) await setImmediate();
    if (!isAsRecorded(join(folder, entry.name), entry, writtenNs)) continue;
    if (entry.id.length === 64) algorithm = 'sha256';
    ids.set(entry.name, entry.id);
  }
  return { algorithm, ids };
}

async function timeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).mtimeNs;
  } catch {
    return undefined;
  }
}

interface Entry {
  readonly name: string;
  readonly id: string;
  readonly ctimeNs: bigint;
  readonly mtimeNs: bigint;
  /** Of inode and size git keeps the lower 32 bits. */
  readonly inode: bigint;
  readonly size: bigint;
}

const ENTRY =
  /(\S) (\d+) ([0-9a-f]+) (\d)\t([^\0]+)\0 +ctime: (\d+):(\d+)\n +mtime: (\d+):(\d+)\n +dev: \d+\tino: (\d+)\n +uid: \d+\tgid: \d+\n +size: (\d+)\tflags: [0-9a-f]+(?:\n|$)/y;

/** What follows something that is not understood is left out, and so is read. */
function* entriesOf(staged: string): Generator<Entry> {
  ENTRY.lastIndex = 0;
  for (;;) {
    const match = ENTRY.exec(staged);
    if (match === null) return;
    const [, tag, mode = '', id = '', stage, name = '', ...times] = match;
    // `H`: neither assumed to be unchanged nor left out of the work tree. Links and submodules hold something else than
    // what dbt reads through them; a conflict has several stages; a name that is not UTF-8 cannot be told from another.
    if (tag !== 'H' || stage !== '0' || !mode.startsWith('100') || name.includes('\uFFFD')) continue;
    const [ctime = 0n, ctimeRest = 0n, mtime = 0n, mtimeRest = 0n, inode = 0n, size = 0n] = times.map(BigInt);
    yield {
      name,
      id,
      ctimeNs: ctime * 1_000_000_000n + ctimeRest,
      mtimeNs: mtime * 1_000_000_000n + mtimeRest,
      inode,
      size,
    };
  }
}

/** Whether nothing has touched the file since git looked at it, and git did so long enough after the last change. */
function isAsRecorded(path: string, entry: Entry, writtenNs: bigint): boolean {
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return (
    now?.isFile() === true &&
    now.ctimeNs === entry.ctimeNs &&
    now.mtimeNs === entry.mtimeNs &&
    BigInt.asUintN(32, now.ino) === entry.inode &&
    BigInt.asUintN(32, now.size) === entry.size &&
    now.ctimeNs + TICK_NS < writtenNs
  );
}
