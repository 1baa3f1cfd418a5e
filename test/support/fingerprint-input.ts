import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PartInput } from '../../sdk/dedup/key.ts';
import { parseCommandLine } from '../../sdk/plan/command-line.ts';
import { needsOf } from '../../sdk/plan/dbt-commands.ts';
import { readDotEnv } from '../../sdk/plan/dot-env.ts';
import type { EngineKind } from '../../sdk/plan/engine-kind.ts';
import type { FingerprintInput } from '../../sdk/plan/fingerprint/key-inputs.ts';
import { resolveProfile } from '../../sdk/plan/profile.ts';
import { findProject } from '../../sdk/plan/project.ts';
import { readStateSettings } from '../../sdk/plan/state/read.ts';

/** What of a run a test says; the rest is a plain `dbt build` on Postgres. */
export interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Fields of the target `dev`, as YAML in braces. */
  readonly target?: string;
  /** `config:` of `profiles.yml`, as YAML in braces. */
  readonly config?: string;
  readonly engine?: EngineKind;
  readonly versions?: Partial<FingerprintInput['versions']>;
  readonly cwd?: string;
  readonly more?: Partial<FingerprintInput>;
}

export const POSTGRES =
  'type: postgres, host: db.example.com, port: 5432, user: me, password: hunter2-secret, dbname: shop, schema: dev, threads: 4';

export interface ProjectFolder {
  readonly root: string;
  put(path: string, text: string): Promise<void>;
  /** What a key is made of, read from the folder like a run reads it. */
  input(given?: Given): Promise<FingerprintInput>;
  remove(): Promise<void>;
}

/** A small dbt project in a folder of its own, with a `profiles.yml` that each input writes anew. */
export async function projectFolder(): Promise<ProjectFolder> {
  const root = await mkdtemp(join(tmpdir(), 'fingerprint-'));
  // Beside the project: in it, the file would count among its code.
  const profilesDir = await mkdtemp(join(tmpdir(), 'profiles-'));
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await put('dbt_project.yml', 'name: shop\nprofile: shop\n');
  return {
    root,
    put,
    remove: async () => {
      for (const dir of [root, profilesDir]) await rm(dir, { recursive: true, force: true });
    },
    input: async (given = {}) => {
      await writeFile(join(profilesDir, 'profiles.yml'), profilesYml(given));
      return readInput({ root, profilesDir }, given);
    },
  };
}

function profilesYml({ target = POSTGRES, config }: Given): string {
  const head = config === undefined ? '' : `config: {${config}}\n`;
  return `${head}shop:\n  target: dev\n  outputs:\n    dev: {${target}}\n    ci: {${POSTGRES.replace('schema: dev', 'schema: ci')}}\n`;
}

async function readInput(
  { root, profilesDir }: { readonly root: string; readonly profilesDir: string },
  given: Given,
): Promise<FingerprintInput> {
  const args = given.args ?? ['build'];
  const kind = given.engine ?? 'core';
  const versions = {
    dbt: kind === 'core' ? '1.12.6' : '2.0.0-preview.196',
    adapters: { postgres: '1.11.0', duckdb: '1.11.1', sqlite: '1.10.0', snowflake: '1.11.0' },
    python: '3.11.2',
    ...given.versions,
  };
  const cwd = join(root, given.cwd ?? '.');
  const env = { HOME: join(root, 'home'), DBT_PROFILES_DIR: profilesDir, ...given.env };
  const commandLine = parseCommandLine(args, kind);
  const dotEnv = await readDotEnv({ cwd, env, dbtVersion: versions.dbt });
  const place = { cwd, env: dotEnv.env, uncertain: dotEnv.uncertain, commandLine, dbtVersion: versions.dbt };
  const project = await findProject(place);
  const needsProfile = needsOf(commandLine).profile !== 'none';
  const profile = needsProfile ? await resolveProfile({ ...place, project }) : undefined;
  const stateVersion = versions.state ?? null;
  const engine = { kind, dbtVersion: versions.dbt, stateVersion, adapterType: profile?.adapterType };
  const stateSettings = readStateSettings({
    engine,
    command: commandLine.command,
    args,
    env: dotEnv.env,
    target: profile?.stateKeys,
    projectFlags: project.flags,
  });
  return {
    ...{ cwd, args, commandLine, env, dotEnv, project, profile, engine: kind, versions, stateSettings },
    runCache: 'inherit',
    keyEnv: [],
    keyIgnore: [],
    keyKind: 'derived',
    data: { kind: 'known', items: { version: '1' } },
    notInputs: [],
    run: () => Promise.reject(new Error('no program is needed')),
    ...given.more,
  };
}

/** The items of a part that must be known. */
export function itemsOf(part: PartInput | undefined): Readonly<Record<string, string>> {
  if (part?.kind !== 'known') throw new Error(part === undefined ? 'there is no such part' : part.why);
  return part.items;
}
