import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export interface Python {
  /** Command and leading arguments, e.g. `['py', '-3']`. */
  readonly command: readonly string[];
  /** e.g. `3.12.4`. */
  readonly version: string;
  /** Whether `python -m venv` can work: some systems ship Python without the modules it needs. */
  readonly hasVenv: boolean;
}

/** What dbt Core 1.11 runs on. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 13;

const CANDIDATES: readonly (readonly string[])[] = [
  ['python3'],
  ['python3.13'],
  ['python3.12'],
  ['python3.11'],
  ['python3.10'],
  ['python'],
  ['py', '-3'],
];

const PROBE = [
  'import sys, importlib.util as u',
  'venv = all(u.find_spec(m) is not None for m in ("venv", "ensurepip"))',
  'print(".".join(map(str, sys.version_info[:3])), sys.implementation.name, int(venv))',
].join('\n');

/**
 * The first Python on PATH that dbt Core 1.11 runs on; one that can make virtual environments before one that cannot.
 * @throws Error of one line that names what is missing and the way to get it.
 */
export async function findPython(env: NodeJS.ProcessEnv, uvAvailable: boolean): Promise<Python> {
  const tooOldOrNew: string[] = [];
  let withoutVenv: Python | undefined;
  for (const command of CANDIDATES) {
    const found = await probe(command, env);
    if (found === undefined) continue;
    if (!isSupported(found.version)) tooOldOrNew.push(`${command.join(' ')} is ${found.version}`);
    else if (found.hasVenv || uvAvailable) return found;
    else withoutVenv ??= found;
  }
  if (withoutVenv !== undefined) {
    const [major, minor] = withoutVenv.version.split('.');
    throw new Error(
      `Python ${withoutVenv.version} (${withoutVenv.command.join(' ')}) lacks the modules venv and ensurepip: ` +
        `install them, e.g. apt-get install python${major}.${minor}-venv, or install uv (https://docs.astral.sh/uv/)`,
    );
  }
  const seen = tooOldOrNew.length > 0 ? ` (${tooOldOrNew.join(', ')})` : '';
  throw new Error(
    `Python 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR} not found on PATH${seen}: install it, e.g. apt-get install python3 python3-venv, ` +
      'brew install python@3.13, or from https://www.python.org/downloads/',
  );
}

async function probe(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Python | undefined> {
  const [program, ...args] = command as [string, ...string[]];
  try {
    // Long enough for a cold disk; a launcher stub that waits for input must not stop us for ever.
    const { stdout } = await execFileAsync(program, [...args, '-c', PROBE], { env, timeout: 30_000 });
    const [version, implementation, venv] = stdout.trim().split(' ');
    if (version === undefined || implementation !== 'cpython') return undefined;
    return { command, version, hasVenv: venv === '1' };
  } catch {
    return undefined;
  }
}

function isSupported(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major === 3 && minor !== undefined && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
}

/** Whether uv can be started. It makes environments several times faster than pip. */
export async function hasUv(env: NodeJS.ProcessEnv): Promise<boolean> {
  return execFileAsync('uv', ['--version'], { env, timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}
