import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { PartInput } from '../dedup/key.ts';
import { childEnvironment } from '../plan/environment.ts';
import { homeOf } from '../plan/profiles-dir.ts';
import { type Environment, readVariable } from '../plan/variables.ts';
import type { DbtInstallation } from '../runtimes/detect.ts';
import type { RunProgram } from '../util/run-program.ts';
import { findPython, type Python } from './find-python.ts';
import { type InstallerSettings, readInstallerSettings } from './installer-settings.ts';
import { type Requirements, readRequirements } from './requirements.ts';

/** Keeps folders from one job to the next. */
export interface FolderCache {
  /** Brings a folder back as it was saved under exactly this key. False: not there, or could not be had. Never throws. */
  restore(folder: string, key: string): Promise<boolean>;
  /** Best effort, never throws. */
  save(folder: string, key: string): Promise<void>;
}

/** A virtual environment with dbt that is there, or can be made. */
export interface PlannedEnvironment {
  readonly requirements: Requirements;
  readonly python: Python;
  /** Absolute: what relative paths in the requirements start from. */
  readonly cwd: string;
  /** Absolute; the end of its name tells it from every other environment. */
  readonly folder: string;
  /** Hexadecimal: of all that the environment is made from, its place included. */
  readonly digest: string;
  /** As findDbt() would tell it once it is installed; without `sitePackages`. */
  readonly installation: DbtInstallation;
  /** The engine's part of the run's key. */
  readonly enginePart: PartInput;
  readonly cacheKey: string;
  /** Passwords and tokens of the addresses in the requirements and in the installers' settings, never to be shown. */
  readonly secrets: readonly string[];
}

export interface PlanEnvironmentOptions {
  /** A requirements file or requirements: see `readRequirements()`. */
  readonly requirements: string;
  /** Absolute: where dbt will be started. */
  readonly cwd: string;
  readonly env: Environment;
  /** The folder for environments. Default: in the runner's tool cache, else in the user's own cache. */
  readonly folder?: string;
  readonly run: RunProgram;
}

/**
 * Works out the environment that the requirements ask for. Nothing is installed: Python is asked for its version.
 * @throws DbtRunCacheError `invalid-options` for the requirements, `install-failed` where there is no Python.
 */
export async function planEnvironment(options: PlanEnvironmentOptions): Promise<PlannedEnvironment> {
  const { cwd, env } = options;
  const childEnv = childEnvironment(env);
  const requirements = await readRequirements(options.requirements, { cwd, env: childEnv });
  const settings = await readInstallerSettings(childEnv, cwd);
  const uncertain = [...requirements.uncertain, ...settings.uncertain];
  const python = await findPython({ env: childEnv, cwd, run: options.run });
  const parent = resolve(cwd, options.folder ?? defaultFolder(cwd, env));
  // Scripts of an environment hold its absolute path, so that one made elsewhere is another one.
  const parts = [parent, process.arch, python, requirements.digest, settings.values];
  // What may be another version tomorrow is looked for anew each day.
  if (uncertain.length > 0) parts.push(new Date().toISOString().slice(0, 10));
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const folder = join(parent, `env-${digest.slice(0, 24)}`);
  return {
    ...{ requirements, python, cwd, folder, digest },
    installation: installationIn(folder, requirements, python),
    enginePart: enginePartOf({ ...requirements, uncertain }, settings, python, env),
    secrets: [...new Set([...requirements.secrets, ...settings.secrets])],
    cacheKey: `dbt-runcache-env-${digest}`,
  };
}

/** The programs of an environment. */
export function programIn(folder: string, name: 'dbt' | 'python'): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', `${name}.exe`) : join(folder, 'bin', name);
}

function defaultFolder(cwd: string, env: Environment): string {
  const toolCache = readVariable(env, 'RUNNER_TOOL_CACHE');
  const own =
    process.platform === 'win32' ? readVariable(env, 'LOCALAPPDATA') : readVariable(env, 'XDG_CACHE_HOME');
  const base = toolCache || own || join(homeOf({ cwd, env }), '.cache');
  return join(base, 'dbt-runcache');
}

function installationIn(
  folder: string,
  { engine, versions }: Requirements,
  { version }: Python,
): DbtInstallation {
  const dbt = programIn(folder, 'dbt');
  const started = { kind: engine, commandPrefix: [dbt], executable: dbt };
  // dbt v2 is a program of its own, whatever starts it.
  if (engine === 'fusion') return { ...started, versions };
  return { ...started, pythonPath: programIn(folder, 'python'), versions: { ...versions, python: version } };
}

function enginePartOf(
  requirements: Requirements,
  settings: InstallerSettings,
  python: Python,
  env: Environment,
): PartInput {
  const { uncertain, items, engine, isComplete } = requirements;
  if (uncertain.length > 0) {
    const [these, each] =
      uncertain.length === 1 ? ['this requirement has', 'it'] : ['these requirements have', 'each'];
    return {
      kind: 'unknown',
      why: `${these} no exact version: ${listed(uncertain)}; pin ${each}, e.g. with uv pip compile, so that what will be installed is known before it is`,
    };
  }
  const searched = readVariable(env, 'PYTHONPATH');
  return {
    kind: 'known',
    items: {
      kind: engine,
      python: python.version,
      ...(engine === 'fusion' || searched === undefined || searched === '' ? {} : { PYTHONPATH: searched }),
      ...items,
      ...Object.fromEntries(
        Object.entries(settings.values).map(([name, value]) => [`setting ${name}`, value]),
      ),
    },
    ...(isComplete
      ? {}
      : {
          leftOut: {
            'packages the requirements do not name': 'their versions are chosen when dbt is installed',
          },
        }),
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - 5;
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
