import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { type JinjaContext, pythonText, renderJinja } from './jinja.ts';
import { jinjaContext, type PlanInput } from './jinja-context.ts';
import type { Unrendered, Yaml } from './state/input.ts';
import { type DbtDialect, dialectOf, parseBoolean, readSetting } from './variables.ts';
import { invalid, isMap, readYamlFile, valueAt, type YamlFile } from './yaml-file.ts';

/** A dbt project, as dbt will take it. */
export interface Project {
  /** Absolute. */
  readonly dir: string;
  /** Absolute: `dbt_project.yml`. */
  readonly path: string;
  /** `(unknown)` when only dbt can read the file. */
  readonly name: string;
  /** What `profile:` says; absent when it says nothing, or nothing that can be told before dbt runs. */
  readonly profileName?: string;
  /** True when `profile:` is there but only dbt can work it out. */
  readonly isProfileNameUnknown: boolean;
  /** Absolute: where dbt writes its artifacts. */
  readonly targetPath: string;
  /**
   * False when `target-path:` is Jinja that only dbt can work out: `targetPath` is then dbt's default. Fields of
   * `target` become known with the profile: see `settleTargetPath()`.
   */
  readonly isTargetPathCertain: boolean;
  /** Absolute: the folder of `dbt.log`. */
  readonly logPath: string;
  /** Whether dbt writes the manifest and run results: flag, then environment, then the project's `flags:`. */
  readonly writesJson: boolean;
  /** `flags:`, with its Jinja worked out as far as that can be done here. */
  readonly flags: Yaml;
  /** `dbt-cloud:`, likewise. */
  readonly dbtCloud: Yaml;
}

const FILE_NAME = 'dbt_project.yml';

/**
 * Finds the project dbt will find: `--project-dir`, then DBT_ENGINE_PROJECT_DIR and DBT_PROJECT_DIR, then the nearest
 * folder with a `dbt_project.yml` from `cwd` upward. dbt does that walk itself, so it is started in `cwd` as it is,
 * and relative paths in the user's arguments mean what they mean to dbt: the target folder is relative to the
 * project, `--log-path` (not so in dbt v2), `--profiles-dir` and `--project-dir` to `cwd`.
 * @throws DbtRunCacheError `project-not-found` saying where was looked; `project-invalid` when the file is broken, has
 *   no name, or needs an environment variable that is not set.
 */
export async function findProject(
  input: PlanInput & { readonly uncertain?: ReadonlySet<string> },
): Promise<Project> {
  const dialect = dialectOf(input.dbtVersion);
  const file = await findFile(input, dialect);
  const dir = dirname(file.path);
  const context = jinjaContext(
    input,
    dialect,
    input.uncertain === undefined ? {} : { uncertain: input.uncertain },
  );

  const name = render(file, 'name', context);
  if (name === undefined && !file.isDoubtful) {
    throw invalid('project-invalid', file.path, 'it has no name', 'Add a line such as "name: my_project".');
  }
  const profile = render(file, 'profile', context);
  const target = targetPathOf(file, input, dialect, context);
  return {
    dir,
    path: file.path,
    name: name?.text ?? '(unknown)',
    ...(profile?.text === undefined ? {} : { profileName: profile.text }),
    isProfileNameUnknown: file.isDoubtful || (profile !== undefined && profile.text === undefined),
    targetPath: resolve(dir, target ?? 'target'),
    isTargetPathCertain: target !== undefined,
    logPath: logPathOf(file, input, dialect),
    writesJson: writesJsonOf(file, input, dialect),
    flags: renderedMap(valueAt(file.root, 'flags'), context),
    dbtCloud: renderedMap(valueAt(file.root, 'dbt-cloud'), context),
  };
}

function renderedMap(map: unknown, context: JinjaContext): Yaml {
  if (!isMap(map)) return {};
  return Object.fromEntries(
    Object.entries(map).map(([key, raw]) => {
      if (typeof raw !== 'string') return [key, raw];
      const rendered = renderJinja(raw, context);
      const unrendered: Unrendered = { jinja: raw };
      return [key, rendered.kind === 'value' ? rendered.value : unrendered];
    }),
  );
}

/** The project again, with a `target-path:` that needs fields of the resolved target worked out. */
export async function settleTargetPath(
  project: Project,
  input: PlanInput & { readonly uncertain?: ReadonlySet<string> },
  target: { readonly profileName: string; readonly targetName?: string; readonly adapterType?: string },
): Promise<Project> {
  if (project.isTargetPathCertain) return project;
  const dialect = dialectOf(input.dbtVersion);
  const file = await readYamlFile(project.path, 'project-invalid');
  if (file === undefined) return project;
  const { profileName, targetName, adapterType } = target;
  const fields = {
    profile_name: profileName,
    ...(targetName === undefined ? {} : { name: targetName, target_name: targetName }),
    ...(adapterType === undefined ? {} : { type: adapterType }),
  };
  const context = jinjaContext(input, dialect, {
    target: fields,
    ...(input.uncertain === undefined ? {} : { uncertain: input.uncertain }),
  });
  const text = targetPathOf(file, input, dialect, context);
  return text === undefined
    ? project
    : { ...project, targetPath: resolve(project.dir, text), isTargetPathCertain: true };
}

async function findFile(input: PlanInput, dialect: DbtDialect): Promise<YamlFile> {
  const setting = readSetting(input.env, 'PROJECT_DIR', dialect);
  const flag = input.commandLine.projectDir;
  const given = flag ?? setting?.value;
  if (given !== undefined) {
    const dir = resolve(input.cwd, given);
    const file = await readYamlFile(join(dir, FILE_NAME), 'project-invalid');
    if (file !== undefined) return file;
    const source = flag !== undefined ? '--project-dir' : setting?.name;
    throw notFound(
      `${source} names ${dir}, ${(await isFolder(dir)) ? `which has no ${FILE_NAME}` : 'which is no folder'}`,
      given,
    );
  }
  for (let dir = resolve(input.cwd); ; dir = dirname(dir)) {
    const file = await readYamlFile(join(dir, FILE_NAME), 'project-invalid');
    if (file !== undefined) return file;
    if (dirname(dir) === dir) {
      throw notFound(`There is no ${FILE_NAME} in ${resolve(input.cwd)} or any folder above it`, '');
    }
  }
}

function notFound(message: string, given: string): DbtRunCacheError {
  return new DbtRunCacheError(message, {
    code: 'project-not-found',
    hint: given.startsWith('~')
      ? 'Write the folder out: no shell expands ~ here.'
      : 'Run in the folder of a dbt project, or name it with --project-dir.',
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** `text` is undefined when only dbt can tell; the whole is undefined when the key is not there. */
function render(
  file: YamlFile,
  key: string,
  context: JinjaContext,
): { readonly text: string | undefined } | undefined {
  const raw = valueAt(file.root, key);
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === 'number' || typeof raw === 'boolean') return { text: pythonText(raw) };
  if (typeof raw !== 'string') return { text: undefined };
  const rendered = renderJinja(raw, context);
  if (rendered.kind === 'missing') {
    const line = file.lineOf(key);
    throw invalid(
      'project-invalid',
      line === undefined ? file.path : `${file.path}:${line}`,
      `"${key}" needs the environment variable ${rendered.variable}, which is not set`,
      `Set ${rendered.variable}, or give env_var() a default.`,
    );
  }
  if (rendered.kind === 'unknown' || rendered.value === null) return { text: undefined };
  return { text: pythonText(rendered.value) };
}

/** As dbt is given it, not made absolute; undefined when only dbt can tell. */
function targetPathOf(
  file: YamlFile,
  input: PlanInput,
  dialect: DbtDialect,
  context: JinjaContext,
): string | undefined {
  // Worked out even where it is overridden: dbt does so as well, and fails on a variable that is not set.
  const inFile = render(file, 'target-path', context);
  const given = input.commandLine.targetPath ?? readSetting(input.env, 'TARGET_PATH', dialect)?.value;
  // To dbt an empty one is none at all.
  if (given !== undefined && given !== '') return given;
  if (inFile !== undefined) return inFile.text;
  return file.isDoubtful ? undefined : 'target';
}

function logPathOf(file: YamlFile, input: PlanInput, dialect: DbtDialect): string {
  const given = input.commandLine.logPath ?? readSetting(input.env, 'LOG_PATH', dialect)?.value;
  if (given !== undefined) return resolve(dialect.isFusion ? dirname(file.path) : input.cwd, given);
  // dbt does not render this one.
  const inFile = valueAt(file.root, 'log-path');
  return resolve(dirname(file.path), typeof inFile === 'string' && inFile !== '' ? inFile : 'logs');
}

function writesJsonOf(file: YamlFile, input: PlanInput, dialect: DbtDialect): boolean {
  if (input.commandLine.writeJson !== undefined) return input.commandLine.writeJson;
  const setting = readSetting(input.env, 'WRITE_JSON', dialect);
  const inEnv = setting === undefined ? undefined : parseBoolean(setting.value);
  if (inEnv !== undefined) return inEnv;
  // dbt v2 does not read the project's flag.
  if (dialect.isFusion) return true;
  const flags = valueAt(file.root, 'flags');
  return !isMap(flags) || valueAt(flags, 'write_json') !== false;
}
