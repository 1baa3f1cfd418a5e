import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFileLock } from './file-lock.ts';
import { findPython, hasUv } from './find-python.ts';
import { type FusionDrivers, fusionDrivers } from './fusion-drivers.ts';
import { CACHE, REPOSITORY } from './repository.ts';

/** A virtual environment with dbt. */
export interface PythonEnv {
  readonly dir: string;
  /** Folder of its executables, to be put on PATH. */
  readonly binDir: string;
  readonly dbt: string;
  readonly python: string;
  /** What dbt is to be run with besides the caller's own environment. Empty for dbt Core. */
  readonly env: Readonly<Record<string, string>>;
}

/** A pinned list: `requirements-<name>.txt` beside this file. */
export type Requirements = 'core-1.11' | 'core-1.12' | 'fusion';

export interface PythonEnvOptions {
  /** Which pinned list. Default dbt Core 1.11. */
  readonly requirements?: Requirements;
  /** Told what is going on, a line at a time. */
  readonly report?: (line: string) => void;
  /** Default: `.cache/` of the repository. */
  readonly cacheDir?: string;
  /** Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
}

const PROGRESS_MS = 5000;

/** What the installer is told besides the list. */
const INSTALLER_FLAGS: Readonly<Record<Requirements, readonly string[]>> = {
  'core-1.11': [],
  'core-1.12': ['--no-deps', '--only-binary', ':all:'],
  fusion: ['--no-deps', '--only-binary', ':all:'],
};

/**
 * The virtual environment with exactly the pinned packages, made at the first call and kept in the cache.
 * Any number of processes may call this at once: one makes it, the others wait for that one.
 * @throws Error of one line: what is missing and how to get it, or where the installer's log is.
 */
export async function pythonEnv(options: PythonEnvOptions = {}): Promise<PythonEnv> {
  const name = options.requirements ?? 'core-1.11';
  const requirementsFile = fileURLToPath(new URL(`./requirements-${name}.txt`, import.meta.url));
  const drivers = name === 'fusion' ? await fusionDrivers() : undefined;
  const root = join(options.cacheDir ?? CACHE, 'python');
  // Scripts of a virtual environment hold its absolute path, so a moved clone needs another one.
  const parts = [await readFile(requirementsFile, 'utf8'), process.platform, process.arch, root];
  if (drivers !== undefined) parts.push(drivers.key);
  const key = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12);
  const dir = join(root, `${name}-${key}`);
  const env = { ...layout(dir), env: drivers?.env(dir) ?? {} };
  if (await isComplete(env)) return env;
  const report = options.report ?? (() => undefined);
  await withFileLock(
    `${dir}.lock`,
    async () => {
      if (await isComplete(env)) return;
      const processEnv = cleanEnv(options.env ?? process.env);
      const install = [...INSTALLER_FLAGS[name], '-r', requirementsFile];
      await build(env, { install, drivers }, `${dir}.log`, report, processEnv);
    },
    { onWait: (pid) => report(`Waiting for process ${pid}, which is making the same Python environment`) },
  );
  return env;
}

function layout(dir: string): Omit<PythonEnv, 'env'> {
  const windows = process.platform === 'win32';
  const binDir = join(dir, windows ? 'Scripts' : 'bin');
  const executable = (name: string) => join(binDir, windows ? `${name}.exe` : name);
  return { dir, binDir, dbt: executable('dbt'), python: executable('python') };
}

/** Written last: an environment without it was interrupted and is made anew. */
function marker(env: PythonEnv): string {
  return join(env.dir, 'complete');
}

async function isComplete(env: PythonEnv): Promise<boolean> {
  // The interpreter is a link to the system's Python, which an upgrade may have taken away.
  const checks = [marker(env), env.python, env.dbt].map((path) => access(path));
  return Promise.all(checks).then(
    () => true,
    () => false,
  );
}

interface Recipe {
  /** Arguments of the installer: flags and the list. */
  readonly install: readonly string[];
  readonly drivers: FusionDrivers | undefined;
}

async function build(
  env: PythonEnv,
  { install, drivers }: Recipe,
  logFile: string,
  report: (line: string) => void,
  processEnv: NodeJS.ProcessEnv,
): Promise<void> {
  const uv = await hasUv(processEnv);
  const python = await findPython(processEnv, uv);
  await rm(env.dir, { recursive: true, force: true });
  await mkdir(env.dir, { recursive: true });
  await writeFile(logFile, '');
  const interpreter = python.command.join(' ');
  report(`Making a Python environment with dbt (${interpreter} ${python.version}, ${uv ? 'uv' : 'pip'})`);
  const startedAt = Date.now();
  const step = (command: readonly string[]) => run(command, logFile, report, processEnv);
  if (uv) {
    const { stdout } = await output(
      [...python.command, '-c', 'import sys; print(sys.executable)'],
      processEnv,
    );
    await step(['uv', 'venv', '--allow-existing', '--python', stdout.trim(), env.dir]);
    await step(['uv', 'pip', 'install', '--compile-bytecode', '--python', env.python, ...install]);
  } else {
    await step([...python.command, '-m', 'venv', env.dir]);
    const pip = [
      env.python,
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-input',
      '--progress-bar',
      'off',
    ];
    await step([...pip, ...install]);
  }
  await drivers?.install(env.dir);
  // Proves that the environment works, and saves the first real run the cost of a cold start.
  await step([env.dbt, '--version']);
  await writeFile(marker(env), `${python.version}\n`);
  report(`Python environment ready after ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** A caller's own virtual environment or module path must not leak into ours. */
function cleanEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PYTHONHOME: _home, PYTHONPATH: _path, VIRTUAL_ENV: _venv, ...rest } = env;
  return rest;
}

async function run(
  command: readonly string[],
  logFile: string,
  report: (line: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const [program, ...args] = command as [string, ...string[]];
  const log = createWriteStream(logFile, { flags: 'a' });
  let lastLine = '';
  const startedAt = Date.now();
  const timer = setInterval(() => {
    const what = /^(Collecting|Downloading|Installing|Building) .*/.exec(lastLine)?.[0] ?? lastLine;
    report(`  ${Math.round((Date.now() - startedAt) / 1000)} s  ${what.trim().slice(0, 70)}`);
  }, PROGRESS_MS);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: REPOSITORY });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          log.write(text);
          lastLine = text.trimEnd().split('\n').at(-1) || lastLine;
        });
      }
      child.on('error', reject);
      child.on('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
    });
    if (code !== 0) {
      throw new Error(
        `Could not make the Python environment: ${program} ended with ${code} (${lastLine.trim()}); see ${relative(process.cwd(), logFile)}`,
      );
    }
  } finally {
    clearInterval(timer);
    await new Promise<void>((resolve) => log.end(resolve));
  }
}

async function output(command: readonly string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
  const [program, ...args] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.on('error', reject);
    child.on('close', () => resolve({ stdout }));
  });
}
