import type { RunProgram } from '../util/run-program.ts';
import { type Distributions, isOfInterest, normalizeName } from './package-versions.ts';

export interface Asker {
  readonly run: RunProgram;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs: number;
}

export interface PythonAnswer {
  readonly pythonPath: string;
  readonly pythonVersion: string;
  readonly distributions: Distributions;
  readonly sitePackages: readonly string[];
}

// Reads metadata only: nothing of dbt is imported. The working folder leaves the path before anything else is
// imported, so that a `json.py` of the project is not taken for Python's.
const SCRIPT = [
  'import sys',
  'sys.path[:] = [p for p in sys.path if p]',
  'import json, platform',
  'from importlib.metadata import distributions',
  'names = {}',
  'for d in distributions():',
  '    n = (d.metadata["Name"] or "") if d.metadata else ""',
  '    if n.lower().startswith(("dbt", "run-cache", "run_cache")): names.setdefault(n, d.version)',
  'print(json.dumps({"runcache": 1, "python": platform.python_version(), "path": sys.executable,',
  '  "names": names, "folders": [p for p in sys.path if p.endswith("-packages")]}))',
].join('\n');

/** What a Python says of its packages; undefined when it does not answer in time or not as expected. */
export async function askPython(command: readonly string[], asker: Asker): Promise<PythonAnswer | undefined> {
  const stdout = await ask([...command, '-c', SCRIPT], asker);
  // The prefix's own program may print something first.
  const line = stdout?.split('\n').findLast((text) => text.startsWith('{"runcache"'));
  if (line === undefined) return undefined;
  try {
    return readAnswer(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** What a program prints, or undefined when it fails. */
export async function ask(command: readonly string[], asker: Asker): Promise<string | undefined> {
  const [file, ...args] = command;
  if (file === undefined) return undefined;
  const { env, cwd, timeoutMs } = asker;
  try {
    const { stdout, exitCode } = await asker.run(file, args, { env, cwd, timeoutMs });
    return exitCode === 0 ? stdout : undefined;
  } catch {
    return undefined;
  }
}

function readAnswer(value: unknown): PythonAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { python, path, names, folders } = value as Record<string, unknown>;
  if (typeof python !== 'string' || typeof path !== 'string') return undefined;
  if (typeof names !== 'object' || names === null || !Array.isArray(folders)) return undefined;
  const distributions = new Map<string, { version: string }>();
  for (const [name, version] of Object.entries(names)) {
    const key = normalizeName(name);
    if (typeof version === 'string' && isOfInterest(key)) distributions.set(key, { version });
  }
  return {
    pythonPath: path,
    pythonVersion: python,
    distributions,
    sitePackages: folders.filter((folder): folder is string => typeof folder === 'string'),
  };
}
