/**
 * What the parse cache spares: `dbt parse` of a project of 603 nodes on DuckDB in a fresh checkout, plain, and with what an
 * earlier run had parsed put back before, as it was and with one model edited. Restoring from a store on this disk counts;
 * a store on the network takes longer by the transfer of a file of the size that is printed. Turn by turn, median. There is
 * no limit: how long dbt takes to start, which no cache spares, is shown beside.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseName } from '../sdk/parse-cache/parse-entry.ts';
import { restoreParse } from '../sdk/parse-cache/restore-parse.ts';
import { saveParse } from '../sdk/parse-cache/save-parse.ts';
import { fileStore } from '../sdk/stores/file.ts';
import { pythonEnv } from '../test/support/python-env.ts';
import { LARGE_PROJECT_NODES, writeLargeProject } from './large-project.ts';
import { median, table } from './measure.ts';

const ROUNDS = 3;

const python = await pythonEnv({ requirements: 'core-1.12', report: console.error });
const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
try {
  const store = fileStore({ dir: join(folder, 'ledger') });
  const name = parseName({});
  const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DBT_ENGINE_MANAGE_STATE: 'false' };
  let checkouts = 0;
  /** As on a runner of its own: another folder, in which dbt has not been. */
  const checkout = async (): Promise<string> => {
    checkouts += 1;
    const dir = join(folder, `checkout-${checkouts}`);
    await mkdir(dir);
    await writeLargeProject(dir, join(folder, 'large.duckdb'));
    return dir;
  };
  const dbt = async (cwd: string, ...args: readonly string[]): Promise<void> => {
    const child = spawn(python.dbt, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0) throw new Error(`dbt ${args.join(' ')} failed:\n${output}`);
  };
  const seconds = async (action: () => Promise<void>): Promise<number> => {
    const began = performance.now();
    await action();
    return (performance.now() - began) / 1000;
  };
  const plain = async (): Promise<number> => {
    const dir = await checkout();
    return seconds(() => dbt(dir, 'parse'));
  };
  const restoring: number[] = [];
  const cached = async (edit?: string): Promise<number> => {
    const dir = await checkout();
    if (edit !== undefined) await appendFile(join(dir, edit), '\n-- edited\n');
    return seconds(async () => {
      restoring.push(
        await seconds(async () => {
          const restored = await restoreParse({ store, name, targetPath: join(dir, 'target') });
          if (restored.kind !== 'restored') throw new Error(`The file was not restored: ${restored.kind}`);
        }),
      );
      await dbt(dir, 'parse');
    });
  };

  const first = await checkout();
  await dbt(first, 'parse');
  const saved = await saveParse({ store, name, targetPath: join(first, 'target') });
  if (saved.kind !== 'saved') throw new Error(`The file was not saved: ${saved.kind}`);

  const turns = {
    plain,
    same: () => cached(),
    edited: () => cached('models/staging/stg_orders_0.sql'),
    start: () => seconds(() => dbt(first, '--version')),
  };
  const took: Record<keyof typeof turns, number[]> = { plain: [], same: [], edited: [], start: [] };
  const all = Object.keys(turns) as (keyof typeof turns)[];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const turn of round % 2 === 0 ? all : all.toReversed()) took[turn].push(await turns[turn]());

  const whole = median(took.plain);
  const row = (what: string, times: readonly number[]): readonly string[] => [
    what,
    `${median(times).toFixed(2)} s`,
    (median(times) / whole).toFixed(2),
  ];
  console.log(
    `dbt parse of ${LARGE_PROJECT_NODES} nodes in a fresh checkout, dbt 1.12, median of ${ROUNDS} rounds; the file has ${(saved.bytes / (1 << 20)).toFixed(1)} MiB\n`,
  );
  console.log(
    table([
      ['', 'wall time', 'of a full parse'],
      row('full parse', took.plain),
      row('with the cache, nothing edited', took.same),
      row('with the cache, one model edited', took.edited),
      row('restoring alone', restoring),
      row('dbt --version', took.start),
    ]),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
