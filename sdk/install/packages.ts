import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { CommandLine } from '../plan/command-line.ts';
import { envSecrets } from '../plan/environment.ts';
import { type CodeInput, sourceRootsOf } from '../plan/fingerprint/list-sources.ts';
import type { TargetLock } from '../runtimes/target-lock.ts';
import { reasonOf } from '../util/reason.ts';
import { unlessAborted } from '../util/waiting.ts';
import { removeGitFolders, whyNotToKeep } from './clean-packages.ts';
import type { FolderCache } from './environment.ts';
import { lockedIn, packagesIn } from './package-files.ts';
import { hasPackages, holdsPackages, markComplete, markIncomplete, removeFolder } from './packages-folder.ts';
import { lastWords, runStep } from './run-step.ts';
import { type Restore, underLock } from './under-lock.ts';

/** What the place of a project's packages follows from. */
export type PackagesInput = Pick<
  CodeInput,
  'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'project' | 'versions'
>;

/** dbt packages that a project names and that are not installed. */
export interface MissingPackages {
  /** Absolute: the project's. */
  readonly projectDir: string;
  /** Absolute: where dbt will install them; absent where only dbt can tell. */
  readonly folder?: string;
  /** Names them as they are locked; absent where the lock does not tell all of it. */
  readonly cacheKey?: string;
}

const LOCK_FILE = 'package-lock.yml';
const NAMED_IN = ['packages.yml', 'dependencies.yml'];

/** Undefined when the project has no packages, or its packages are there. */
export async function missingPackages(input: PackagesInput): Promise<MissingPackages | undefined> {
  const projectDir = input.project.dir;
  const files = await Promise.all(
    [...NAMED_IN, LOCK_FILE].map((name) => readFile(join(projectDir, name), 'utf8').catch(() => undefined)),
  );
  const named = files.map((text) => (text === undefined ? 0 : packagesIn(text)));
  if (named.every((one) => one === 0)) return undefined;
  let folders: readonly string[];
  try {
    folders = (await sourceRootsOf(input, new Set())).packages;
  } catch {
    return { projectDir };
  }
  const lockText = files.at(-1);
  for (const folder of folders) if (await hasPackages(folder, lockText)) return undefined;
  const [folder] = folders;
  if (folder === undefined) return { projectDir };
  const isLocked = lockText !== undefined && named.every((one) => one !== 'uncertain');
  if (!isLocked) return { projectDir, folder };
  const parts = [files, folder, input.versions.dbt ?? ''];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { projectDir, folder, cacheKey: `dbt-runcache-packages-${digest}` };
}

export interface EnsurePackagesOptions {
  /** Sees to it that dbt is there, where `dbt deps` has to be run. */
  readonly before?: () => Promise<void>;
  /** How dbt is started. */
  readonly command: readonly string[];
  /** Of `dbt deps`: see `depsArguments()`. */
  readonly args: readonly string[];
  /** Absolute: where dbt is started. */
  readonly cwd: string;
  /** As dbt gets it for the run. */
  readonly env: Readonly<Record<string, string>>;
  readonly cache?: FolderCache | undefined;
  /** Ends dbt; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Never to be shown, besides what the environment holds. */
  readonly secrets?: readonly string[] | undefined;
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
  const lockOptions = {
    onBusy: 'wait',
    signal,
    onWait: ({ pid }: { readonly pid: number }) =>
      say(`Waiting for process ${pid}, which is installing the same dbt packages`),
  } as const;
  const ended = await underLock(place, lockOptions, async (lock, restore) => {
    const isThere =
      missing.folder !== undefined && (await hasPackages(missing.folder, await readLock(missing.projectDir)));
    return isThere ? { how: 'there' as const, wroteLock: false } : bring(missing, options, lock, restore);
  });
  return { ...ended, wallMs: Math.round(performance.now() - startedAt) };
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
    if (isBack && (await holdsPackages(kept.folder, await readLock(projectDir)))) {
      await markComplete(kept.folder);
      say('The dbt packages came from the cache');
      return { how: 'restored', wroteLock: false };
    }
    await discard(kept.folder);
  }
  await options.before?.();
  const locked = await readLock(projectDir);
  const startedAt = performance.now();
  say('Installing the dbt packages (dbt deps)');
  if (folder !== undefined) await markIncomplete(folder);
  try {
    await runDeps(options, lock);
    if (folder !== undefined) await markComplete(folder);
  } catch (thrown) {
    // With some packages in it, the next run would take them for all.
    if (folder !== undefined) await discard(folder).catch(() => undefined);
    throw thrown;
  }
  say(`Installed the dbt packages in ${Math.max(1, Math.round((performance.now() - startedAt) / 1000))} s`);
  const lockedNow = await readLock(projectDir);
  // A lock that named others does not say what the next job gets. dbt v2 may write the same in another way.
  const isAsLocked = lockedIn(lockedNow) === lockedIn(locked);
  const isWhole = folder !== undefined && (await holdsPackages(folder, lockedNow));
  if (kept !== undefined && isAsLocked && isWhole) await keep(kept, options);
  return { how: 'installed', wroteLock: lockedNow !== locked };
}

function readLock(projectDir: string): Promise<string | undefined> {
  return readFile(join(projectDir, LOCK_FILE), 'utf8').catch(() => undefined);
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

async function runDeps(options: EnsurePackagesOptions, lock: TargetLock): Promise<void> {
  const { cwd, env, signal, secrets = [], say } = options;
  let end: Awaited<ReturnType<typeof runStep>>;
  try {
    end = await runStep([...options.command, 'deps', ...options.args], {
      ...{ cwd, env, signal, secrets },
      onStarted: (pid) => lock.noteDbt(pid),
    });
  } catch (thrown) {
    signal.throwIfAborted();
    throw failed(`dbt could not be started (${reasonOf(thrown)})`, thrown);
  }
  if (end.succeeded) return;
  for (const line of end.lines) say(line);
  throw failed(`dbt deps ended with ${end.how}: ${lastWords(end.lines) || 'it said nothing'}`);
}

function failed(why: string, cause?: unknown): DbtRunCacheError {
  return new DbtRunCacheError(`The dbt packages could not be installed: ${why}`, {
    code: 'install-failed',
    hint: 'Check packages.yml and that its hosts can be reached, or install the packages in a step before.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What of a run's arguments `dbt deps` needs to find the same project and packages. */
export function depsArguments(commandLine: CommandLine, args: readonly string[]): string[] {
  const { projectDir, profilesDir, profile, target, logPath, vars } = commandLine;
  const given = {
    ...{ 'project-dir': projectDir, 'profiles-dir': profilesDir, profile, target },
    ...{ 'log-path': logPath, vars },
  };
  const option = '--packages-install-path';
  const place = args.flatMap((arg, at) =>
    arg === option ? args.slice(at, at + 2) : arg.startsWith(`${option}=`) ? [arg] : [],
  );
  return [
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...place,
  ];
}
