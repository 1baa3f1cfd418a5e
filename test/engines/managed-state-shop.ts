import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type ManagedStateReport,
  type RunOptions,
  type RunResult,
  runDbt,
  type StateOptions,
} from '../../sdk/index.ts';
import { type Checkout, checkoutAt, cloneOf, newCheckout } from '../support/checkout.ts';
import { CORE_1_12, type Engine, environmentOf } from '../support/engine.ts';
import type { Postgres } from '../support/postgres.ts';
import { bareEnv, postgresEnv } from './library.ts';

const PROJECT = fileURLToPath(new URL('./project', import.meta.url));

const FEED = `
version: 2
sources:
  - name: feed
    schema: feed
    tables:
      - name: arrivals
        config:
          loaded_at_field: loaded_at
          freshness: {warn_after: {count: 100, period: day}}
models:
  - name: arrived
    columns:
      - name: id
        data_tests: [not_null]
`;

/** What the project has beside the suite's own: a source that can go bad, a macro behind a macro, a variable. */
const FILES = {
  '.gitignore': 'target/\nlogs/\ndbt_internal_packages/\n',
  'models/feed/_feed.yml': FEED,
  'models/feed/arrived.sql':
    "{{ config(materialized='view') }} select id from {{ source('feed', 'arrivals') }}\n",
  'models/feed/arrival_notes.sql':
    "{{ config(materialized='table', tags=['noted']) }} select id, cast(note as integer) as note from {{ source('feed', 'arrivals') }}\n",
  'models/feed/notes_above.sql':
    "{{ config(materialized='table') }} select * from {{ ref('arrival_notes') }} where note > 0\n",
  'models/priced.sql': "{{ config(materialized='table') }} select {{ price(2) }} as price\n",
  'models/by_var.sql': "{{ config(materialized='table') }} select {{ var('factor', 1) }} as factor\n",
  'macros/price.sql': '{% macro price(count) %}{{ rate() }} * {{ count }}{% endmacro %}\n',
  'macros/rate.sql': '{% macro rate() %}3{% endmacro %}\n',
};

const FAVOR = '--favor-state';

/** A warehouse, asked without dbt. */
export interface Warehouse {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** A checkout of the project that builds into a schema. */
export interface Place {
  readonly checkout: Checkout;
  run(args: readonly string[], state: StateOptions, options?: RunOptions): Promise<RunResult>;
  /** Without the arguments that the engine needs on its warehouse to read from production. */
  runPlain(args: readonly string[], state: StateOptions): Promise<RunResult>;
}

/** A repository, its warehouse and the store of its states, in a folder of their own. */
export interface Shop {
  readonly root: string;
  /** The first commit. */
  readonly first: string;
  readonly warehouse: Warehouse;
  readonly ledger: string;
  /** The clone that builds production, at the default branch. */
  readonly production: Place;
  /** A new clone, on a branch of that name, that builds into a schema of that name. */
  branch(name: string, engine?: Engine): Promise<Place>;
  /** Names of what a schema has, sorted. */
  tablesOf(schema: string): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export async function shop(engine: Engine, postgres?: Postgres): Promise<Shop> {
  const root = await mkdtemp(join(tmpdir(), 'managed-state-'));
  const origin = await newCheckout(join(root, 'origin'));
  await cp(PROJECT, origin.dir, { recursive: true });
  const marts = join(origin.dir, 'models/marts/_marts.yml');
  // On Postgres dbt v2 panics over unit tests: list_relations_schemas is not implemented.
  if (engine.kind === 'fusion' && postgres !== undefined)
    await writeFile(
      marts,
      (await readFile(marts, 'utf8')).replace(/^unit_tests:[\s\S]*?^(?=exposures:)/m, ''),
    );
  const first = await origin.commit({ ...FILES, 'profiles.yml': PROFILES });
  await cloneOf(origin.dir, join(root, 'production'));
  const database = `state_${engine.requirements.replace(/\W/g, '_')}`;
  await postgres?.createDatabase(database);
  const made = shopAt(root, first, engine, postgres && { server: postgres, database });
  await made.warehouse.query('create schema feed');
  await made.warehouse.query('create table feed.arrivals (id integer, note varchar(9), loaded_at timestamp)');
  await made.warehouse.query("insert into feed.arrivals values (1, '7', timestamp '2026-01-01 00:00:00')");
  return made;
}

/** A copy of one on DuckDB, as it is now. */
export async function copyOf(one: Shop, engine: Engine): Promise<Shop> {
  const root = await mkdtemp(join(tmpdir(), 'managed-state-'));
  await cp(one.root, root, { recursive: true });
  const production = checkoutAt(join(root, 'production'));
  production.git('remote', 'set-url', 'origin', `file://${join(root, 'origin')}`);
  return shopAt(root, one.first, engine, undefined);
}

function shopAt(
  root: string,
  first: string,
  engine: Engine,
  postgres: { readonly server: Postgres; readonly database: string } | undefined,
): Shop {
  const warehouse: Warehouse =
    postgres === undefined
      ? duckdb(join(root, 'library.duckdb'))
      : {
          // Known: on Postgres dbt v2 takes what is not in the schema for what is, and defers nothing.
          args: [...(engine.kind === 'fusion' ? [FAVOR] : []), '--target', 'postgres'],
          env: postgresEnv(postgres.server, postgres.database),
          query: (sql) => postgres.server.query(postgres.database, sql),
        };
  const ledger = `file:${join(root, 'ledger')}`;
  const place = (checkout: Checkout, schema: string, by = engine): Place => {
    const start = async (args: readonly string[], state: StateOptions, options: RunOptions = {}) => {
      const { dbt, env } = await environmentOf(by);
      return runDbt(args, {
        ...{ cwd: checkout.dir, dbt, output: 'silent', state: { store: ledger, ...state } },
        ...options,
        env: {
          ...{ ...bareEnv(root), ...env, ...warehouse.env },
          ...{ DBT_ENGINE_MANAGE_STATE: 'false', LIBRARY_SCHEMA: schema },
          ...options.env,
        },
        reject: false,
      });
    };
    return {
      checkout,
      run: (args, state, options) => start([...args, ...warehouse.args], state, options),
      runPlain: (args, state) => start([...args, ...warehouse.args.filter((arg) => arg !== FAVOR)], state),
    };
  };
  return {
    ...{ root, first, warehouse, ledger },
    production: place(checkoutAt(join(root, 'production')), 'prod'),
    branch: async (name, by) => {
      const checkout = await cloneOf(join(root, 'origin'), join(root, name));
      checkout.git('checkout', '-q', '-b', name);
      return place(checkout, name, by);
    },
    tablesOf: async (schema) => {
      const rows = await warehouse.query(
        `select table_name as name from information_schema.tables where table_schema = '${schema}' order by 1`,
      );
      return rows.map(({ name }) => String(name));
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

const ASK = `
import duckdb, json, os, sys
path, sql = sys.argv[1:]
new = {} if os.path.exists(path) else {'storage_compatibility_version': 'v1.4.0'}
with duckdb.connect(path, config=new) as connection:
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description or []]
    print(json.dumps([dict(zip(names, row)) for row in answer.fetchall()], default=str))
`;

/** Made in the format that the oldest of the engines' DuckDBs reads. */
function duckdb(path: string): Warehouse {
  return {
    args: [],
    env: { LIBRARY_DUCKDB: path },
    query: async (sql) => {
      const { python } = await environmentOf(CORE_1_12);
      const { stdout } = await promisify(execFile)(python, ['-c', ASK, path, sql]);
      return JSON.parse(stdout) as Record<string, unknown>[];
    },
  };
}

const PROFILES = `library:
  target: duckdb
  outputs:
    duckdb:
      type: duckdb
      path: "{{ env_var('LIBRARY_DUCKDB') }}"
      schema: "{{ env_var('LIBRARY_SCHEMA') }}"
      threads: 2
    postgres:
      type: postgres
      host: "{{ env_var('LIBRARY_PG_HOST', '') }}"
      port: "{{ env_var('LIBRARY_PG_PORT', '5432') | as_number }}"
      user: "{{ env_var('LIBRARY_PG_USER', '') }}"
      password: "{{ env_var('DBT_ENV_SECRET_LIBRARY_PG_PASSWORD', '') }}"
      dbname: "{{ env_var('LIBRARY_PG_DATABASE', '') }}"
      schema: "{{ env_var('LIBRARY_SCHEMA') }}"
      threads: 2
`;

/** Names of the nodes that dbt ran, sorted. dbt Core writes exposures beside them, which it does nothing to. */
export function ran({ artifacts }: RunResult): readonly string[] {
  const results = artifacts.runResults?.results ?? [];
  return results
    .map(({ unique_id: id }) => id.split('.'))
    .filter(([type]) => type !== 'exposure')
    .map(([, , name = '']) => name)
    .sort();
}

/** How a run went, to be read when a test fails. */
export function story({ outcome, failure, notices, managedState, decisions }: RunResult): string {
  const failed = decisions.filter(({ action }) => action === 'failed').map(({ name }) => name);
  return JSON.stringify({ outcome, failure, failed, notices, managedState }, undefined, 1);
}

export function stateOf(result: RunResult): ManagedStateReport {
  if (result.managedState === undefined) throw new Error(`No managed state: ${story(result)}`);
  return result.managedState;
}
