import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addFakeAdapter } from './fake-dbt/fake-adapter.ts';
import { makeFakeDbt } from './fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from './fake-dbt/fake-project.ts';
import { REPOSITORY } from './repository.ts';

/** Where the project's warehouse is: a file beside it, or a host that no other ledger writes to. */
const WAREHOUSES = {
  duckdb: '{type: duckdb, path: shop.duckdb}',
  postgres: '{type: postgres, host: warehouse.example.com, user: u, password: p, dbname: d, schema: s}',
} as const;
type Warehouse = keyof typeof WAREHOUSES;

/** A project that has a key, with a dbt that is steered. */
export interface StoreProject {
  readonly root: string;
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
  /** Starts a script of this repository in the project; what it prints, line by line. */
  script(path: string, args?: readonly string[]): Promise<{ readonly out: string[]; readonly err: string[] }>;
  remove(): Promise<void>;
}

export async function storeProject(
  warehouse: Warehouse,
  env: Readonly<Record<string, string>> = {},
): Promise<StoreProject> {
  const root = await mkdtemp(join(tmpdir(), 'store-example-'));
  const cwd = join(root, 'shop');
  makeFakeProject(cwd, {
    'profiles.yml': `shop:\n  target: dev\n  outputs:\n    dev: ${WAREHOUSES[warehouse]}\n`,
    'models/orders.sql': 'select 1 as id\n',
  });
  const dbt = await makeFakeDbt(join(root, 'venv'), [
    ...(warehouse === 'duckdb' ? [{ write: { path: 'shop.duckdb', text: 'tables' } }] : []),
    ...runOf([{ name: 'orders', status: 'success' }], 0),
  ]);
  addFakeAdapter(dbt, warehouse);
  const options = {
    cwd,
    env: { HOME: root, ...env, PATH: `${join(dbt.venv, 'bin')}:${process.env['PATH']}` },
  };
  return {
    root,
    options,
    script: async (path, args = []) => {
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        [join(REPOSITORY, path), ...args],
        options,
      );
      return { out: stdout.trim().split('\n'), err: stderr.trim().split('\n') };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** One of `examples/stores`, to be run as a user would. */
export interface StoreExample {
  /** What it prints, line by line. */
  run(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

export async function storeExample(
  name: string,
  warehouse: Warehouse,
  env: Readonly<Record<string, string>> = {},
): Promise<StoreExample> {
  const { script, remove } = await storeProject(warehouse, env);
  return { run: async () => (await script(`examples/stores/${name}.ts`)).out, remove };
}
