import { lstat, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { sourcesPathOf } from '../dbt-commands.ts';
import { jinjaContext } from '../jinja-context.ts';
import { otelFileOf } from '../otel-file.ts';
import { dialectOf, readVariable } from '../variables.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { type ListedFile, listFiles } from './list-files.ts';
import { pythonOutside } from './python-outside.ts';
import { findSourceRoots, type SourceRoots } from './source-roots.ts';

/** What of a run the files of a key depend on. */
export type CodeInput = Pick<
  FingerprintInput,
  | 'args'
  | 'commandLine'
  | 'cwd'
  | 'dotEnv'
  | 'engine'
  | 'env'
  | 'keyEnv'
  | 'keyIgnore'
  | 'notInputs'
  | 'profile'
  | 'project'
  | 'run'
  | 'sitePackages'
  | 'versions'
>;

const LOCK_FILE = 'package-lock.yml';

/** @throws when only dbt can tell where something lies. */
export function sourceRootsOf(
  input: Pick<CodeInput, 'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'project' | 'versions'>,
  skip: ReadonlySet<string>,
): Promise<SourceRoots> {
  const { env, uncertain } = input.dotEnv;
  return findSourceRoots({
    dir: input.project.dir,
    skip,
    context: jinjaContext(
      { cwd: input.cwd, env, commandLine: input.commandLine, dbtVersion: input.versions.dbt },
      dialectOf(input.versions.dbt),
      { uncertain },
    ),
    packagesPaths: packagesPaths(input),
  });
}

/** Every file a run of the project can read, by name relative to the project's folder. */
export async function listSources(
  input: CodeInput,
): Promise<{ readonly code: readonly ListedFile[]; readonly packages: readonly ListedFile[] }> {
  const { dir } = input.project;
  const top = await realpath(dir);
  // Not what a link of that name leads to.
  const ignored = new Set(
    input.keyIgnore.flatMap(({ name, path }) => (isAbsolute(name) ? [path] : [path, join(top, name)])),
  );
  const skip = new Set([...(await withRealPaths(notInputs(input))), ...ignored]);
  const roots = await sourceRootsOf(input, skip);
  const configured = new Set(roots.configured);
  const packagesAt = await withRealPaths(roots.packages);
  // The project itself may lie inside a package of its own: an `integration_tests` with `local: ../`.
  const elsewhere = new Set([...skip, ...roots.notInputs, ...packagesAt, dir, top]);
  // The user's word stands above what dbt_project.yml names.
  const list = async (root: string, without: ReadonlySet<string>): Promise<ListedFile[]> =>
    (await isIgnored(root, ignored)) ? [] : listRoot(root, without, dir, configured);
  const [inside, outside, packages, python, lock] = await Promise.all([
    listFiles(dir, new Set([...skip, ...packagesAt]), dir, configured),
    Promise.all(roots.outside.map((root) => list(root, elsewhere))),
    Promise.all(roots.packages.map((root) => list(root, elsewhere))),
    pythonOutside(input, { skip, elsewhere, isIgnored: (path) => isIgnored(path, ignored), list }),
    list(join(dir, LOCK_FILE), new Set()),
  ]);
  const code = [...inside.filter(({ name }) => name !== LOCK_FILE), ...outside.flat(), ...python];
  return {
    // Folders may lie in one another.
    code: [...new Map(code.map((file) => [file.name, file])).values()],
    packages: [...lock, ...packages.flat()],
  };
}

/** Whether it is such a path or lies in one, a link to one included. */
async function isIgnored(path: string, ignored: ReadonlySet<string>): Promise<boolean> {
  if (ignored.size === 0) return false;
  const places = [...(await withRealPaths([path]))];
  return places.some((place) => [...ignored].some((one) => place === one || place.startsWith(one + sep)));
}

/** A folder's files, a file alone, or nothing where there is none. */
async function listRoot(
  root: string,
  skip: ReadonlySet<string>,
  base: string,
  configured: ReadonlySet<string>,
): Promise<ListedFile[]> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(root)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  if (isFolder) return listFiles(root, skip, base, configured);
  const name = relative(base, root).split(sep).join('/');
  return [{ path: root, name, isLink: (await lstat(root)).isSymbolicLink() }];
}

/** What dbt and we write, and database files with what lies beside them. */
function notInputs({ project, notInputs: others, commandLine, cwd, engine, dotEnv }: CodeInput): string[] {
  const { dir, targetPath, logPath } = project;
  const otel = engine === 'fusion' ? otelFileOf(commandLine, dotEnv.env, logPath) : undefined;
  return [
    targetPath,
    logPath,
    sourcesPathOf(commandLine, { cwd, targetPath }),
    ...(otel?.path === undefined ? [] : [otel.path]),
    // dbt v2 lays its own macros down there.
    ...(engine === 'fusion' ? [join(dir, 'dbt_internal_packages')] : []),
    ...others.flatMap((path) => ['', '.wal', '.tmp', '-wal', '-shm', '-journal'].map((end) => path + end)),
  ];
}

/** Where something other than dbt_project.yml puts packages. Not every version of dbt listens to each. */
function packagesPaths({ args, dotEnv }: Pick<CodeInput, 'args' | 'dotEnv'>): string[] {
  const option = '--packages-install-path';
  const given = args.flatMap((arg, at) =>
    arg === option ? (args[at + 1] ?? []) : arg.startsWith(`${option}=`) ? arg.slice(option.length + 1) : [],
  );
  for (const name of ['DBT_PACKAGES_INSTALL_PATH', 'DBT_ENGINE_PACKAGES_INSTALL_PATH']) {
    const value = readVariable(dotEnv.env, name);
    if (value !== undefined && value !== '') given.push(value);
    else if (dotEnv.uncertain.has(name))
      throw new Error(`The .env file sets ${name} in a way only dbt can work out`);
  }
  return given;
}

async function withRealPaths(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const real = await Promise.all(
    paths.map(async (path) => {
      try {
        return await realpath(path);
      } catch {
        // What is not there is in no listing either.
        return path;
      }
    }),
  );
  return new Set([...paths, ...real].map((path) => resolve(path)));
}
