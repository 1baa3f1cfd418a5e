import type { CommandLine } from '../plan/command-line.ts';
import type { DbtEnvironment } from '../plan/dot-env.ts';
import type { ResolvedProfile } from '../plan/profile.ts';
import { homeOf } from '../plan/profiles-dir.ts';
import type { Project } from '../plan/project.ts';
import { readStateFiles } from '../plan/state/files.ts';
import type { StateEngine } from '../plan/state/input.ts';
import { readStateSettings } from '../plan/state/read.ts';
import type { StateSettings } from '../plan/state/setting.ts';
import type { DbtInstallation } from '../runtimes/detect.ts';

export interface StateSettingsPlace {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  /** As the user gave it, with what a `.env` file adds. */
  readonly dotEnv: DbtEnvironment;
  readonly installation: Pick<DbtInstallation, 'kind' | 'versions'>;
  readonly project: Project | undefined;
  readonly profile: ResolvedProfile | undefined;
  /** What switches State off for this run whatever the settings say. */
  readonly disabledBy?: string | undefined;
}

/** Every setting of dbt State, out of the environment, dbt's arguments and the files dbt will read. */
export async function findStateSettings(place: StateSettingsPlace): Promise<StateSettings> {
  const { dotEnv, project, profile } = place;
  const engine = stateEngineOf(place);
  const files = await readStateFiles(dotEnv.env, engine, homeOf({ cwd: place.cwd, env: dotEnv.env }));
  return readStateSettings({
    engine,
    command: place.commandLine.command,
    args: place.args,
    env: dotEnv.env,
    target: profile?.stateKeys,
    projectFlags: project?.flags,
    dbtCloud: project?.dbtCloud,
    ...files,
    disabledBy: place.disabledBy,
  });
}

function stateEngineOf({ installation, profile }: StateSettingsPlace): StateEngine {
  const { kind, versions } = installation;
  return {
    kind,
    dbtVersion: versions.dbt,
    // Where dbt's own version could not be told, no package was looked at.
    stateVersion: versions.dbt === undefined ? undefined : (versions.state ?? null),
    adapterType: profile?.adapterType,
  };
}
