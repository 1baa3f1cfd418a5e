import { join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { type CommandLine, parseCommandLine } from '../plan/command-line.ts';
import { type ArtifactName, artifactsOf, needsOf, sourcesPathOf } from '../plan/dbt-commands.ts';
import { readDotEnv } from '../plan/dot-env.ts';
import { childEnvironment } from '../plan/environment.ts';
import type { PlanInput } from '../plan/jinja-context.ts';
import { type ResolvedProfile, resolveProfile } from '../plan/profile.ts';
import { findProject, type Project, settleTargetPath } from '../plan/project.ts';
import { readStateSettings } from '../plan/state-settings.ts';
import type { EngineInfo, ProjectInfo } from '../result.ts';
import { type DbtInstallation, findDbt } from '../runtimes/detect.ts';
import { askProgram } from '../runtimes/process.ts';
import type { RunContext } from './run-context.ts';

/** What will run, settled before anything is started. */
export interface Plan {
  /** dbt's subcommand as words. */
  readonly command: string;
  readonly cwd: string;
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** How dbt is started. */
  readonly commandPrefix: readonly string[];
  readonly engine: EngineInfo;
  /** Absent when the command needs none and there is none. */
  readonly project: Project | undefined;
  readonly reportedProject: ProjectInfo | undefined;
  /** What the command writes, and where. */
  readonly expectedArtifacts: ReadonlyMap<ArtifactName, string>;
  /** False for a command that may write all of those or only some. */
  readonly writesAll: boolean;
  /** Whether the command writes to the target folder, so that no other may do so meanwhile. */
  readonly needsTarget: boolean;
  /** Whether the command reports on nodes, so that exit code 1 means that some failed. */
  readonly runsNodes: boolean;
  /** Whether the command gets a report file. One such as `deps` must not replace the report of the last build. */
  readonly isReported: boolean;
  /** dbt State, as far as it is known before dbt starts. */
  readonly state: {
    /** Null: there is none. Undefined: not known. */
    readonly pluginInstalled: string | null | undefined;
    readonly stateSwitchedOffBy: string | undefined;
    readonly stateWanted: boolean;
  };
}

/**
 * @throws DbtRunCacheError for what dbt would certainly fail on as well: no project, no profile, no such target, no
 *   dbt. What only dbt can tell is left to dbt.
 */
export async function makePlan(run: RunContext): Promise<Plan> {
  const { cwd } = run.options;
  const env = childEnvironment(run.options.env);
  const commandLine = parseCommandLine(run.args);
  const installation = await findDbt({ dbt: run.options.dbt, env, cwd, run: askProgram });
  const dotEnv = await readDotEnv({ cwd, env, dbtVersion: installation.versions.dbt });
  const input = {
    cwd,
    env: dotEnv.env,
    uncertain: dotEnv.uncertain,
    commandLine,
    dbtVersion: installation.versions.dbt,
  };
  const { project, profile } = await findProjectAndProfile(input);
  run.hide(profile?.secrets ?? []);
  const settings = readStateSettings(dotEnv.env);
  return {
    command: commandLine.command,
    cwd,
    env,
    commandPrefix: installation.commandPrefix,
    engine: engineOf(installation, profile, run.clean),
    project,
    reportedProject: project === undefined ? undefined : reported(project, profile),
    expectedArtifacts: project === undefined ? new Map() : artifactPaths(commandLine, project, cwd),
    writesAll: commandLine.isKnown && commandLine.command !== 'retry',
    needsTarget: artifactsOf(commandLine).size > 0 || commandLine.command === 'clean',
    runsNodes: reportsNodes(commandLine),
    isReported: isReported(commandLine),
    state: {
      pluginInstalled:
        installation.versions.dbt === undefined ? undefined : (installation.versions.state ?? null),
      stateSwitchedOffBy: settings.switchedOffBy,
      stateWanted: settings.isWanted,
    },
  };
}

async function findProjectAndProfile(
  input: PlanInput & { readonly uncertain: ReadonlySet<string> },
): Promise<{ project: Project | undefined; profile: ResolvedProfile | undefined }> {
  const needs = needsOf(input.commandLine);
  if (needs.project === 'none') return { project: undefined, profile: undefined };
  const project = await unless(needs.project === 'optional', () => findProject(input));
  if (project === undefined || needs.profile === 'none') return { project, profile: undefined };
  const profile = await unless(needs.profile === 'optional', () => resolveProfile({ ...input, project }));
  if (profile === undefined) return { project, profile: undefined };
  return { project: await settleTargetPath(project, input, profile), profile };
}

/** Errors about something that is only nice to know are dropped: dbt has the word on it. */
async function unless<T>(isOptional: boolean, find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isOptional && error instanceof DbtRunCacheError) return undefined;
    throw error;
  }
}

function reported(project: Project, profile: ResolvedProfile | undefined): ProjectInfo {
  return {
    name: project.name,
    dir: project.dir,
    targetPath: project.targetPath,
    ...(profile === undefined ? {} : { profileName: profile.profileName }),
    ...(profile?.targetName === undefined ? {} : { targetName: profile.targetName }),
  };
}

function engineOf(
  installation: DbtInstallation,
  profile: ResolvedProfile | undefined,
  clean: (text: string) => string,
): EngineInfo {
  const { versions } = installation;
  const adapterType = profile?.adapterType;
  const adapterVersion = adapterType === undefined ? undefined : versions.adapters[adapterType];
  return {
    kind: 'core',
    commandPrefix: installation.commandPrefix.map(clean),
    ...(versions.dbt === undefined ? {} : { dbtVersion: versions.dbt }),
    ...(adapterType === undefined ? {} : { adapterType }),
    ...(adapterVersion === undefined ? {} : { adapterVersion }),
    ...(versions.python === undefined ? {} : { pythonVersion: versions.python }),
    ...(versions.state === undefined ? {} : { stateVersion: versions.state }),
  };
}

const FILES: Readonly<Record<Exclude<ArtifactName, 'sources'>, string>> = {
  run_results: 'run_results.json',
  manifest: 'manifest.json',
  catalog: 'catalog.json',
};

function artifactPaths(commandLine: CommandLine, project: Project, cwd: string): Map<ArtifactName, string> {
  const { targetPath } = project;
  return new Map(
    [...artifactsOf(commandLine, project.writesJson)].map((name) => [
      name,
      name === 'sources' ? sourcesPathOf(commandLine, { cwd, targetPath }) : join(targetPath, FILES[name]),
    ]),
  );
}

/** Whether the command gets a report file. */
export function isReported(commandLine: CommandLine): boolean {
  return reportsNodes(commandLine) || commandLine.command === 'run-operation';
}

function reportsNodes(commandLine: CommandLine): boolean {
  const artifacts = artifactsOf(commandLine);
  return (
    commandLine.command !== 'run-operation' && (artifacts.has('run_results') || artifacts.has('sources'))
  );
}
