import { stat } from 'node:fs/promises';
import { delimiter, relative, resolve } from 'node:path';
import type { ResolvedProfile } from '../profile.ts';
import { readVariable } from '../variables.ts';
import { isBelow } from './below.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { isHidden, type ListedFile } from './list-files.ts';
import { listModules } from './list-modules.ts';

type Profile = Pick<ResolvedProfile, 'adapterType' | 'fields'>;

/** Adapters whose Python models run in the warehouse, or that have none. */
const RUNS_NONE_HERE: ReadonlySet<string> = new Set([
  ...['athena', 'bigquery', 'clickhouse', 'databricks', 'fabric', 'fabricspark', 'glue', 'postgres'],
  ...['redshift', 'snowflake', 'spark', 'sqlite', 'sqlserver', 'synapse', 'trino'],
]);

/** Whether Python models run in dbt's own process, with its environment and its modules. In doubt they do. */
export function runsPythonHere(profile: Profile | undefined): boolean {
  return profile?.adapterType === undefined || !RUNS_NONE_HERE.has(profile.adapterType);
}

/** Whether the profile itself brings Python code into dbt's process: the modules and plugins of dbt-duckdb. */
export function namesModules(profile: Profile | undefined): boolean {
  return ['module_paths', 'plugins'].some(
    (name) => !['null', '[]'].includes(profile?.fields?.[name] ?? 'null'),
  );
}

type Input = Pick<FingerprintInput, 'cwd' | 'engine' | 'env' | 'profile' | 'project' | 'sitePackages'>;

/**
 * What Python code can import from outside of the project: the folders of `module_paths` with all their files, those of
 * `PYTHONPATH` with their Python files. The environment's own packages count by their versions.
 * @throws when a folder cannot be read, or has more Python files than any such folder should.
 */
export async function pythonOutside(
  input: Input,
  how: {
    /** Absolute paths that no listing has. */
    readonly skip: ReadonlySet<string>;
    /** Those, and what has listings of its own. */
    readonly elsewhere: ReadonlySet<string>;
    readonly isIgnored: (path: string) => Promise<boolean>;
    readonly list: (root: string, skip: ReadonlySet<string>) => Promise<readonly ListedFile[]>;
  },
): Promise<readonly ListedFile[]> {
  if (!runsPythonHere(input.profile)) return [];
  const { dir } = input.project;
  const { skip, elsewhere } = how;
  const modules = await uncovered(dir, skip, modulePaths(input));
  const searched = input.engine === 'fusion' ? [] : await uncovered(dir, skip, pythonPath(input));
  const listSearched = async (root: string): Promise<readonly ListedFile[]> => {
    if (!(await isFolder(root))) return how.list(root, elsewhere);
    return (await how.isIgnored(root)) ? [] : listModules(root, { base: dir, skip: elsewhere });
  };
  const found = await Promise.all([
    ...modules.map((root) => how.list(root, elsewhere)),
    ...searched.map(listSearched),
  ]);
  return found.flat();
}

function modulePaths({ profile, cwd, project }: Input): readonly string[] {
  const given: unknown = JSON.parse(profile?.fields?.['module_paths'] ?? 'null');
  // Of a value that only dbt can work out, the part `profile` says so.
  const paths = Array.isArray(given) ? given.filter((one) => typeof one === 'string') : [];
  // dbt may have gone to the project's folder before Python looks.
  return paths.flatMap((path) => [resolve(cwd, path), resolve(project.dir, path)]);
}

/** An empty entry is the folder dbt is started in. */
function pythonPath({ env, cwd, sitePackages }: Input): readonly string[] {
  const text = readVariable(env, 'PYTHONPATH') ?? '';
  const folders = text === '' ? [] : text.split(delimiter).map((path) => resolve(cwd, path));
  return folders.filter((folder) => sitePackages === undefined || !isBelow(sitePackages, folder));
}

/** Those that the listing of the project does not have. */
async function uncovered(
  dir: string,
  skip: ReadonlySet<string>,
  paths: readonly string[],
): Promise<readonly string[]> {
  const all = await Promise.all(
    [...new Set(paths)].map(async (path) => {
      const isSkipped = [...skip].some((one) => isBelow(one, path));
      const isListed = isBelow(dir, path) && !isSkipped && !(await isHidden(dir, relative(dir, path)));
      return isListed ? [] : [path];
    }),
  );
  return all.flat();
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
