import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { childEnvironment } from '../plan/environment.ts';
import type { Environment } from '../plan/variables.ts';
import { isExecutableFile, isFile } from '../runtimes/find-executable.ts';
import { askProgram } from '../runtimes/process.ts';
import type { TargetLock } from '../runtimes/target-lock.ts';
import { reasonOf } from '../util/reason.ts';
import { unlessAborted } from '../util/waiting.ts';
import { differencesIn, refuseDifferences } from './check-installed.ts';
import { type FolderCache, type PlannedEnvironment, programIn } from './environment.ts';
import { chooseInstaller, type Installer, installerEnvironment } from './installer.ts';
import { lastWords, runStep, type StepOptions } from './run-step.ts';
import { underLock } from './under-lock.ts';

export interface EnsureOptions {
  /** The caller's; what is the runner's own is kept from the installer. */
  readonly env: Environment;
  readonly cache?: FolderCache | undefined;
  /** Ends the waiting and the installer; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Told what is going on, a short line for people at a time. */
  readonly say: (line: string) => void;
}

export interface EnsuredEnvironment {
  /** `there`: nothing was to be done. `restored`: from the cache. */
  readonly how: 'there' | 'restored' | 'installed';
  readonly wallMs: number;
}

/** Long enough for a slow disk. */
const TRY_PYTHON_MS = 30_000;
const MAX_SHOWN = 6;

/**
 * Sees to it that the environment is there. Of several processes one makes it, the others wait for that one. What a
 * killed process left is made anew: an environment counts only with a mark that is written last, beside the folder,
 * so that no cache brings it back.
 * @throws DbtRunCacheError `install-failed` with the installer's last words; the signal's reason.
 */
export async function ensureEnvironment(
  planned: PlannedEnvironment,
  options: EnsureOptions,
): Promise<EnsuredEnvironment> {
  const { signal } = options;
  const startedAt = performance.now();
  signal.throwIfAborted();
  try {
    const how = (await isComplete(planned)) ? 'there' : await makeAlone(planned, options);
    if (how === 'installed' && options.cache !== undefined) await save(planned, options, options.cache);
    return { how, wallMs: Math.round(performance.now() - startedAt) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof DbtRunCacheError && thrown.code === 'install-failed') throw thrown;
    throw new DbtRunCacheError(`dbt could not be installed into ${planned.folder}: ${reasonOf(thrown)}`, {
      code: 'install-failed',
      hint: 'Check that there is room, and that the folder and the temporary folder can be written to.',
      cause: thrown,
    });
  }
}

async function save(
  planned: PlannedEnvironment,
  { signal, say }: EnsureOptions,
  cache: FolderCache,
): Promise<void> {
  // Installers note the address beside the package, and others may read a cache.
  if (planned.requirements.leavesSecrets)
    return say("dbt's environment is not kept in the cache: an address in the requirements holds a secret");
  await unlessAborted(signal, cache.save(planned.folder, planned.cacheKey));
}

async function makeAlone(
  planned: PlannedEnvironment,
  options: EnsureOptions,
): Promise<EnsuredEnvironment['how']> {
  const { cache, signal, say } = options;
  await mkdir(dirname(planned.folder), { recursive: true });
  const lockOptions = {
    onBusy: 'wait',
    signal,
    // Beside it, since several machines or containers may share the folder.
    dir: dirname(planned.folder),
    onWait: ({ pid }: { readonly pid: number }) =>
      say(`Waiting for process ${pid}, which is installing the same dbt`),
  } as const;
  return underLock(planned.folder, lockOptions, async (lock, restore) => {
    if (await isComplete(planned)) return 'there';
    await clear(planned);
    if (cache !== undefined) {
      const startedAt = performance.now();
      const isBack = await restore(cache.restore(planned.folder, planned.cacheKey));
      if (isBack && (await works(planned, options.env))) {
        await complete(planned);
        say(`dbt's environment came from the cache in ${seconds(startedAt)}`);
        return 'restored';
      }
      if (isBack) say("dbt's environment from the cache does not work here and is made anew");
      await clear(planned);
    }
    await install(planned, options, lock);
    await complete(planned);
    return 'installed';
  });
}

async function install(planned: PlannedEnvironment, options: EnsureOptions, lock: TargetLock): Promise<void> {
  const { requirements, folder, cwd } = planned;
  const { signal, say } = options;
  const startedAt = performance.now();
  const env = childEnvironment(options.env);
  const installer = await chooseInstaller(planned, env);
  say(`Installing dbt (${installer.name}): ${shown(requirements.shown)}`);
  const step: StepOptions = {
    ...{ cwd, signal, env: installerEnvironment(env), secrets: planned.secrets },
    // A killed owner may leave an installer behind that goes on writing.
    onStarted: (pid) => lock.noteDbt(pid),
  };
  try {
    await withFile(requirements.given, (file) => runAll(installer, file, step, say));
    if (!(await isExecutableFile(programIn(folder, 'dbt'))))
      throw failed(
        'the requirements do not install a dbt command',
        'Name dbt-core, or dbt for dbt v2, among them.',
      );
    refuseDifferences(await differencesIn(planned));
  } catch (thrown) {
    // After a stop there is no time; who comes next clears up.
    if (!signal.aborted) await clear(planned).catch(() => undefined);
    throw thrown;
  }
  say(`Installed dbt in ${seconds(startedAt)}`);
}

async function runAll(
  { name, steps }: Installer,
  file: string,
  step: StepOptions,
  say: (line: string) => void,
): Promise<void> {
  for (const command of steps(file)) {
    const end = await runStep(command, step);
    if (end.succeeded) continue;
    for (const line of end.lines) say(line);
    throw failed(
      `${name} ended with ${end.how}: ${lastWords(end.lines) || 'it said nothing'}`,
      /ensurepip|No module named (?:venv|pip)/.test(end.lines.join('\n'))
        ? 'This Python cannot make virtual environments: install its venv module, use actions/setup-python, or put uv on PATH.'
        : `Check the requirements and the package index; ${name}'s output stands above.`,
    );
  }
}

/** The file to give to the installer: credentials must not stand in a command line, which others can read. */
async function withFile<T>(
  given: PlannedEnvironment['requirements']['given'],
  use: (file: string) => Promise<T>,
): Promise<T> {
  if (given.kind === 'file') return use(given.path);
  const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-install-'));
  try {
    const file = join(folder, 'requirements.txt');
    await writeFile(file, `${given.lines.join('\n')}\n`, { mode: 0o600 });
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function markOf({ folder }: PlannedEnvironment): string {
  return `${folder}.complete`;
}

async function isComplete(planned: PlannedEnvironment): Promise<boolean> {
  const mark = await readFile(markOf(planned), 'utf8').catch(() => undefined);
  return mark === planned.digest && (await hasPrograms(planned)) && (await isAsPlanned(planned));
}

async function isAsPlanned(planned: PlannedEnvironment): Promise<boolean> {
  return (await differencesIn(planned)).length === 0;
}

async function hasPrograms({ folder }: PlannedEnvironment): Promise<boolean> {
  // The interpreter is a link to one that an upgrade may have taken away.
  const [dbt, python] = await Promise.all([
    isExecutableFile(programIn(folder, 'dbt')),
    isFile(programIn(folder, 'python')),
  ]);
  return dbt && python;
}

async function complete(planned: PlannedEnvironment): Promise<void> {
  await writeFile(markOf(planned), planned.digest);
}

async function clear(planned: PlannedEnvironment): Promise<void> {
  await rm(markOf(planned), { force: true });
  await rm(planned.folder, { recursive: true, force: true });
}

/** Whether what a cache brought back can be started here. */
async function works(planned: PlannedEnvironment, env: Environment): Promise<boolean> {
  if (!(await hasPrograms(planned)) || !(await isAsPlanned(planned))) return false;
  const { exitCode } = await askProgram(programIn(planned.folder, 'python'), ['-I', '-c', ''], {
    env: installerEnvironment(childEnvironment(env)),
    cwd: planned.cwd,
    timeoutMs: TRY_PYTHON_MS,
  }).catch(() => ({ exitCode: undefined }));
  return exitCode === 0;
}

function failed(why: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(`dbt could not be installed: ${why}`, { code: 'install-failed', hint });
}

function shown(names: readonly string[]): string {
  const more = names.length - MAX_SHOWN;
  return names.slice(0, MAX_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function seconds(startedAt: number): string {
  const passed = (performance.now() - startedAt) / 1000;
  return passed < 1 ? 'less than a second' : `${Math.round(passed)} s`;
}
