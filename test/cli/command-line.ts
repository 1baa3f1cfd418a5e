import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type FakeDbt, makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';

export interface CliEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRig {
  readonly folder: string;
  readonly dbt: FakeDbt;
  start(
    args: readonly string[],
    env?: Record<string, string>,
    cwd?: string,
  ): { child: ChildProcess; ended: Promise<CliEnd> };
  run(args: readonly string[], env?: Record<string, string>, cwd?: string): Promise<CliEnd>;
}

/** A dbt project, a steered dbt first on PATH, and the built command line. */
export async function makeCliRig(
  steps: readonly Step[],
  files: Record<string, string> = {},
): Promise<CliRig> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'cli-')));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const folder = join(home, 'project');
  makeFakeProject(folder, files);
  const dbt = await makeFakeDbt(join(home, 'venv'), steps);

  const start: CliRig['start'] = (args, env = {}, cwd = folder) => {
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/sdk/cli/main.js'), ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${join(dbt.venv, 'bin')}:${process.env['PATH']}`, HOME: home, ...env },
    });
    return { child, ended: collect(child) };
  };
  return { folder, dbt, start, run: (args, env, cwd) => start(args, env, cwd).ended };
}

async function collect(child: ChildProcess): Promise<CliEnd> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, by) => resolve([code, by]));
  });
  return { exitCode, signal, stdout, stderr };
}
