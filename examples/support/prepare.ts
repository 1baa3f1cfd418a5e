import { cp, mkdir, rm } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { startPostgres } from '../../test/support/postgres.ts';
import { pythonEnv } from '../../test/support/python-env.ts';
import { EXAMPLE_PROJECT, REPOSITORY } from '../../test/support/repository.ts';
import { startScriptedStateService } from '../../test/support/scripted-state-service.ts';
import { installProgress } from './install-progress.ts';
import { configureLedger, LEDGER_CONFIG, LEDGER_FOLDER } from './ledger.ts';
import { quote, step, tick } from './terminal.ts';

export const OUTPUT = join(REPOSITORY, 'demo-output');

export interface Prepared {
  /** The checkout of the imagined pull request: a copy of the example project. */
  readonly workspace: string;
  /** What the job's `env:` and its machine set. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface PrepareOptions {
  /** Whether Postgres records them. Default on. */
  readonly commitTimestamps?: 'on' | 'off';
  /** Whether a stand-in for dbt State's service answers, which tells dbt to build everything. Default false. */
  readonly stateService?: boolean;
  /** Whether identical runs share one result. Default false. */
  readonly ledger?: boolean;
}

const LEFT_OUT = new Set(['target', 'logs', 'dbt_packages']);

/** dbt in a virtual environment, a Postgres server, and the project in an emptied folder. */
export async function prepare(options: PrepareOptions = {}): Promise<Prepared> {
  const { commitTimestamps = 'on', stateService = false, ledger = false } = options;
  const python = await step(
    'dbt Core with dbt State and the Postgres adapter, in a virtual environment',
    () => pythonEnv({ report: installProgress(quote) }),
  );
  const postgres = await step(
    `a Postgres server of its own, commit timestamps ${commitTimestamps}`,
    async () => {
      const server = await startPostgres({ settings: { track_commit_timestamp: commitTimestamps } });
      await server.createDatabase('bike_hire');
      return server;
    },
  );
  const service = stateService
    ? await step('a stand-in for the service of dbt State', () => startScriptedStateService({}))
    : undefined;
  const workspace = join(OUTPUT, 'workspace');
  const home = join(OUTPUT, 'home');
  await rm(OUTPUT, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await cp(EXAMPLE_PROJECT, workspace, {
    recursive: true,
    filter: (path) => !LEFT_OUT.has(basename(path)) && !/\.duckdb(\.wal)?$/.test(path),
  });
  tick(`a fresh copy of examples/bike-hire in ${workspace}`);
  if (ledger) {
    await configureLedger(workspace);
    tick(`an empty ledger in ${join(OUTPUT, LEDGER_FOLDER)}, by a dbt-runcache.yml in the copy:`);
    for (const line of LEDGER_CONFIG.trimEnd().split('\n')) quote(line);
  }
  return {
    workspace,
    env: {
      PATH: [python.binDir, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      // Empty, so that neither a profile nor a login of the reader is used.
      HOME: home,
      LANG: 'C.UTF-8',
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      BIKE_HIRE_PG_HOST: postgres.host,
      BIKE_HIRE_PG_PORT: String(postgres.port),
      BIKE_HIRE_PG_USER: postgres.user,
      DBT_ENV_SECRET_BIKE_HIRE_PG_PASSWORD: postgres.password,
      ...service?.env,
    },
    stop: async () => {
      await service?.stop();
      await postgres.stop();
    },
  };
}
