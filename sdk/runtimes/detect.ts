import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Environment } from '../plan/variables.ts';
import { type Asker, askPython, type RunProgram } from './ask-python.ts';
import { inspectPrefix } from './command-prefix.ts';
import type { Searched } from './find-executable.ts';
import { isNamedDbt, locateDbt } from './locate-dbt.ts';
import { type DbtVersions, readDistributions, versionsOf } from './package-versions.ts';
import { dbtIn, pythonIn, readPythonEnvironment } from './python-environment.ts';
import { isPython, readScriptHead } from './script-head.ts';
import { followShim, readShim } from './shims.ts';
import { refuseInterpreter, refuseNative, refusePackages, refusePrefix } from './usable.ts';

export type { RunProgram } from './ask-python.ts';
export type { DbtVersions } from './package-versions.ts';

export interface DbtInstallation {
  /** How dbt is started, e.g. `['/venv/bin/dbt']` or `['uv', 'run', 'dbt']`. */
  readonly commandPrefix: readonly string[];
  /** Absolute: the program of the prefix's first word. */
  readonly executable: string;
  /** Absolute: the Python dbt runs on, when it could be told. */
  readonly pythonPath?: string;
  /** Absolute: the folder dbt's packages are in, when it could be told. */
  readonly sitePackages?: string;
  /** What could be told without starting dbt; what could not is absent. */
  readonly versions: DbtVersions;
}

export interface FindDbtInput {
  /** The `dbt` option: a path, the folder of a virtual environment, a command prefix; absent: `dbt` on PATH. */
  readonly dbt?: string | readonly string[] | undefined;
  /** The environment dbt will get. */
  readonly env: Environment;
  /** The folder dbt will be started in. Absolute. */
  readonly cwd: string;
  /** How to ask a Python or a version manager where the files do not tell. Without it such versions stay unknown. */
  readonly run?: RunProgram | undefined;
  /** Milliseconds one such question may take. Default 10 000. */
  readonly askTimeoutMs?: number | undefined;
}

/**
 * Finds dbt and tells its versions from package metadata, never by starting it: that takes seconds, this
 * milliseconds. Links, console scripts, pipx, uv, conda and pyenv are followed to the environment behind them; only
 * where files do not tell is Python or the version manager asked, once and with a limit.
 * @throws DbtRunCacheError `dbt-not-found`; `dbt-not-usable` for a script whose Python is gone, for dbt Core before
 *   1.7 (its artifacts cannot be read), and for dbt v2 (Fusion) and the dbt Cloud CLI, which this version does not drive.
 */
export async function findDbt(input: FindDbtInput): Promise<DbtInstallation> {
  const searched: Searched = { env: input.env, cwd: input.cwd };
  const located = await locateDbt(input.dbt, searched);
  const { commandPrefix, executable } = located;
  const asker = askerOf(input);
  const found = located.isDbtItself
    ? await inspectProgram(executable, searched, asker, 0)
    : await inspectCommand(commandPrefix, executable, searched, asker);
  return { commandPrefix, executable, ...(found ?? { versions: { adapters: {} } }) };
}

type Found = Omit<DbtInstallation, 'commandPrefix' | 'executable'>;

function askerOf({ run, env, cwd, askTimeoutMs }: FindDbtInput): Asker | undefined {
  if (run === undefined) return undefined;
  const defined = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { run, cwd, env: Object.fromEntries(defined), timeoutMs: askTimeoutMs ?? 10_000 };
}

/** A program that is dbt itself, or stands in for it. */
async function inspectProgram(
  path: string,
  searched: Searched,
  asker: Asker | undefined,
  depth: number,
): Promise<Found | undefined> {
  const realPath = await realpath(path);
  const head = await readScriptHead(realPath, searched);
  const shim = readShim(path, realPath, head.kind === 'other' ? head.text : undefined);
  if (shim !== undefined) {
    // A shim that leads to a shim leads nowhere.
    const next = depth > 0 ? undefined : await followShim(shim, path, searched, asker);
    return next === undefined ? undefined : inspectProgram(next, searched, asker, depth + 1);
  }
  switch (head.kind) {
    case 'python':
      return inspectPython(head.pythonPath, {
        searched,
        asker,
        isDbtScript: /\bdbt\.(?:cli|main)\b/.test(head.text),
      });
    case 'broken':
      throw refuseInterpreter(path, head.interpreter);
    case 'native': {
      // On Windows every console script is a small program beside its Python.
      const pythonPath =
        process.platform === 'win32' ? await pythonIn(dirname(dirname(realPath))) : undefined;
      if (pythonPath !== undefined) return inspectPython(pythonPath, { searched, asker, isDbtScript: false });
      if (isNamedDbt(realPath)) throw refuseNative(path);
      return undefined;
    }
    case 'other':
      return undefined;
  }
}

/** A command that starts dbt. */
async function inspectCommand(
  words: readonly string[],
  executable: string,
  searched: Searched,
  asker: Asker | undefined,
): Promise<Found | undefined> {
  if (isPython(words[0] ?? '')) {
    return inspectPython(executable, {
      searched,
      asker,
      isDbtScript: words.some((word) => /^dbt\b/.test(word)),
    });
  }
  const prefix = await inspectPrefix(words, searched);
  if (prefix.isIncomplete) throw refusePrefix(words);
  if (prefix.environment !== undefined) {
    const dbt = await dbtIn(prefix.environment);
    return dbt === undefined ? undefined : inspectProgram(dbt, searched, asker, 0);
  }
  if (prefix.pythonCommand === undefined || asker === undefined) return undefined;
  return answered(prefix.pythonCommand, asker, false);
}

interface PythonQuestion {
  readonly searched: Searched;
  readonly asker: Asker | undefined;
  /** Whether the program would import dbt: then an environment without it is a mistake worth naming. */
  readonly isDbtScript: boolean;
}

async function inspectPython(pythonPath: string, question: PythonQuestion): Promise<Found | undefined> {
  const environment = await readPythonEnvironment(pythonPath, question.searched);
  const distributions = await readDistributions(environment.sitePackages);
  if (!distributions.has('dbt-core') && !distributions.has('dbt')) {
    // Another layout than those known here, or no dbt at all: Python itself knows.
    const answer =
      question.asker === undefined
        ? undefined
        : await answered([pythonPath], question.asker, question.isDbtScript);
    return answer ?? unknownVersions(pythonPath, environment.pythonVersion);
  }
  refusePackages(distributions, pythonPath, question.isDbtScript);
  const core = distributions.get('dbt-core')?.infoPath;
  return {
    pythonPath,
    ...(core === undefined ? {} : { sitePackages: dirname(core) }),
    versions: {
      ...(await versionsOf(distributions, environment.sitePackages)),
      ...(environment.pythonVersion === undefined ? {} : { python: environment.pythonVersion }),
    },
  };
}

async function answered(
  command: readonly string[],
  asker: Asker,
  isDbtScript: boolean,
): Promise<Found | undefined> {
  const answer = await askPython(command, asker);
  if (answer === undefined) return undefined;
  const onDisk = await readDistributions(answer.sitePackages);
  const distributions = new Map([...answer.distributions, ...onDisk]);
  refusePackages(distributions, answer.pythonPath, isDbtScript);
  const core = onDisk.get('dbt-core')?.infoPath;
  return {
    pythonPath: answer.pythonPath,
    ...(core === undefined ? {} : { sitePackages: dirname(core) }),
    versions: { ...(await versionsOf(distributions, answer.sitePackages)), python: answer.pythonVersion },
  };
}

function unknownVersions(pythonPath: string, python: string | undefined): Found {
  return { pythonPath, versions: { adapters: {}, ...(python === undefined ? {} : { python }) } };
}
