import { execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { closedPort } from './closed-port.ts';
import {
  type PostgresBinaries,
  reachableBinaries,
  type ServerUser,
  serverUser,
} from './postgres-binaries.ts';
import type { KeeperOrder } from './server-keeper.ts';

const execFileAsync = promisify(execFile);

/** A Postgres server of our own. Everything in it is lost when it stops. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Makes an empty database. */
  createDatabase(name: string): Promise<void>;
  /** Deletes a database, ending what is connected to it. */
  dropDatabase(name: string): Promise<void>;
  /** Rows of one statement as objects. */
  query(database: string, sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings. `track_commit_timestamp` is `on` unless given: dbt State needs it. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** How to reach a server that runs. */
export type PostgresAddress = Pick<Postgres, 'host' | 'port' | 'user' | 'password'>;

const KEEPER = fileURLToPath(new URL('./server-keeper.ts', import.meta.url));
const MAX_START_LOG = 64 * 1024;
const HOST = '127.0.0.1';
const USER = 'postgres';
const PASSWORD = 'not-a-secret-postgres';
const START_ATTEMPTS = 5;

/**
 * Starts a server on a free port of this machine; it is ready when the promise resolves and ends with this process,
 * however that ends.
 * @throws Error of one line when this platform has no server, or with the server's own last words.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  for (let attempt = 1; ; attempt += 1) {
    const dir = await mkdtemp(join(tmpdir(), 'bike-hire-postgres-'));
    try {
      return await startIn(dir, options.settings ?? {});
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      // Another program may take the free port before the server does.
      const portTaken = error instanceof Error && /could not bind|already in use/.test(error.message);
      if (!portTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startIn(dir: string, settings: Readonly<Record<string, string>>): Promise<Postgres> {
  const user = await serverUser();
  if (user.uid !== undefined && user.gid !== undefined) await chown(dir, user.uid, user.gid);
  const binaries = await reachableBinaries(user, dir);
  const data = join(dir, 'data');
  await initialise(binaries, user, dir, data);
  const port = await closedPort();
  const all: Record<string, string> = {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    track_commit_timestamp: 'on',
    // Throw-away data: no waiting for the disk.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const stop = await runServer({ command: [binaries.postgres, '-D', data, ...flags], dir, ...user });
  return serverAt(port, stop);
}

/** A new cluster each time: without waiting for the disk that is well under a second. */
async function initialise(
  binaries: PostgresBinaries,
  user: ServerUser,
  dir: string,
  data: string,
): Promise<void> {
  const passwordFile = join(dir, 'password');
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o644 });
  const flags = ['--no-sync', '--no-instructions', '--wal-segsize=1', '--encoding=UTF8', '--locale=C'];
  const access = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-U', USER];
  try {
    await execFileAsync(binaries.initdb, ['-D', data, ...access, ...flags], {
      ...user,
      cwd: dir,
      env: serverEnv(),
    });
  } catch (error) {
    throw new Error(`Postgres could not make its data folder: ${lastLines((error as Error).message)}`);
  }
}

/** Resolves to the function that stops the server, once it accepts connections. */
async function runServer(order: KeeperOrder): Promise<() => Promise<void>> {
  const keeper = spawn(process.execPath, [KEEPER, JSON.stringify(order)], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Its own process group: a Ctrl-C in the terminal is not for the server.
    detached: process.platform !== 'win32',
    env: serverEnv(),
  });
  const exited = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
      // Read for as long as the server runs, or it would stand still when the pipe is full.
      if (log.length < MAX_START_LOG) log += text;
      if (log.includes('database system is ready to accept connections')) resolve();
    });
    keeper.once('error', reject);
    keeper.once('close', () => reject(new Error(`Postgres did not start: ${lastLines(log)}`)));
  });
  // A running server must not keep a finished program alive; the keeper notices the closed pipe.
  keeper.unref();
  (keeper.stderr as Socket).unref();
  (keeper.stdin as Socket).unref();
  return async () => {
    keeper.ref();
    keeper.stdin.end();
    await exited;
  };
}

function serverAt(port: number, stop: () => Promise<void>): Postgres {
  return { ...postgresClient({ host: HOST, port, user: USER, password: PASSWORD }), stop };
}

/** What can be done with a server that runs, whoever started it. */
export function postgresClient(address: PostgresAddress): Omit<Postgres, 'stop'> {
  const query = async (database: string, sql: string) => {
    const client = new pg.Client({ ...address, database });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    ...address,
    query,
    createDatabase: async (name) => void (await query('postgres', `create database ${quoted(name)}`)),
    dropDatabase: async (name) =>
      void (await query('postgres', `drop database if exists ${quoted(name)} with (force)`)),
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function lastLines(log: string): string {
  return log.trim().split('\n').slice(-3).join(' | ');
}

function serverEnv(): Record<string, string | undefined> {
  return { PATH: process.env['PATH'], SYSTEMROOT: process.env['SYSTEMROOT'], LC_ALL: 'C' };
}
