import { join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { type PlannedEnvironment, planEnvironment } from '../install/environment.ts';
import { type CommandLine, parseCommandLine } from '../plan/command-line.ts';
import { type ArtifactName, artifactsOf, needsOf, sourcesPathOf } from '../plan/dbt-commands.ts';
import { type DbtEnvironment, readDotEnv } from '../plan/dot-env.ts';
import type { EngineKind } from '../plan/engine-kind.ts';
import { childEnvironment, envSecrets } from '../plan/environment.ts';
import type { PlanInput } from '../plan/jinja-context.ts';
import { type OtelFile, otelFileOf } from '../plan/otel-file.ts';
import { type ResolvedProfile, resolveProfile } from '../plan/profile.ts';
import { findProject, type Project, settleTargetPath } from '../plan/project.ts';
import { checkStateSettings, doubtInWords } from '../plan/state/check.ts';
import { DISABLED_BY, withStateDisabled } from '../plan/state/disable.ts';
import type { StateSettings } from '../plan/state/setting.ts';
import type { EngineInfo, ProjectInfo, RunNotice } from '../result.ts';
import { type DbtInstallation, type DbtVersions, findDbt } from '../runtimes/detect.ts';
import { askProgram } from '../runtimes/process.ts';
import { optional } from '../util/optional.ts';
import { findStateSettings } from './find-state-settings.ts';
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
  /** Where the run installs its dbt itself: what it will install, whose facts the plan was made of. */
  readonly environment: PlannedEnvironment | undefined;
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
  /** dbt v2: the telemetry file the user asked for, if they did. */
  readonly otelFile: OtelFile | undefined;
  /** dbt State, as far as it is known before dbt starts. */
  readonly state: {
    /** Null: there is none. Undefined: not known. */
    readonly pluginInstalled: string | null | undefined;
    readonly stateSwitchedOffBy: string | undefined;
    readonly stateWanted: boolean;
  };
  /** What the user has set for dbt State. */
  readonly stateSettings: StateSettings;
  /** What the plan was made of, for the key of the run. */
  readonly inputs: {
    readonly commandLine: CommandLine;
    readonly dotEnv: DbtEnvironment;
    readonly profile: ResolvedProfile | undefined;
    readonly versions: DbtVersions;
    /** Absolute: the folder of the Python packages dbt is one of. */
    readonly sitePackages: string | undefined;
  };
}

/**
 * @param installed What the run has installed for itself; absent before.
 * @throws DbtRunCacheError for what dbt would certainly fail on as well: no project, no profile, no such target, no
 *   dbt, a setting of dbt State it refuses. What only dbt can tell is left to dbt.
 */
export async function makePlan(run: RunContext, installed?: PlannedEnvironment): Promise<Plan> {
  const { cwd } = run.options;
  const env = childEnvironment(run.options.env);
  const environment = installed === undefined ? await plannedEnvironment(run) : undefined;
  const dbt = installed?.folder ?? run.options.dbt;
  const ask = run.startsNothing === true ? undefined : askProgram;
  const installation = environment?.installation ?? (await findDbt({ dbt, env, cwd, run: ask }));
  const engine = installation.kind;
  const commandLine = parseCommandLine(run.args, engine);
  const dotEnv = await readDotEnv({ cwd, env, dbtVersion: installation.versions.dbt });
  run.hide(envSecrets(dotEnv.env));
  const input = {
    cwd,
    env: dotEnv.env,
    uncertain: dotEnv.uncertain,
    commandLine,
    dbtVersion: installation.versions.dbt,
  };
  const { project, profile } = await findProjectAndProfile(input);
  run.hide(profile?.secrets ?? []);
  const isDisabled = run.options.runCache === 'disabled';
  const settings = await findStateSettings({
    cwd,
    args: run.args,
    commandLine,
    dotEnv,
    installation,
    project,
    profile,
    disabledBy: isDisabled ? DISABLED_BY : undefined,
  });
  checkStateSettings(settings);
  run.notices.push(...doubtNotices(settings));
  return {
    command: commandLine.command,
    cwd,
    env: isDisabled ? await disabledEnvironment(run, env, installation) : env,
    commandPrefix: installation.commandPrefix,
    engine: engineOf(installation, profile, run.clean),
    environment,
    project,
    reportedProject: project === undefined ? undefined : reported(project, profile),
    expectedArtifacts:
      project === undefined ? new Map() : artifactPaths(commandLine, project, { cwd, engine }),
    writesAll: commandLine.isKnown && commandLine.command !== 'retry',
    needsTarget: artifactsOf(commandLine, true, engine).size > 0 || commandLine.command === 'clean',
    runsNodes: reportsNodes(commandLine, engine),
    isReported: isReported(commandLine, engine),
    otelFile: engine === 'fusion' ? otelFileOf(commandLine, dotEnv.env, project?.logPath) : undefined,
    state: {
      pluginInstalled:
        installation.versions.dbt === undefined ? undefined : (installation.versions.state ?? null),
      stateSwitchedOffBy: settings.switchedOffBy,
      stateWanted: settings.isWanted,
    },
    stateSettings: settings,
    inputs: {
      commandLine,
      dotEnv,
      profile,
      versions: installation.versions,
      sitePackages: installation.sitePackages,
    },
  };
}

async function plannedEnvironment({ options, hide }: RunContext): Promise<PlannedEnvironment | undefined> {
  const { install, cwd, env } = options;
  if (install === undefined) return undefined;
  const { requirements, folder } = install;
  const planned = await planEnvironment({
    ...{ requirements, cwd, env, run: askProgram },
    ...optional('folder', folder),
  });
  hide(planned.secrets);
  return planned;
}

async function disabledEnvironment(
  run: RunContext,
  env: Readonly<Record<string, string>>,
  { kind, versions }: DbtInstallation,
): Promise<Record<string, string>> {
  const file = await readDotEnv({ cwd: run.options.cwd, env: {}, dbtVersion: versions.dbt });
  const namesInDotEnv = new Set([...Object.keys(file.env), ...file.uncertain]);
  return withStateDisabled({ engine: kind, env, namesInDotEnv, args: run.args });
}

function doubtNotices({ doubts }: StateSettings): RunNotice[] {
  return doubts.map((doubt) => ({
    kind: 'warning',
    name: 'state-setting-invalid',
    message: doubtInWords(doubt),
    hint: `Write it as ${doubt.validForms}, or take it away.`,
    count: 1,
  }));
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

/** The project as reports show it. */
export function reported(project: Project, profile: ResolvedProfile | undefined): ProjectInfo {
  return {
    name: project.name,
    dir: project.dir,
    targetPath: project.targetPath,
    ...(profile === undefined ? {} : { profileName: profile.profileName }),
    ...(profile?.targetName === undefined ? {} : { targetName: profile.targetName }),
  };
}

/** The engine as reports show it. */
export function engineOf(
  installation: DbtInstallation,
  profile: ResolvedProfile | undefined,
  clean: (text: string) => string,
): EngineInfo {
  const { versions } = installation;
  const adapterType = profile?.adapterType;
  const adapterVersion = adapterType === undefined ? undefined : versions.adapters[adapterType];
  return {
    kind: installation.kind,
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

function artifactPaths(
  commandLine: CommandLine,
  project: Project,
  { cwd, engine }: { readonly cwd: string; readonly engine: EngineKind },
): Map<ArtifactName, string> {
  const { targetPath } = project;
  return new Map(
    [...artifactsOf(commandLine, project.writesJson, engine)].map((name) => [
      name,
      name === 'sources' ? sourcesPathOf(commandLine, { cwd, targetPath }) : join(targetPath, FILES[name]),
    ]),
  );
}

/** Whether the command gets a report file. */
export function isReported(commandLine: CommandLine, engine: EngineKind = 'core'): boolean {
  return reportsNodes(commandLine, engine) || commandLine.command === 'run-operation';
}

function reportsNodes(commandLine: CommandLine, engine: EngineKind): boolean {
  const artifacts = artifactsOf(commandLine, true, engine);
  return (
    commandLine.command !== 'run-operation' && (artifacts.has('run_results') || artifacts.has('sources'))
  );
}
