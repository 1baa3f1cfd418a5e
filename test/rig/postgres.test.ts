import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Postgres, type PostgresAddress, postgresClient, startPostgres } from '../support/postgres.ts';
import { isOpenToAll } from '../support/postgres-binaries.ts';

const HOST = fileURLToPath(new URL('./postgres-host.ts', import.meta.url));

describe('a server', () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  test('keeps commit timestamps, which dbt State needs', async () => {
    expect(await server.query('postgres', 'show track_commit_timestamp')).toEqual([
      { track_commit_timestamp: 'on' },
    ]);
  });

  test('wants its password', async () => {
    const stranger = postgresClient({ ...server, password: 'another' });
    await expect(stranger.query('postgres', 'select 1')).rejects.toThrow('password authentication failed');
  });

  test('databases of any name come and go', async () => {
    const name = 'odd "name"';
    await server.createDatabase(name);
    expect(await server.query(name, 'select current_database() as name')).toEqual([{ name }]);
    await server.dropDatabase(name);
    await expect(server.query(name, 'select 1')).rejects.toThrow('does not exist');
  });
});

test('settings are the caller’s, and a second server is another one', async () => {
  const [one, two] = await Promise.all([
    startPostgres({ settings: { track_commit_timestamp: 'off' } }),
    startPostgres(),
  ]);
  try {
    expect(one.port).not.toBe(two.port);
    expect(await one.query('postgres', 'show track_commit_timestamp')).toEqual([
      { track_commit_timestamp: 'off' },
    ]);
  } finally {
    await Promise.all([one.stop(), two.stop()]);
  }
});

test('a server that cannot start says why, in one line', async () => {
  const error = await startPostgres({ settings: { no_such_setting: '1' } }).catch((thrown: Error) => thrown);
  expect(String(error)).toMatch(/Postgres did not start: .*no_such_setting/);
  expect(String(error)).not.toContain('\n');
});

describe('nothing stays behind', () => {
  async function ended(how: 'exit' | NodeJS.Signals) {
    const child = spawn(process.execPath, [HOST, how === 'exit' ? 'exit' : 'wait'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const failed = once(child, 'exit').then(() =>
      Promise.reject(new Error('the host ended without a server')),
    );
    const [line] = await Promise.race([once(child.stdout, 'data') as Promise<[Buffer]>, failed]);
    failed.catch(() => undefined);
    const address = JSON.parse(line.toString()) as PostgresAddress;
    const dataDir = how === 'exit' ? undefined : await dataDirOf(address);
    const exit = once(child, 'exit');
    if (how !== 'exit') child.kill(how);
    await exit;
    return { address, dataDir };
  }

  const dataDirOf = async (address: PostgresAddress) =>
    String((await postgresClient(address).query('postgres', 'show data_directory'))[0]?.['data_directory']);

  test.each(['exit', 'SIGTERM', 'SIGKILL'] as const)('when its owner ends by %s', async (how) => {
    const { address, dataDir } = await ended(how);
    await vi.waitFor(
      async () => {
        await expect(postgresClient(address).query('postgres', 'select 1')).rejects.toThrow('ECONNREFUSED');
        if (dataDir !== undefined) await expect(access(dataDir)).rejects.toThrow('ENOENT');
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test('and its folder is gone as soon as it has stopped', async () => {
    const server = await startPostgres();
    const dataDir = await dataDirOf(server);
    expect((await stat(dataDir)).isDirectory()).toBe(true);
    await server.stop();
    await expect(access(dataDir)).rejects.toThrow('ENOENT');
  });
});

test('programs behind a closed folder are seen to be out of reach for another user', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'closed-'));
  try {
    const inside = join(dir, 'bin');
    await mkdir(inside);
    expect(await isOpenToAll(join(inside, 'postgres'))).toBe(false);
    await chmod(dir, 0o755);
    await chmod(inside, 0o755);
    expect(await isOpenToAll(join(inside, 'postgres'))).toBe(true);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
