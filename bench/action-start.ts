/**
 * How long the built Action takes until it has read its inputs and refused one, beside a bare import of
 * @actions/core in a fresh Node. It prints a ratio; there is no limit, but a jump here is a chunk that went eager.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../test/support/repository.ts';
import { median, table } from './measure.ts';

const ROUNDS = 15;

const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
try {
  const files = Object.fromEntries(
    ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map((name) => [`GITHUB_${name}`, join(folder, name)]),
  );
  await Promise.all(Object.values(files).map((path) => writeFile(path, '')));
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GITHUB_ACTIONS: 'true',
    ...files,
    INPUT_TIMEOUT: 'no duration',
  };

  const ms = (args: readonly string[], expected: number): number => {
    const began = performance.now();
    const end = spawnSync(process.execPath, args, { cwd: REPOSITORY, env, encoding: 'utf8' });
    if (end.status !== expected)
      throw new Error(`${args.join(' ')} ended with ${end.status}:\n${end.stdout}${end.stderr}`);
    return performance.now() - began;
  };
  const node: number[] = [];
  const core: number[] = [];
  const action: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    node.push(ms(['-e', ''], 0));
    core.push(ms(['--input-type=module', '-e', "await import('@actions/core')"], 0));
    action.push(ms([join(REPOSITORY, 'dist', 'action', 'main.js')], 1));
  }
  const row = (name: string, values: readonly number[]): string[] => [
    name,
    `${median(values).toFixed(0)} ms`,
    (median(values) / median(core)).toFixed(2),
  ];
  console.log(`start-up in a fresh Node ${process.version}; median of ${ROUNDS} rounds\n`);
  console.log(
    table([
      ['', 'time', 'ratio'],
      row('node alone', node),
      row("import('@actions/core')", core),
      row('the Action, refusing an input', action),
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
