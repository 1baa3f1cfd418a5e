import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { EngineKind } from '../plan/engine-kind.ts';
import type { Environment } from '../plan/variables.ts';
import type { RunProgram } from '../util/run-program.ts';
import { type Asker, askPython } from './ask-python.ts';
import { inspectPrefix } from './command-prefix.ts';
import type { Searched } from './find-executable.ts';
import { isNamedDbt, locateDbt } from './locate-dbt.ts';
import { identifyNative, isLauncher } from './native-dbt.ts';
import { type DbtVersions, readDistributions, versionsOf } from './package-versions.ts';
import { dbtIn, pythonIn, readPythonEnvironment } from './python-environment.ts';
import { isPython, readScriptHead } from './script-head.ts';
import { followShim, readShim } from './shims.ts';
import {
  majorOf,
  refuseCloudCli,
  refuseInterpreter,
  refuseNative,
  refusePackages,
  refusePrefix,
} from './usable.ts';

export type { RunProgram } from '../util/run-program.ts';
export type { DbtVersions } from './package-versions.ts';

export interface DbtInstallation {
  /** What cannot be told, such as what a script of the user's starts, is taken for dbt Core. */
  readonly kind: EngineKind;
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
 * Finds dbt and tells its versions from package metadata. dbt Core is never started for it: that takes seconds, this
 * milliseconds. dbt v2 is asked for its version, quickly, where no package tells it. Links, console scripts, pipx, uv, conda and pyenv are followed to the environment behind them; only
 * where files do not tell is Python or the version manager asked, once and with a limit.
 * @throws DbtRunCacheError `dbt-not-found`; `dbt-not-usable` for a script whose Python is gone, for dbt Core before
 *   1.7 (its artifacts cannot be read), and for the dbt Cloud CLI.
 */
export async function findDbt(input: FindDbtInput): Promise<DbtInstallation> {
  const searched: Searched = { env: input.env, cwd: input.cwd };
  const located = await locateDbt(input.dbt, searched);
  const { commandPrefix, executable } = located;
  const asker = askerOf(input);
  const found = located.isDbtItself
    ? await inspectProgram(executable, searched, asker, 0)
    : await inspectCommand(commandPrefix, executable, searched, asker);
  return { commandPrefix, executable, ...(found ?? UNKNOWN) };
}

type Found = Omit<DbtInstallation, 'commandPrefix' | 'executable'>;
const UNKNOWN: Found = { kind: 'core', versions: { adapters: {} } };

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
        process.platform === 'win32' && (await isLauncher(realPath))
          ? await pythonIn(dirname(dirname(realPath)))
          : undefined;
      if (pythonPath !== undefined) return inspectPython(pythonPath, { searched, asker, isDbtScript: false });
      return inspectNative(path, realPath, searched, asker);
    }
    case 'other':
      return undefined;
  }
}

/** dbt v2 is known as dbtf, too. Other programs are not started to see what they are. */
async function inspectNative(
  path: string,
  realPath: string,
  searched: Searched,
  asker: Asker | undefined,
): Promise<Found | undefined> {
  if (![path, realPath].some((each) => /^dbt/i.test(basename(each)))) return undefined;
  const native = await identifyNative(realPath, searched, asker);
  switch (native.kind) {
    case 'fusion':
      return fusion(native.version);
    case 'cloud-cli':
      throw refuseCloudCli(path);
    case 'unknown':
      if (isNamedDbt(path)) throw refuseNative(path);
      return undefined;
  }
}

function fusion(version: string | undefined): Found {
  return { kind: 'fusion', versions: { adapters: {}, ...(version === undefined ? {} : { dbt: version }) } };
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
    kind: 'core',
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
  const other = distributions.get('dbt')?.version;
  // A command with dbt at its end starts the program dbt, which is dbt v2 wherever that alone is installed.
  if (command.length > 1 && !distributions.has('dbt-core') && other !== undefined && majorOf(other) >= 2)
    return fusion(other);
  refusePackages(distributions, answer.pythonPath, isDbtScript);
  const core = onDisk.get('dbt-core')?.infoPath;
  return {
    kind: 'core',
    pythonPath: answer.pythonPath,
    ...(core === undefined ? {} : { sitePackages: dirname(core) }),
    versions: { ...(await versionsOf(distributions, answer.sitePackages)), python: answer.pythonVersion },
  };
}

function unknownVersions(pythonPath: string, python: string | undefined): Found {
  return {
    kind: 'core',
    pythonPath,
    versions: { adapters: {}, ...(python === undefined ? {} : { python }) },
  };
}
