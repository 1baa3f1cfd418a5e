import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, mkdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DbtRunCacheError } from '../errors.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../util/process-identity.ts';

const WAIT_POLL_MS = 200;
const CHANGING_POLL_MS = 20;
/** Tells holders on other machines, whose processes cannot be looked at, that this one lives. */
const BEAT_MS = 5000;
const SILENT_MS = 45_000;

/** What a lock file says. */
interface Holder {
  readonly token: string;
  readonly targetPath: string;
  readonly owner: ProcessIdentity;
  /** dbt itself, which may outlive a killed owner and still write to the folder. */
  readonly dbt?: ProcessIdentity;
  readonly since: string;
  /** The machine or container that the processes are on. */
  readonly host?: string;
}

export interface TargetLock {
  /** Notes dbt's process, so that the folder stays taken as long as dbt lives. */
  noteDbt(pid: number): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  readonly onBusy: 'fail' | 'wait';
  /** Ends the waiting; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Told once, when waiting begins. */
  /** Absolute: where the file lies, for a folder that several machines share. Default: in the temporary folder. */
  readonly dir?: string | undefined;
  /** How long a holder on another machine may be silent before it counts as gone. Default: 45 seconds. */
  readonly silentMs?: number | undefined;
  readonly onWait?: ((holder: { pid: number; since: string }) => void) | undefined;
}

/**
 * Takes a target folder for one run. Seen by all processes of this user on this machine; the file lies in the
 * system's temporary folder, since `dbt clean` deletes the target folder, unless `dir` says otherwise. What a dead process left is taken over.
 * @throws DbtRunCacheError `target-path-busy`.
 */
export async function lockTarget(targetPath: string, options: LockOptions): Promise<TargetLock> {
  const path = await lockPath(targetPath, options.dir);
  const holds = watcher(options.silentMs ?? SILENT_MS);
  const holder: Holder = {
    token: randomUUID(),
    targetPath,
    owner: identifyProcess(process.pid),
    since: new Date().toISOString(),
    host: HOST,
  };
  let waiting = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const state = await tryTake(path, holder, holds);
    if (state === 'taken') break;
    if (state !== 'changing') {
      const pid = state.dbt?.pid ?? state.owner.pid;
      if (options.onBusy === 'fail') throw busy(targetPath, pid, state.since);
      if (!waiting) options.onWait?.({ pid, since: state.since });
      waiting = true;
    }
    const pauseMs = state === 'changing' ? CHANGING_POLL_MS : WAIT_POLL_MS;
    await delay(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }

  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();

  return {
    noteDbt: (pid) => replace(path, { ...holder, dbt: identifyProcess(pid) }),
    release: async () => {
      clearInterval(beat);
      const current = await readHolder(path);
      if (current?.token === holder.token) await rm(path, { force: true });
    },
  };
}

function busy(targetPath: string, pid: number, since: string): DbtRunCacheError {
  return new DbtRunCacheError(`Another dbt run is using ${targetPath} (process ${pid}, since ${since})`, {
    code: 'target-path-busy',
    hint: 'Give each run its own --target-path, run one after the other, or let this one wait.',
  });
}

/** Who has it; or that it is ours now; or that another process is just replacing it. */
async function tryTake(path: string, holder: Holder, holds: Holds): Promise<'taken' | 'changing' | Holder> {
  if (await createWhole(path, holder)) return 'taken';
  const other = await readHolder(path);
  if (other !== undefined && (await holds(path, other))) return other;
  return takeOver(path, holder, holds);
}

/** Whether the holder that a file names still is one. */
type Holds = (path: string, holder: Holder) => Promise<boolean>;

/** Of a holder on another machine only its file can be seen to change; clocks of two machines are not compared. */
function watcher(silentMs: number): Holds {
  const beats = new Map<string, { readonly last: string; readonly sinceMs: number }>();
  return async (path, { owner, dbt, token, host = HOST }) => {
    if (host === HOST) return isAlive(owner) || (dbt !== undefined && isAlive(dbt));
    const changedMs = await stat(path).then(
      (info) => info.mtimeMs,
      () => 0,
    );
    const last = `${token} ${changedMs}`;
    const before = beats.get(path);
    if (before?.last === last) return performance.now() - before.sinceMs < silentMs;
    beats.set(path, { last, sinceMs: performance.now() });
    return true;
  };
}

/** Tells this machine from others, and containers of one machine from each other: each counts processes by itself. */
const HOST = hostIdentity();

function hostIdentity(): string {
  const read = (ask: () => string): string => {
    try {
      return ask().trim();
    } catch {
      return '';
    }
  };
  return [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
}

/**
 * Replaces a dead holder's lock. Only one process may look and replace at a time, else a slow one would remove the
 * lock a fast one has just taken; a guard file, itself a lock with a living owner, sees to that.
 */
async function takeOver(path: string, holder: Holder, holds: Holds): Promise<'taken' | 'changing' | Holder> {
  const guard = `${path}.guard`;
  if (!(await createWhole(guard, holder))) {
    const guardian = await readHolder(guard);
    if (guardian !== undefined && !(await holds(guard, guardian))) await rm(guard, { force: true });
    return 'changing';
  }
  try {
    const other = await readHolder(path);
    if (other !== undefined && (await holds(path, other))) return other;
    await rm(path, { force: true });
    return (await createWhole(path, holder)) ? 'taken' : 'changing';
  } finally {
    await rm(guard, { force: true });
  }
}

/** Creates a file with its whole content or not at all. False when it is there already. */
async function createWhole(path: string, holder: Holder): Promise<boolean> {
  const draft = `${path}.${holder.token}`;
  await writeFile(draft, JSON.stringify(holder));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function replace(path: string, holder: Holder): Promise<void> {
  const draft = `${path}.${holder.token}`;
  await writeFile(draft, JSON.stringify(holder));
  await rename(draft, path);
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function lockPath(targetPath: string, dir: string | undefined): Promise<string> {
  if (dir !== undefined) return join(dir, `${basename(targetPath)}.lock`);
  // By number where there are numbers: in a container the user may have no name.
  const folder = join(tmpdir(), `dbt-runcache-${process.getuid?.() ?? userInfo().username}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  // Two ways to the same folder are the same folder; the target itself may not exist yet.
  const real = await realpath(targetPath).catch(async () =>
    join(await realpath(dirname(targetPath)).catch(() => dirname(targetPath)), basename(targetPath)),
  );
  return join(folder, `${createHash('sha256').update(real).digest('hex').slice(0, 32)}.lock`);
}
