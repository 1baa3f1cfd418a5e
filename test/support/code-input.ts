import { join } from 'node:path';
import { parseCommandLine } from '../../sdk/plan/command-line.ts';
import type { CodeInput } from '../../sdk/plan/fingerprint/list-sources.ts';
import { askProgram } from '../../sdk/runtimes/process.ts';

/** What a plain `dbt build` of the project in a folder depends on; `profilesDir` holds its `profiles.yml`. */
export function codeInput(
  dir: string,
  {
    env,
    profilesDir,
    targetPath = 'target',
  }: {
    readonly env: Readonly<Record<string, string>>;
    readonly profilesDir: string;
    readonly targetPath?: string;
  },
): CodeInput {
  return {
    cwd: dir,
    args: ['build'],
    commandLine: parseCommandLine(['build']),
    env,
    dotEnv: { env, uncertain: new Set() },
    project: {
      dir,
      path: join(dir, 'dbt_project.yml'),
      name: 'shop',
      isProfileNameUnknown: false,
      targetPath: join(dir, targetPath),
      isTargetPathCertain: true,
      logPath: join(dir, 'logs'),
      writesJson: true,
      flags: {},
      dbtCloud: {},
    },
    profile: {
      profileName: 'shop',
      profilesDir,
      path: join(profilesDir, 'profiles.yml'),
      secrets: [],
      isLocalWarehouse: true,
    },
    engine: 'core',
    versions: { dbt: '1.11.0', adapters: {} },
    keyEnv: [],
    keyIgnore: [],
    notInputs: [],
    run: askProgram,
  };
}
