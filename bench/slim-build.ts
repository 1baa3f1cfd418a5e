/**
 * What a slim build costs: a project of 603 nodes on DuckDB is built by plain dbt; a production run leaves its state and its
 * parse cache in a folder; then, in fresh checkouts with one model edited, the built command line builds what changed, turn by
 * turn with a plain full build of such a checkout. Fetching the state is a part of it. The limit is a quarter of the full build.
 *
 * Then the state of a manifest of 50 MB is brought back from a folder, turn by turn with unzipping and writing the same bytes
 * alone. The limit is half a second.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { bringState } from '../sdk/state-archive/bring-state.ts';
import { leaveState } from '../sdk/state-archive/leave-state.ts';
import { readStates } from '../sdk/state-archive/read-index.ts';
import { fileStore } from '../sdk/stores/file.ts';
import { pythonEnv } from '../test/support/python-env.ts';
import { REPOSITORY } from '../test/support/repository.ts';
import { LARGE_PROJECT_NODES, writeLargeProject } from './large-project.ts';
import { writeManifestFile } from './manifest-file.ts';
import { median, table } from './measure.ts';

const ROUNDS = 3;
const LIMIT_RATIO = 0.25;
const RESTORE_ROUNDS = 7;
const RESTORE_LIMIT_SECONDS = 0.5;
const MANIFEST_BYTES = 50_000_000;
const EDITED = 'models/intermediate/int_invoices_5.sql';

const python = await pythonEnv({ report: console.error });
const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
try {
  const isSlimWithin = await benchSlim();
  const isRestoreWithin = await benchRestore();
  const passed = isSlimWithin && isRestoreWithin;
  console.log(passed ? '\nwithin the limits' : '\nOVER A LIMIT');
  process.exitCode = passed ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function benchSlim(): Promise<boolean> {
  const origin = join(folder, 'origin');
  const database = join(folder, 'large.duckdb');
  const built = join(folder, 'built.duckdb');
  const cli = join(REPOSITORY, 'dist', 'sdk', 'cli', 'main.js');
  const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DBT_ENGINE_MANAGE_STATE: 'false' };
  const seconds = (cwd: string, command: readonly string[]): number => {
    const [file = '', ...args] = command;
    const began = performance.now();
    const { status, stdout, stderr } = spawnSync(file, args, { cwd, env, encoding: 'utf8' });
    const took = (performance.now() - began) / 1000;
    if (status !== 0) throw new Error(`${command.join(' ')} failed:\n${stdout}${stderr}`);
    return took;
  };
  const ours = [
    ...[process.execPath, cli, 'run', '--dbt', python.dbt, '--state-store', `file:${join(folder, 'states')}`],
    ...['--parse-cache'],
  ];
  await mkdir(origin);
  await writeLargeProject(origin, database);
  const git = (cwd: string, ...args: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], { cwd });
  git(origin, 'init', '-q');
  git(origin, 'add', '-A');
  git(origin, 'commit', '-qm', 'all');

  let checkouts = 0;
  /** At one place, as on runners: dbt's parse cache holds paths of the checkout. */
  const clone = async (): Promise<string> => {
    const dir = join(folder, 'work');
    await rm(dir, { recursive: true, force: true });
    git(folder, 'clone', '-q', origin, dir);
    return dir;
  };
  seconds(await clone(), [...ours, '--publish-state', 'always', '--', 'build']);
  await copyFile(database, built);
  /** A fresh checkout with one model edited, and production as it was. */
  const checkout = async (): Promise<string> => {
    checkouts += 1;
    const dir = await clone();
    const path = join(dir, EDITED);
    await writeFile(path, `${await readFile(path, 'utf8')}\n-- edited ${checkouts}\n`);
    git(dir, 'commit', '-qam', 'edit');
    await copyFile(built, database);
    return dir;
  };
  const full = async (): Promise<number> => seconds(await checkout(), [python.dbt, 'build']);
  let nodes = 0;
  /** As a pull request's: in CI a clone of the default branch would be production, and publish. */
  const slim = async (): Promise<number> => {
    const dir = await checkout();
    const took = seconds(dir, [...ours, '--slim', 'true', '--publish-state', 'never', '--', 'build']);
    const report = JSON.parse(await readFile(join(dir, 'target', 'dbt_runcache_report.json'), 'utf8'));
    nodes = report.decisions.length;
    const isSlim = report.outcome === 'executed' && report.managedState.comparison.kind === 'found';
    if (!isSlim || nodes === 0 || nodes > LARGE_PROJECT_NODES / 10)
      throw new Error(`Expected a slim build, was ${report.outcome} of ${nodes} nodes`);
    return took;
  };
  const took = { full: [] as number[], slim: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const turn of round % 2 === 0 ? (['full', 'slim'] as const) : (['slim', 'full'] as const))
      took[turn].push(turn === 'full' ? await full() : await slim());
  }
  const [ofFull, ofSlim] = [median(took.full), median(took.slim)];
  console.log(
    `dbt build of ${LARGE_PROJECT_NODES} nodes on DuckDB, and a slim build after one edit (${nodes} nodes), each in a fresh checkout; median of ${ROUNDS} rounds; Node ${process.version}\n`,
  );
  console.log(
    table([
      ['', 'full build', 'slim build', 'slim / full', 'limit'],
      [
        'wall time',
        `${ofFull.toFixed(2)} s`,
        `${ofSlim.toFixed(2)} s`,
        (ofSlim / ofFull).toFixed(3),
        LIMIT_RATIO.toFixed(3),
      ],
    ]),
  );
  return ofSlim / ofFull <= LIMIT_RATIO;
}

async function benchRestore(): Promise<boolean> {
  const path = join(folder, 'manifest.json');
  // About 2.2 KB a node with this much SQL.
  await writeManifestFile(path, 24_000, 600);
  const manifest = await readFile(path);
  if (manifest.length < MANIFEST_BYTES) throw new Error(`The manifest has only ${manifest.length} bytes`);
  const store = fileStore({ dir: join(folder, 'large-states') });
  const place = { project: 'large', repository: '', path: '', environment: 'production' };
  const state = {
    ...{ commit: 'a'.repeat(40), committedAt: '2026-01-01T00:00:00.000Z', after: [] },
    ...{ publishedAt: '2026-01-01T00:00:00.000Z', command: 'build' },
    ...({ engine: 'core', dbtVersion: '1.11.16' } as const),
  };
  const answer = await leaveState(
    store,
    place,
    { state: { state, contents: { manifest } } },
    { retainMs: 86_400_000 },
  );
  if (answer.kind !== 'left') throw new Error(`The state could not be left: ${answer.why}`);
  const zipped = gzipSync(manifest, { level: 1 });
  let rounds = 0;
  const bring = async (): Promise<void> => {
    const into = join(folder, `brought-${rounds}`);
    await mkdir(into);
    const read = await readStates(store, place);
    const [kept] = read.kind === 'read' ? read.index.states : [];
    if (kept === undefined) throw new Error('The state is not there');
    const brought = await bringState(store, kept, undefined, into, { project: 'large' });
    if (brought.kind !== 'brought') throw new Error(`The state could not be brought: ${brought.kind}`);
    if ((await stat(brought.manifestPath)).size !== manifest.length)
      throw new Error('Another manifest came back');
  };
  const plain = async (): Promise<void> => {
    await writeFile(join(folder, `plain-${rounds}`), gunzipSync(zipped));
  };
  const took = { bring: [] as number[], plain: [] as number[] };
  for (; rounds < RESTORE_ROUNDS; rounds += 1) {
    for (const [name, action] of [
      ['bring', bring],
      ['plain', plain],
    ] as const) {
      const began = performance.now();
      await action();
      took[name].push((performance.now() - began) / 1000);
    }
  }
  const [ofBring, ofPlain] = [median(took.bring), median(took.plain)];
  console.log(
    `\nA state with a manifest of ${(manifest.length / 1e6).toFixed(0)} MB, brought back from a folder; median of ${RESTORE_ROUNDS} rounds\n`,
  );
  console.log(
    table([
      ['', 'unzip and write', 'bring the state', 'limit', 'ratio'],
      [
        'wall time',
        `${ofPlain.toFixed(3)} s`,
        `${ofBring.toFixed(3)} s`,
        `${RESTORE_LIMIT_SECONDS.toFixed(2)} s`,
        (ofBring / ofPlain).toFixed(2),
      ],
    ]),
  );
  return ofBring <= RESTORE_LIMIT_SECONDS;
}
