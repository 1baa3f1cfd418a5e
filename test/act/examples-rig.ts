import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';
import { type ActRepository, makeActRepository, runnerOf } from '../support/act.ts';
import type { ActEvent } from '../support/act-event.ts';
import { exampleWorkflow, type StandIns } from '../support/act-examples.ts';
import type { ActRun, RunningAct } from '../support/act-running.ts';
import { startCacheService } from '../support/cache-service.ts';
import { findPython } from '../support/find-python.ts';
import { startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { startPostgres } from '../support/postgres.ts';
import { EXAMPLE_PROJECT } from '../support/repository.ts';
import { S3_CREDENTIALS, startS3 } from '../support/s3-server.ts';

const DATABASE = 'bike_hire';
/** The bucket of merge-queue.yml. */
const BUCKET = 'analytics-ci';
const LEFT_OUT = /(?:^|\/)(?:target|logs|dbt_packages|[^/]*\.duckdb(?:\.wal)?)$/;

/** A warehouse and the services of GitHub, for all workflows. */
export interface ExamplesRig {
  /** Clones with the example project; they end with the rig. */
  makeRepository(): ExamplesRepository;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** What dbt has made in a schema. Whatever is made anew differs. */
  made(schema: string): Promise<readonly string[]>;
  /** Takes an advisory lock of the warehouse; the function that it resolves to gives it back. */
  lock(number: number): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export interface ExampleStart {
  readonly runId: number;
  /** What the repository's variable says. Default: always the same. */
  readonly lastLoad?: string;
  /** What the job may do in the Actions cache. Default: what the event says. */
  readonly cacheMode?: 'read' | 'none';
}

export interface ExamplesRepository {
  readonly git: ActRepository['git'];
  /** Writes a file of the project, and commits it. */
  edit(path: string, change: (text: string) => string): void;
  start(name: string, event: ActEvent, start: ExampleStart): Promise<RunningAct>;
  run(name: string, event: ActEvent, start: ExampleStart): Promise<ActRun>;
  /** As `run()`, on a machine that has had no job before; nothing may be installed there. */
  runOnNew(name: string, event: ActEvent, start: ExampleStart): Promise<ActRun>;
  /** What is installed on the machine of `run()`. */
  environments(): readonly string[];
  /** The machine of `run()` is another one from now on. */
  forgetMachine(): void;
}

export async function startExamplesRig(): Promise<ExamplesRig> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'act-examples-')));
  const atEnd: (() => Promise<void>)[] = [
    async () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }),
  ];
  const stop = async (): Promise<void> => {
    for (const end of atEnd.reverse()) await end();
  };
  const [cache, git, postgres, s3] = await Promise.all([
    startCacheService(),
    startGitRest(),
    startPostgres(),
    startS3(),
  ]);
  atEnd.push(...[cache, git, postgres, s3].map((server) => () => server.stop()));
  await postgres.createDatabase(DATABASE);
  mkdirSync(join(s3.dir, BUCKET));
  const standIns: StandIns = {
    pythonFolder: await pythonIn(join(home, 'python')),
    awsEnv: { ...S3_CREDENTIALS, AWS_REGION: s3.region, AWS_ENDPOINT_URL_S3: s3.endpoint },
    artifactFolder: join(home, 'artifacts'),
  };
  const sharedMachine = join(home, 'machine');

  const makeRepository = (): ExamplesRepository => {
    const repository = makeActRepository(
      (clone) => fillClone(clone, postgres.port),
      (end) => atEnd.push(end),
    );
    const start = (
      name: string,
      event: ActEvent,
      { runId, lastLoad = 'load-1', cacheMode }: ExampleStart,
      machine: string,
    ): Promise<RunningAct> =>
      repository.start(exampleWorkflow(name, standIns), {
        ...{ event, runId, machine, cacheUrl: cache.url, apiUrl: git.apiUrl, githubToken: TOKEN },
        secrets: { PG_PASSWORD: postgres.password },
        vars: { LAST_LOAD: lastLoad },
        env: {
          RUNNER_NAME: runnerOf(runId),
          ...(cacheMode === undefined ? {} : { ACTIONS_CACHE_MODE: cacheMode }),
          // The warehouse of the profile is elsewhere, and not on this machine but for its address.
          PGHOSTADDR: postgres.host,
          DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
        },
      });
    return {
      git: repository.git,
      edit: (path, change) => edit(repository, path, change),
      start: (name, event, more) => start(name, event, more, sharedMachine),
      run: async (name, event, more) => (await start(name, event, more, sharedMachine)).ended,
      runOnNew: async (name, event, more) => {
        const machine = join(home, `machine-of-run-${more.runId}`);
        const run = await (await start(name, event, more, machine)).ended;
        expect(existsSync(toolCacheOf(machine)), run.transcript).toBe(false);
        return run;
      },
      environments: () => environmentsOf(sharedMachine),
      forgetMachine: () => rmSync(sharedMachine, { recursive: true, force: true, maxRetries: 5 }),
    };
  };
  const query = (sql: string): Promise<readonly Record<string, unknown>[]> => postgres.query(DATABASE, sql);
  return {
    ...{ makeRepository, query, stop },
    lock: async (number) => {
      const client = new pg.Client({ ...postgres, database: DATABASE });
      await client.connect();
      await client.query(`select pg_advisory_lock(${number})`);
      return () => client.end();
    },
    made: async (schema) => {
      const rows = await query(
        `select c.relname, c.oid, c.relfilenode, c.xmin from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = '${schema}' and c.relkind in ('r', 'v') order by c.relname`,
      );
      return rows.map((row) => Object.values(row).join(' '));
    },
  };
}

/** `RUNNER_TOOL_CACHE`, which is not there before something is put in. */
function toolCacheOf(machine: string): string {
  return join(machine, 'act/tool_cache');
}

function environmentsOf(machine: string): readonly string[] {
  return readdirSync(join(toolCacheOf(machine), 'dbt-runcache')).filter((name) =>
    /^env-[0-9a-f]+$/.test(name),
  );
}

/** What actions/setup-python does: both names, in a folder of PATH. */
async function pythonIn(folder: string): Promise<string> {
  const [program = '', ...args] = (await findPython(process.env, false)).command;
  const asked = [...args, '-c', 'import sys; print(getattr(sys, "_base_executable", sys.executable))'];
  const executable = execFileSync(program, asked, { encoding: 'utf8' }).trim();
  mkdirSync(folder);
  for (const name of ['python', 'python3']) symlinkSync(executable, join(folder, name));
  return folder;
}

/** The project, and what the workflows find beside it. */
function fillClone(clone: string, port: number): void {
  cpSync(EXAMPLE_PROJECT, clone, {
    recursive: true,
    filter: (path) => !LEFT_OUT.test(path),
  });
  const profiles = join(clone, 'ci/profiles.yml');
  writeFileSync(profiles, readFileSync(profiles, 'utf8').replace('port: 5432', `port: ${port}`));
  for (const script of ['contracts', 'lineage', 'coverage'])
    writeFileSync(
      join(clone, `ci/${script}.py`),
      `import json, sys\nfor path in sys.argv[1:]: print("${script}", json.load(open(path))["metadata"]["invocation_id"])\n`,
    );
}

function edit({ folder, commit }: ActRepository, path: string, change: (text: string) => string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, change(existsSync(file) ? readFileSync(file, 'utf8') : ''));
  commit(`Edit ${path}`);
}
