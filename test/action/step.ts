import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FakeDbt, makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';
import { parseCommandFile } from '../support/runner/command-file.ts';
import { parseWorkflowCommand, type WorkflowCommand } from '../support/runner/workflow-command.ts';

export interface StepEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** False when commands were stopped and never read again. */
  readonly resumed: boolean;
  /** Those outside of stop-commands marks. */
  readonly commands: readonly WorkflowCommand[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface StepRig {
  readonly workspace: string;
  readonly dbt: FakeDbt;
  readonly summaryPath: string;
  start(inputs?: Record<string, string>, env?: Record<string, string>): RunningStep;
  run(inputs?: Record<string, string>, env?: Record<string, string>): Promise<StepEnd>;
  /** The post step, with the state main left. */
  post(state: Readonly<Record<string, string>>, env?: Readonly<Record<string, string>>): Promise<StepEnd>;
}

export interface RunningStep {
  readonly child: ChildProcess;
  readonly ended: Promise<StepEnd>;
}

/** A workspace with a dbt project, a steered dbt and the files a runner gives each step. */
export async function makeStepRig(
  steps: readonly Step[],
  files: Record<string, string> = {},
): Promise<StepRig> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'step-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const workspace = join(folder, 'work');
  makeFakeProject(workspace, files);
  const dbt = await makeFakeDbt(join(folder, 'venv'), steps);
  const runnerFiles = join(folder, 'runner');
  mkdirSync(runnerFiles);
  const path = (name: string): string => join(runnerFiles, name);

  const start = (entry: string, extra: Record<string, string>): RunningStep => {
    const names = { GITHUB_OUTPUT: 'output', GITHUB_STATE: 'state', GITHUB_STEP_SUMMARY: 'summary.md' };
    for (const name of Object.values(names)) writeFileSync(path(name), '');
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/action', entry)], {
      cwd: workspace,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        GITHUB_ACTIONS: 'true',
        GITHUB_WORKSPACE: workspace,
        GITHUB_REPOSITORY: 'acme/shop',
        GITHUB_SERVER_URL: 'https://github.example.com',
        GITHUB_SHA: 'c0ffee',
        ...Object.fromEntries(Object.entries(names).map(([name, file]) => [name, path(file)])),
        ...extra,
      },
    });
    return { child, ended: end(child, path) };
  };
  const main = (inputs: Record<string, string> = {}, env: Record<string, string> = {}): RunningStep =>
    start('main.js', { ...asInputs({ dbt: dbt.venv, ...inputs }), ...env });

  return {
    workspace,
    dbt,
    summaryPath: path('summary.md'),
    start: main,
    run: (inputs, env) => main(inputs, env).ended,
    post: (state, env = {}) =>
      start('post.js', {
        ...env,
        ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
      }).ended,
  };
}

function asInputs(inputs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
}

async function end(child: ChildProcess, path: (name: string) => string): Promise<StepEnd> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, by) => resolve([code, by]));
  });
  return {
    ...{ exitCode, signal, stdout, stderr },
    ...commandsIn(stdout),
    outputs: Object.fromEntries(parseCommandFile(readFileSync(path('output'), 'utf8'))),
    state: Object.fromEntries(parseCommandFile(readFileSync(path('state'), 'utf8'))),
    summary: readFileSync(path('summary.md'), 'utf8'),
  };
}

/** As the runner reads them: nothing between the stop marks is obeyed. */
function commandsIn(stdout: string): Pick<StepEnd, 'commands' | 'resumed'> {
  const commands: WorkflowCommand[] = [];
  let token: string | undefined;
  for (const line of stdout.split('\n')) {
    const command = parseWorkflowCommand(line);
    if (command === undefined) continue;
    if (token !== undefined) {
      if (command.name === token) token = undefined;
    } else if (command.name === 'stop-commands') token = command.data;
    else commands.push(command);
  }
  return { commands, resumed: token === undefined };
}
