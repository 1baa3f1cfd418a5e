import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Postgres } from '../support/postgres.ts';
import { pythonEnv } from '../support/python-env.ts';
import { EXAMPLE_PROJECT } from '../support/repository.ts';

/** A copy of the example project with a warehouse of its own (DuckDB unless the environment says otherwise). */
export interface Workspace {
  readonly dir: string;
  readonly dbt: string;
  readonly python: string;
  /** What dbt is to be run with. */
  readonly env: Record<string, string>;
  write(path: string, text: string): Promise<void>;
  append(path: string, text: string): Promise<void>;
  read(path: string): Promise<string>;
  remove(): Promise<void>;
}

export async function workspace(extraEnv: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const { dbt, python } = await pythonEnv();
  const root = await mkdtemp(join(tmpdir(), 'bike-hire-'));
  const dir = join(root, 'project');
  await cp(EXAMPLE_PROJECT, dir, { recursive: true });
  return {
    dir,
    dbt,
    python,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      DBT_ENV_SECRET_BIKE_HIRE_PG_PASSWORD: 'not-a-secret-postgres',
      BIKE_HIRE_DUCKDB_PATH: join(root, 'warehouse.duckdb'),
      ...extraEnv,
    },
    write: (path, text) => writeFile(join(dir, path), text),
    append: (path, text) => appendFile(join(dir, path), text),
    read: (path) => readFile(join(dir, path), 'utf8'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Where the example project finds its database on this server. */
export function postgresEnv(server: Postgres, database = 'shop'): Record<string, string> {
  return {
    BIKE_HIRE_PG_HOST: server.host,
    BIKE_HIRE_PG_PORT: String(server.port),
    BIKE_HIRE_PG_USER: server.user,
    BIKE_HIRE_PG_DATABASE: database,
    DBT_ENV_SECRET_BIKE_HIRE_PG_PASSWORD: server.password,
  };
}
