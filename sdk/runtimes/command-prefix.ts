import { basename, dirname, join, resolve } from 'node:path';
import { readVariable } from '../plan/variables.ts';
import { isFile, isFolder, type Searched } from './find-executable.ts';
import { dbtIn } from './python-environment.ts';

/** What is known of a command such as `uv run dbt` without running it. */
export interface PrefixInfo {
  /** The environment it will use, when its folder can be told and holds a dbt. Absolute. */
  readonly environment?: string;
  /** The same command with Python instead of dbt, for asking; absent where that could install or start too much. */
  readonly pythonCommand?: readonly string[];
  /** True for `uv run` and its like without dbt behind it: the user's command would be taken for a program. */
  readonly isIncomplete: boolean;
}

/** Tools that run a program inside a Python environment: `<tool> run <program>`. */
const RUNNERS = new Set([
  'uv',
  'poetry',
  'pipenv',
  'pdm',
  'rye',
  'hatch',
  'conda',
  'mamba',
  'micromamba',
  'pixi',
]);
/** Options that make `uv run` use another environment than the project's. */
const UV_OWN_ENVIRONMENT =
  /^--(?:with(?:-editable|-requirements)?|isolated|no-project|python|script)(?:=|$)|^-p/;

export async function inspectPrefix(words: readonly string[], searched: Searched): Promise<PrefixInfo> {
  const tool = toolName(words[0] ?? '');
  const dbtAt = words.findLastIndex((word) => toolName(word) === 'dbt');
  if (tool === 'uvx' || (tool === 'uv' && words[1] === 'tool')) {
    return {
      isIncomplete: dbtAt === -1,
      ...(dbtAt === -1 ? {} : { pythonCommand: withPython(words, dbtAt) }),
    };
  }
  if (!RUNNERS.has(tool) || !words.includes('run')) return { isIncomplete: false };
  // `uv run python -m dbt.cli.main` is complete as well.
  if (dbtAt === -1) return { isIncomplete: !words.some((word) => /dbt/i.test(word)) };
  const options = words.slice(1, dbtAt);
  const candidates = await environmentsOf(tool, options, searched);
  for (const environment of candidates) {
    if ((await dbtIn(environment)) !== undefined) return { environment, isIncomplete: false };
  }
  return { isIncomplete: false, pythonCommand: withPython(words, dbtAt) };
}

/** The program's name without folder and `.exe`. */
function toolName(word: string): string {
  return basename(word)
    .toLowerCase()
    .replace(/\.(?:exe|cmd|bat)$/, '');
}

function withPython(words: readonly string[], dbtAt: number): readonly string[] {
  const command = [...words.slice(0, dbtAt), 'python'];
  // Asking must not install the project: dbt's own start may, and shows it.
  const runAt = command.indexOf('run');
  if (toolName(command[0] ?? '') === 'uv' && command[1] !== 'tool' && !command.includes('--no-sync')) {
    command.splice(runAt + 1, 0, '--no-sync');
  }
  return command;
}

/** Folders the tool's environment may be in, the likeliest first. */
async function environmentsOf(
  tool: string,
  options: readonly string[],
  { env, cwd }: Searched,
): Promise<readonly string[]> {
  const variable = (name: string): string[] => {
    const value = readVariable(env, name);
    return value === undefined || value === '' ? [] : [value];
  };
  switch (tool) {
    case 'uv': {
      if (options.some((option) => UV_OWN_ENVIRONMENT.test(option))) return [];
      const start = resolve(
        cwd,
        optionValue(options, '--directory') ?? '',
        optionValue(options, '--project') ?? '',
      );
      const project = await uvProject(start);
      const active = variable('VIRTUAL_ENV');
      if (project === undefined)
        return [...active, ...variable('CONDA_PREFIX'), ...(await nearest(start, '.venv'))];
      const own = resolve(project, variable('UV_PROJECT_ENVIRONMENT')[0] ?? '.venv');
      return options.includes('--active') && active.length > 0 ? active : [own];
    }
    case 'poetry':
    case 'pdm':
    case 'rye': {
      const project = await nearest(cwd, 'pyproject.toml');
      return [...variable('VIRTUAL_ENV'), ...project.map((file) => join(dirname(file), '.venv'))];
    }
    case 'pipenv': {
      const project = await nearest(cwd, 'Pipfile');
      return [...variable('VIRTUAL_ENV'), ...project.map((file) => join(dirname(file), '.venv'))];
    }
    case 'conda':
    case 'mamba':
    case 'micromamba':
      return condaEnvironments(options, variable, cwd);
    default:
      return [];
  }
}

function condaEnvironments(
  options: readonly string[],
  variable: (name: string) => string[],
  cwd: string,
): readonly string[] {
  const prefix = optionValue(options, '-p') ?? optionValue(options, '--prefix');
  if (prefix !== undefined) return [resolve(cwd, prefix)];
  const name = optionValue(options, '-n') ?? optionValue(options, '--name');
  const roots = [
    ...variable('CONDA_EXE').map((exe) => dirname(dirname(exe))),
    ...variable('MAMBA_ROOT_PREFIX'),
  ];
  if (name === undefined) return variable('CONDA_PREFIX');
  if (name === 'base') return roots;
  const homes = variable('HOME').map((home) => join(home, '.conda', 'envs'));
  const listed = variable('CONDA_ENVS_PATH').flatMap((paths) =>
    paths.split(process.platform === 'win32' ? ';' : ':'),
  );
  return [...listed, ...roots.map((root) => join(root, 'envs')), ...homes].map((folder) =>
    resolve(folder, name),
  );
}

function optionValue(options: readonly string[], name: string): string | undefined {
  const at = options.indexOf(name);
  if (at !== -1) return options[at + 1];
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The nearest project, or the workspace around it: uv keeps one environment for all of a workspace. */
async function uvProject(start: string): Promise<string | undefined> {
  const [file] = await nearest(start, 'pyproject.toml');
  if (file === undefined) return undefined;
  const dir = dirname(file);
  if ((await isFile(join(dir, 'uv.lock'))) || (await isFolder(join(dir, '.venv')))) return dir;
  const [lock] = await nearest(dirname(dir), 'uv.lock');
  return lock === undefined ? dir : dirname(lock);
}

/** The nearest file or folder of that name from `start` upward, as a list of none or one. */
async function nearest(start: string, name: string): Promise<readonly string[]> {
  for (let dir = start; ; dir = dirname(dir)) {
    const path = join(dir, name);
    if ((await isFile(path)) || (await isFolder(path))) return [path];
    if (dirname(dir) === dir) return [];
  }
}
