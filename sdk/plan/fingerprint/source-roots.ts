import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { type JinjaContext, pythonText, renderJinja } from '../jinja.ts';
import { isMap, readYamlFile, valueAt, type YamlFile } from '../yaml-file.ts';
import { isBelow } from './below.ts';
import { isHidden } from './list-files.ts';

/** Where the files of a project lie, apart from its own folder. */
export interface SourceRoots {
  /** Absolute paths of folders and files that the project reads. */
  readonly outside: readonly string[];
  /** Absolute paths that dbt was told to read, wherever they lie, also of packages. They need not be there. */
  readonly configured: readonly string[];
  /** `dbt_project.yml` of the project, and of each package that is there. */
  readonly projectFiles: readonly YamlFile[];
  /** Absolute paths below those that are no input, as what dbt writes into a package that is a folder. */
  readonly notInputs: readonly string[];
  /** Absolute paths of folders into which packages are installed; at most one is in use. */
  readonly packages: readonly string[];
}

const PROJECT_FILE = 'dbt_project.yml';

/** What dbt reads where `dbt_project.yml` names nothing else; the former names too. */
const DEFAULT_PATHS = [
  'analyses',
  'analysis',
  'data',
  'functions',
  'macros',
  'models',
  'seeds',
  'snapshots',
  'tests',
];

/** Of dbt_project.yml, the former names too. */
const PATH_KEYS = [
  ...[
    'model-paths',
    'source-paths',
    'seed-paths',
    'data-paths',
    'macro-paths',
    'test-paths',
    'snapshot-paths',
  ],
  ...['analysis-paths', 'docs-paths', 'asset-paths', 'function-paths', 'osi-paths'],
];

export interface RootsInput {
  /** The project's folder. Absolute. */
  readonly dir: string;
  readonly context: JinjaContext;
  /** Absolute paths a listing of the project folder leaves out. */
  readonly skip: ReadonlySet<string>;
  /** Where packages are installed, if the environment or an argument says so; relative to the project. */
  readonly packagesPaths: readonly string[];
}

/** @throws when only dbt can tell a path. The message says which, and the way out. */
export async function findSourceRoots(input: RootsInput): Promise<SourceRoots> {
  const found = {
    outside: new Set<string>(),
    notInputs: new Set<string>(),
    seen: new Set<string>(),
    configured: new Set<string>(),
    projectFiles: [] as YamlFile[],
  };
  const top = await realpath(input.dir);
  /** Whether a listing of the project, or of the package it belongs to, has it. */
  const isCovered = async (path: string, packageDirs: readonly string[] = []): Promise<boolean> => {
    for (const dir of [input.dir, top, ...packageDirs]) {
      if (!isBelow(dir, path)) continue;
      const isLeftOut = isSkipped(path, input.skip) || isSkipped(path, found.notInputs);
      return !isLeftOut && !(await isHidden(dir, relative(dir, path)));
    }
    return false;
  };
  const addPaths = async (dir: string, file: YamlFile): Promise<void> => {
    found.projectFiles.push(file);
    const places = [...new Set([dir, await realpath(dir)])];
    for (const one of places) for (const path of DEFAULT_PATHS) found.configured.add(join(one, path));
    for (const key of PATH_KEYS)
      for (const path of pathsAt(file, key, input.context))
        for (const place of places.map((one) => resolve(one, path))) {
          found.configured.add(place);
          if ((await isCovered(place, places)) || !(await isThere(place))) continue;
          if (/[*?[\]{}]/.test(path)) throw onlyDbtCanTell(file, key);
          found.outside.add(place);
        }
  };
  const addPackages = async (dir: string): Promise<void> => {
    for (const path of await localPackages(dir, input.context)) {
      // dbt takes the path of a package's package from the project, not from that package; either is looked at.
      for (const place of new Set([resolve(top, path), resolve(dir, path)])) {
        if (await isThere(place)) await addPackage(place);
      }
    }
  };
  const addPackage = async (dir: string): Promise<void> => {
    const real = await realpath(dir);
    if (found.seen.has(real)) return;
    found.seen.add(real);
    if (!(await isCovered(dir))) {
      found.outside.add(dir);
      for (const name of ['target', 'logs', 'dbt_packages']) found.notInputs.add(join(real, name));
    }
    const file = await readProjectFile(dir);
    if (file !== undefined) await addPaths(dir, file);
    await addPackages(dir);
  };

  found.seen.add(top);
  const file = await readProjectFile(input.dir);
  if (file === undefined) throw new Error(`${input.dir} has no dbt_project.yml any more`);
  await addPaths(input.dir, file);
  await addPackages(input.dir);
  const packages = ['packages-install-path', 'modules-path'].flatMap((key) =>
    pathsAt(file, key, input.context),
  );
  if (packages.length === 0) packages.push('dbt_packages', 'dbt_modules');
  const folders = new Set([...input.packagesPaths, ...packages].map((path) => resolve(input.dir, path)));
  for (const folder of folders) {
    for (const dir of await packagesIn(folder)) {
      const one = await readYamlFile(join(dir, PROJECT_FILE), 'project-invalid');
      if (one === undefined) continue;
      if (!one.isDoubtful) {
        await addPaths(dir, one);
      } else if (await mentions(one.path, /\.\./)) {
        throw doubtful(one);
      } else {
        // Of nobody's making here: then everything in it may be what dbt reads.
        found.projectFiles.push(one);
        found.configured.add(dir);
      }
    }
  }
  return {
    outside: [...found.outside],
    configured: [...found.configured],
    projectFiles: found.projectFiles,
    // A path that is configured is an input wherever it lies.
    notInputs: [...found.notInputs].filter(
      (path) => ![...found.outside].some((one) => one.startsWith(path + sep) || one === path),
    ),
    packages: [...folders],
  };
}

async function readProjectFile(dir: string): Promise<YamlFile | undefined> {
  const file = await readYamlFile(join(dir, PROJECT_FILE), 'project-invalid');
  if (file?.isDoubtful === true) throw doubtful(file);
  return file;
}

function doubtful({ path }: YamlFile): Error {
  return new Error(`${path} can only be read by dbt; correct its indentation and quotes`);
}

function pathsAt(file: YamlFile, key: string, context: JinjaContext): string[] {
  const raw = valueAt(file.root, key);
  if (raw === undefined || raw === null) return [];
  return (Array.isArray(raw) ? raw : [raw]).map((one: unknown) => {
    const rendered = typeof one === 'string' ? renderJinja(one, context) : undefined;
    if (rendered?.kind !== 'value') throw onlyDbtCanTell(file, key);
    return pythonText(rendered.value);
  });
}

function onlyDbtCanTell(file: YamlFile, key: string): Error {
  const line = file.lineOf(key);
  return new Error(
    `${file.path}${line === undefined ? '' : `:${line}`} gives "${key}" a value that only dbt can work out; write the folders there as plain text`,
  );
}

/** The `local:` entries of packages.yml and dependencies.yml. */
async function localPackages(dir: string, context: JinjaContext): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['packages.yml', 'dependencies.yml']) {
    const path = join(dir, name);
    // Most have none, and an empty one is fine.
    if (!(await mentions(path, /^(?!\s*#).*local/m))) continue;
    const file = await readYamlFile(path, 'project-invalid');
    if (file === undefined) continue;
    const packages = valueAt(file.root, 'packages');
    if (file.isDoubtful || (packages !== undefined && packages !== null && !Array.isArray(packages)))
      throw onlyDbtCanTell(file, 'packages');
    for (const entry of (packages ?? []) as readonly unknown[])
      if (isMap(entry) && Object.hasOwn(entry, 'local'))
        found.push(...pathsAt({ ...file, root: entry }, 'local', context));
  }
  return found;
}

async function packagesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function mentions(path: string, pattern: RegExp): Promise<boolean> {
  try {
    return pattern.test(await readFile(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return false;
    throw new Error(`${path} cannot be read (${code ?? 'unknown reason'})`, { cause: error });
  }
}

function isSkipped(path: string, skip: ReadonlySet<string>): boolean {
  return [...skip].some((one) => path === one || path.startsWith(one + sep));
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new Error(`${path} cannot be read (${code ?? 'unknown reason'})`, { cause: error });
  }
}
