/**
 * What dbt-runcache adds to an executed run: `dbt build` bare, and the same through the built command line, turn by
 * turn on the same project (DuckDB, parse cache warm). The limit is 2 % plus 0.3 s, Node's own start included.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from '../test/support/python-env.ts';
import { EXAMPLE_PROJECT, REPOSITORY } from '../test/support/repository.ts';
import { median, table } from './measure.ts';

const ROUNDS = 15;
const LIMIT_RATIO = 1.02;
const LIMIT_SECONDS = 0.3;

const python = await pythonEnv({ report: console.error });
const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
try {
  const project = join(folder, 'project');
  await cp(EXAMPLE_PROJECT, project, { recursive: true });
  const env = {
    ...process.env,
    BIKE_HIRE_DUCKDB_PATH: join(folder, 'bench.duckdb'),
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    DBT_ENGINE_MANAGE_STATE: 'false',
  };
  const dbt = [python.dbt, 'build', '--target', 'duckdb'];
  const cli = join(REPOSITORY, 'dist', 'sdk', 'cli', 'main.js');
  const wrapped = [process.execPath, cli, 'run', '--dbt', python.dbt, '--', 'build', '--target', 'duckdb'];

  const seconds = (command: readonly string[]): number => {
    const began = performance.now();
    const [file = '', ...args] = command;
    const end = spawnSync(file, args, { cwd: project, env, encoding: 'utf8' });
    if (end.status !== 0) throw new Error(`${command.join(' ')} failed:\n${end.stdout}\n${end.stderr}`);
    return (performance.now() - began) / 1000;
  };

  /** Turn by turn, so that what slows the machine slows both. */
  const series = (): { bare: number; ours: number; added: number; limit: number } => {
    const bare: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const turns = round % 2 === 0 ? ['bare', 'ours'] : ['ours', 'bare'];
      for (const turn of turns)
        (turn === 'bare' ? bare : ours).push(seconds(turn === 'bare' ? dbt : wrapped));
    }
    return {
      bare: median(bare),
      ours: median(ours),
      added: median(ours.map((value, round) => value - (bare[round] ?? Number.NaN))),
      limit: median(bare) * (LIMIT_RATIO - 1) + LIMIT_SECONDS,
    };
  };
  const isWithin = ({ added, limit }: ReturnType<typeof series>): boolean => added <= limit;

  seconds(dbt);
  const measured = [series()];
  // A machine that others use spoils a series now and then; what the wrapper really costs shows in every one.
  if (!measured.every(isWithin)) measured.push(series());
  console.log(
    `dbt build of the example project on DuckDB; median of ${ROUNDS} rounds; Node ${process.version}\n`,
  );
  console.log(
    table([
      ['', 'bare dbt', 'dbt-runcache', 'ratio', 'added', 'limit'],
      ...measured.map(({ bare, ours, added, limit }) => [
        'wall time',
        `${bare.toFixed(2)} s`,
        `${ours.toFixed(2)} s`,
        (ours / bare).toFixed(3),
        `${added.toFixed(2)} s`,
        `${limit.toFixed(2)} s`,
      ]),
    ]),
  );
  const passed = measured.some(isWithin);
  console.log(passed ? '\nwithin the limit' : '\nOVER THE LIMIT');
  process.exitCode = passed ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
