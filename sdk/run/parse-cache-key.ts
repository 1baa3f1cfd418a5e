import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyInputs, PartInput } from '../dedup/key.ts';
import { parseName } from '../parse-cache/parse-entry.ts';
import { givenOptions } from '../plan/command-line.ts';
import { profilePart } from '../plan/fingerprint/profile-parts.ts';
import { varsPart } from '../plan/fingerprint/vars-part.ts';
import type { Project } from '../plan/project.ts';
import type { Plan } from './make-plan.ts';

/** Where a project lies. */
export interface ProjectPlace {
  /** Names the repository, e.g. `github.com/acme/shop`; empty where there is none. */
  readonly repository: string;
  /** The folder of the project in it, with slashes; empty for its root. */
  readonly path: string;
}

/** Files of the project's folder after whose change dbt parses everything. */
const FILES = ['dbt_project.yml', 'vars.yml', 'packages.yml', 'dependencies.yml', 'package-lock.yml'];

/**
 * The name of the entry that holds what dbt has parsed with these settings. Of what makes dbt parse everything, it has
 * what can be told before dbt starts: another value of it is another entry, so that two jobs with other targets or
 * variables do not take turns to spoil each other's. Values of environment variables in dbt_project.yml have no part in
 * it: one that is new in each run would leave an entry a run.
 *
 * The project's own folder has a part, though dbt takes a file of another one: the file has the absolute folder of each
 * seed, and adapters such as DuckDB's load the seed from there: none, or one of another checkout.
 */
export async function parseCacheName(
  args: readonly string[],
  { engine, inputs }: Pick<Plan, 'engine' | 'inputs'>,
  project: Project,
  { repository, path }: ProjectPlace,
): Promise<string> {
  const { profile, versions } = inputs;
  const given = givenOptions(args, 'core').filter(({ name }) => name === 'target' || name === 'profile');
  const parts: KeyInputs = {
    project: known({ name: project.name, repository, path, dir: project.dir }),
    engine: known({
      dbt: versions.dbt,
      python: versions.python,
      adapter: engine.adapterType,
      adapterVersion: engine.adapterVersion,
    }),
    target: known({ profile: profile?.profileName, target: profile?.targetName }),
    options: known(Object.fromEntries(given.map(({ name, values }) => [name, values.join(' ')]))),
    vars: await varsPart({ args, engine: 'core' }),
    profile: profilePart(inputs),
    files: known(Object.fromEntries(await Promise.all(FILES.map((name) => digestIn(project.dir, name))))),
  };
  return parseName(parts);
}

/** A file that cannot be read is as one that is not there: dbt has the word on it. */
async function digestIn(dir: string, name: string): Promise<[string, string | undefined]> {
  const content = await readFile(join(dir, name)).catch(() => undefined);
  return [name, content === undefined ? undefined : createHash('sha256').update(content).digest('hex')];
}

function known(items: Readonly<Record<string, string | undefined>>): PartInput {
  const there = Object.entries(items).filter((item): item is [string, string] => item[1] !== undefined);
  return { kind: 'known', items: Object.fromEntries(there) };
}
