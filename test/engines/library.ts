import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DbtRun, type NodeDecision, type RunOptions, type RunResult, runDbt } from '../../sdk/index.ts';
import { type Engine, environmentOf } from '../support/engine.ts';
import type { Postgres } from '../support/postgres.ts';

const PROJECT = fileURLToPath(new URL('./project', import.meta.url));

/** A copy of the suite's project for one engine, with a DuckDB file of its own. */
export interface Library {
  /** Holds the project and the DuckDB file; also dbt's home. */
  readonly root: string;
  readonly dir: string;
  readonly dbt: string;
  readonly env: Readonly<Record<string, string>>;
  /** Through `runDbt()`: silent, and a failed run is a value. */
  run(args: readonly string[], options?: RunOptions): DbtRun<RunResult>;
  /** dbt itself, without us. */
  bare(args: readonly string[]): Promise<BareRun>;
  /** The same with more in its environment. */
  bareWith(args: readonly string[], env: Readonly<Record<string, string>>): Promise<BareRun>;
  write(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  /** Deletes what dbt made: the warehouse, the artifacts and the logs. */
  reset(): Promise<void>;
  remove(): Promise<void>;
}

export interface BareRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export async function library(
  engine: Engine,
  extraEnv: Readonly<Record<string, string>> = {},
): Promise<Library> {
  const { dbt, env: engineEnv } = await environmentOf(engine);
  const root = await mkdtemp(join(tmpdir(), 'library-'));
  const dir = join(root, 'project');
  await cp(PROJECT, dir, { recursive: true });
  const env: Record<string, string> = { ...bareEnv(root), ...engineEnv, ...extraEnv };
  return {
    root,
    dir,
    dbt,
    env,
    run: (args, options) => runDbt(args, { cwd: dir, env, dbt, output: 'silent', ...options, reject: false }),
    bare: (args) => runBare(dbt, args, { cwd: dir, env }),
    bareWith: (args, more) => runBare(dbt, args, { cwd: dir, env: { ...env, ...more } }),
    write: async (path, text) => {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
    append: (path, text) => appendFile(join(dir, path), text),
    read: (path) => readFile(join(dir, path), 'utf8'),
    reset: async () => {
      for (const name of ['library.duckdb', 'library.duckdb.wal', 'project/target', 'project/logs']) {
        await rm(join(root, name), { recursive: true, force: true });
      }
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** What any dbt of the suite runs with. */
export function bareEnv(root: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    LIBRARY_DUCKDB: join(root, 'library.duckdb'),
  };
}

/** What the project's Postgres target needs to reach a database of `postgres`. */
export function postgresEnv(postgres: Postgres, database: string): Record<string, string> {
  return {
    LIBRARY_PG_HOST: postgres.host,
    LIBRARY_PG_PORT: String(postgres.port),
    LIBRARY_PG_USER: postgres.user,
    LIBRARY_PG_DATABASE: database,
    DBT_ENV_SECRET_LIBRARY_PG_PASSWORD: postgres.password,
  };
}

export async function runBare(
  dbt: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<BareRun> {
  return new Promise((resolve, reject) => {
    execFile(dbt, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ stdout, stderr, code });
      else reject(error);
    });
  });
}

/** The decision about the node of that name. */
export function decisionOf(result: RunResult, name: string): NodeDecision {
  const found = result.decisions.find((node) => node.name === name);
  if (found === undefined) {
    const known = result.decisions.map((node) => node.name).join(', ');
    throw new Error(`There is no node ${name} among: ${known}; ${result.failure?.message ?? 'no failure'}`);
  }
  return found;
}

/** Every node's action by its name. */
export function actionsOf(result: RunResult): Record<string, string> {
  return Object.fromEntries(result.decisions.map((node) => [node.name, node.action]));
}
