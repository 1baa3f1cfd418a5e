import { type Environment, readVariable } from '../plan/variables.ts';
import { findExecutable } from '../runtimes/find-executable.ts';
import { type PlannedEnvironment, programIn } from './environment.ts';

export interface Installer {
  readonly name: 'uv' | 'pip';
  /** What is run one after the other, given the file of the requirements. */
  steps(requirementsFile: string): readonly (readonly string[])[];
}

/** pip knows these by itself, uv does not. */
const INDEXES_OF_PIP = [
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_NO_INDEX',
  'PIP_FIND_LINKS',
  'PIP_CONSTRAINT',
];
const INDEXES_OF_UV = [
  'UV_DEFAULT_INDEX',
  'UV_INDEX',
  'UV_INDEX_URL',
  'UV_EXTRA_INDEX_URL',
  'UV_NO_INDEX',
  'UV_FIND_LINKS',
];

/** uv where it is on PATH and would install the same as pip, since it is several times faster; else pip. */
export async function chooseInstaller(planned: PlannedEnvironment, env: Environment): Promise<Installer> {
  const { folder, cwd, requirements } = planned;
  const python = programIn(folder, 'python');
  const isSet = (name: string): boolean => (readVariable(env, name) ?? '') !== '';
  const isForPip = INDEXES_OF_PIP.some(isSet) && !INDEXES_OF_UV.some(isSet);
  const uv = requirements.needsPip || isForPip ? undefined : await findExecutable('uv', { env, cwd });
  if (uv !== undefined) {
    // What a project above has set for itself must not decide what is installed.
    const config = isSet('UV_CONFIG_FILE') ? [] : ['--no-config'];
    // What is kept is compiled once; else every job would do so when dbt starts.
    const how = ['--no-progress', '--compile-bytecode'];
    return {
      name: 'uv',
      steps: (file) => [
        [uv, 'venv', ...config, '--no-project', '--python', planned.python.executable, folder],
        [uv, 'pip', 'install', ...config, ...how, '--python', python, '-r', file],
      ],
    };
  }
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  return {
    name: 'pip',
    steps: (file) => [
      [planned.python.executable, '-m', 'venv', folder],
      [python, '-m', 'pip', 'install', ...quiet, '-r', file],
    ],
  };
}

/** Variables that would lead an installer out of the environment that is being made. */
const MISLEADING: ReadonlySet<string> = new Set([
  ...['PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', '__PYVENV_LAUNCHER__'],
  ...['PIP_DRY_RUN', 'PIP_PREFIX', 'PIP_PYTHON', 'PIP_ROOT', 'PIP_TARGET', 'PIP_USER'],
  // They would have more installed than the requirements say.
  ...['PIP_EDITABLE', 'PIP_REQUIREMENT'],
  ...['UV_BREAK_SYSTEM_PACKAGES', 'UV_DRY_RUN', 'UV_PREFIX', 'UV_PYTHON', 'UV_SYSTEM_PYTHON', 'UV_TARGET'],
]);

/** @param env As dbt gets it: without what is the runner's. */
export function installerEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !MISLEADING.has(name.toUpperCase()));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', PYTHONIOENCODING: 'utf-8' };
}
