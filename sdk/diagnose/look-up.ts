import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import { parseCommandLine } from '../plan/command-line.ts';
import { readDotEnv } from '../plan/dot-env.ts';
import { childEnvironment, envSecrets } from '../plan/environment.ts';
import { type ResolvedProfile, resolveProfile } from '../plan/profile.ts';
import { findProject, type Project, settleTargetPath } from '../plan/project.ts';
import { DISABLED_BY } from '../plan/state/disable.ts';
import type { StateSettings } from '../plan/state/setting.ts';
import { readReport } from '../report.ts';
import { findStateSettings } from '../run/find-state-settings.ts';
import { engineOf, reported } from '../run/make-plan.ts';
import { type DbtInstallation, findDbt } from '../runtimes/detect.ts';
import { askProgram } from '../runtimes/process.ts';
import { optional } from '../util/optional.ts';
import { findConfusedVariables } from './confused-variables.ts';
import type { CheckCode } from './diagnosis.ts';
import type { DiagnosisFacts, LastRun, LogFacts, Step } from './facts.ts';
import { findBranch } from './git-branch.ts';

/** What was looked up, and what the probes need of it. */
export interface LookedUp {
  readonly facts: DiagnosisFacts;
  readonly project: Project | undefined;
  readonly settings: StateSettings | undefined;
  /** The profile's passwords, tokens and keys, for hiding them. */
  readonly secrets: readonly string[];
}

/**
 * Takes every step a run would take before it starts dbt, in the same order; one that fails is told as such, and only
 * those that need it are left out. Starts no dbt and uses no network.
 * @param args dbt's command and options.
 */
export async function lookUp(
  args: readonly string[],
  options: ResolvedOptions,
  clean: (text: string) => string,
): Promise<LookedUp> {
  const { cwd } = options;
  const env = childEnvironment(options.env);
  const dbt = await step(() => findDbt({ dbt: options.dbt, env, cwd, run: askProgram }));
  const installation = foundIn(dbt);
  const commandLine = parseCommandLine(args, installation?.kind);
  const dotEnv = await readDotEnv({ cwd, env, dbtVersion: installation?.versions.dbt });
  const input = {
    ...{ cwd, env: dotEnv.env, uncertain: dotEnv.uncertain, commandLine },
    dbtVersion: installation?.versions.dbt,
  };

  const found = await step(() => findProject(input));
  const profile = await after(found, 'project-found', (project) => resolveProfile({ ...input, project }));
  const resolved = foundIn(profile);
  const project =
    found.kind === 'found' && resolved !== undefined
      ? await step(() => settleTargetPath(found.value, input, resolved))
      : found;
  const settings = await after(dbt, 'dbt-found', (there) =>
    findStateSettings({
      ...{ cwd, args, commandLine, dotEnv, installation: there },
      project: foundIn(project),
      profile: resolved,
      disabledBy: options.runCache === 'disabled' ? DISABLED_BY : undefined,
    }),
  );
  return {
    facts: {
      engine: mapped(dbt, (there) => engineOf(there, resolved, clean)),
      ...pluginFacts(installation),
      project: mapped(project, (there) => reported(there, resolved)),
      profile: mapped(profile, (there) => profileFacts(there)),
      settings,
      confused: await findConfusedVariables(dotEnv.env, cwd),
      branch: { kind: 'found', value: await findBranch(cwd, env) },
      ...(await tracesOf(project)),
    },
    project: foundIn(project),
    settings: foundIn(settings),
    secrets: [...envSecrets(dotEnv.env), ...(resolved?.secrets ?? [])],
  };
}

function pluginFacts(installation: DbtInstallation | undefined): Partial<DiagnosisFacts> {
  const versions = installation?.versions;
  if (versions?.dbt === undefined) return {};
  return { plugin: versions.state ?? null, legacyPackages: versions.legacyState ?? [] };
}

function profileFacts(profile: ResolvedProfile | undefined) {
  return {
    ...optional('profileName', profile?.profileName),
    ...optional('targetName', profile?.targetName),
    ...optional('adapterType', profile?.adapterType),
    ...optional('path', profile?.path),
  };
}

/** What earlier runs left, and whether the next can leave something. */
async function tracesOf(project: Step<Project>): Promise<Pick<DiagnosisFacts, 'logs' | 'lastRun'>> {
  if (project.kind !== 'found') {
    const blocked = { kind: 'blocked', by: 'project-found' } as const;
    return { logs: blocked, lastRun: blocked };
  }
  const { logPath, targetPath } = project.value;
  const report = await readReport(targetPath).catch((thrown: unknown) => DbtRunCacheError.from(thrown));
  const lastRun: Step<LastRun> =
    report instanceof DbtRunCacheError
      ? {
          kind: 'left-out',
          why:
            report.code === 'report-missing'
              ? `There is no report of a run in ${targetPath}`
              : report.message,
          fix: 'Run dbt once through dbt-runcache, e.g. `dbt-runcache run -- build`.',
        }
      : { kind: 'found', value: report };
  const log = report instanceof DbtRunCacheError ? undefined : report.artifactPaths.decisionLog;
  const folders = [logPath, targetPath];
  const writable = await Promise.all(folders.map(isWritable));
  const logs: LogFacts = {
    folders,
    unwritable: folders.filter((_, at) => !writable[at]),
    ...optional('decisionLog', log !== undefined && (await exists(log)) ? log : undefined),
  };
  return { logs: { kind: 'found', value: logs }, lastRun };
}

/** Whether the folder can be written to, or made where it is not there yet. */
async function isWritable(folder: string): Promise<boolean> {
  for (let dir = folder; ; dir = dirname(dir)) {
    const entry = await stat(dir).catch(() => undefined);
    if (entry === undefined && dirname(dir) !== dir) continue;
    if (entry?.isDirectory() !== true) return false;
    return access(dir, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function step<T>(take: () => Promise<T>): Promise<Step<T>> {
  try {
    return { kind: 'found', value: await take() };
  } catch (thrown) {
    const { message, hint, code } = DbtRunCacheError.from(thrown);
    if (code === 'internal') throw thrown;
    return { kind: 'failed', why: message, fix: hint ?? 'Read what was said, and correct it.' };
  }
}

async function after<T, R>(first: Step<T>, by: CheckCode, take: (value: T) => Promise<R>): Promise<Step<R>> {
  return first.kind === 'found' ? step(() => take(first.value)) : { kind: 'blocked', by };
}

function mapped<T, R>(from: Step<T>, change: (value: T) => R): Step<R> {
  return from.kind === 'found' ? { kind: 'found', value: change(from.value) } : from;
}

function foundIn<T>(from: Step<T>): T | undefined {
  return from.kind === 'found' ? from.value : undefined;
}
