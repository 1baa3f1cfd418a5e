import { DbtRunCacheError } from '../errors.ts';
import { findExecutable } from '../runtimes/find-executable.ts';
import type { RunProgram } from '../util/run-program.ts';

/** A Python that can make virtual environments. */
export interface Python {
  /** Absolute. Of a virtual environment the Python it was made with. */
  readonly executable: string;
  /** e.g. `3.12.4`. */
  readonly version: string;
  /** e.g. `cpython`. */
  readonly implementation: string;
  /** What packages are built for: system, processor and C library. */
  readonly platform: string;
}

const NAMES = ['python3', 'python'];
const ASK_MS = 30_000;

const SCRIPT = [
  'import sys, json, os, platform, sysconfig',
  'base = getattr(sys, "_base_executable", None) or sys.executable',
  'print(json.dumps({"runcache": 1, "executable": base if os.path.isfile(base) else sys.executable,',
  '  "version": platform.python_version(), "implementation": sys.implementation.name,',
  '  "platform": "-".join((sysconfig.get_platform(),) + platform.libc_ver())}))',
].join('\n');

/**
 * The first `python3`, or else `python`, of PATH that answers.
 * @throws DbtRunCacheError `install-failed` when there is none.
 */
export async function findPython(options: {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly run: RunProgram;
}): Promise<Python> {
  const tried: string[] = [];
  for (const name of NAMES) {
    const path = await findExecutable(name, options);
    if (path === undefined) continue;
    const python = await ask(path, options);
    if (python !== undefined) return python;
    tried.push(path);
  }
  const what =
    tried.length === 0
      ? 'There is no Python on PATH'
      : `No Python on PATH answers (asked: ${tried.join(', ')})`;
  throw new DbtRunCacheError(`${what}, and dbt is installed into an environment of Python`, {
    code: 'install-failed',
    hint: 'Set Python up before: in a workflow with actions/setup-python, elsewhere so that python3 starts it.',
  });
}

async function ask(
  path: string,
  { env, cwd, run }: Parameters<typeof findPython>[0],
): Promise<Python | undefined> {
  try {
    // Isolated: no module of the project is taken for one of Python's.
    const { stdout, exitCode } = await run(path, ['-I', '-c', SCRIPT], { env, cwd, timeoutMs: ASK_MS });
    const line = stdout.split('\n').findLast((one) => one.startsWith('{"runcache"'));
    if (exitCode !== 0 || line === undefined) return undefined;
    const { executable, version, implementation, platform } = JSON.parse(line) as Record<string, unknown>;
    return {
      executable: `${executable}`,
      version: `${version}`,
      implementation: `${implementation}`,
      platform: `${platform}`,
    };
  } catch {
    return undefined;
  }
}
