import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { closedPort } from './closed-port.ts';
import type { KeeperOrder } from './server-keeper.ts';

/** A server on this machine that ends with this process, however that ends. */
export interface LocalServer {
  readonly host: string;
  readonly port: number;
  /** What it keeps; deleted when it stops. */
  readonly dir: string;
  stop(): Promise<void>;
}

export interface LocalServerOptions {
  /** Program and arguments, told a free port and an empty folder. */
  readonly command: (port: number, dir: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

const KEEPER = fileURLToPath(new URL('./server-keeper.ts', import.meta.url));
const HOST = '127.0.0.1';
const START_ATTEMPTS = 5;
const READY_MS = 30_000;
const MAX_LOG = 64 * 1024;

/**
 * Starts a server; it accepts connections when the promise resolves.
 * @throws Error with the server's own last words.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(options, options.port ?? (await closedPort()));
    } catch (error) {
      // Another program may take the free port before the server does.
      const portTaken = error instanceof Error && /address already in use/i.test(error.message);
      if (!portTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function start({ command, env }: LocalServerOptions, port: number): Promise<LocalServer> {
  const dir = await mkdtemp(join(tmpdir(), 'runcache-server-'));
  const order: KeeperOrder = { command: command(port, dir), dir };
  const keeper = spawn(process.execPath, [KEEPER, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Its own process group: a Ctrl-C in the terminal is not for the server.
    detached: process.platform !== 'win32',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', ...env },
  });
  let log = '';
  for (const stream of [keeper.stdout, keeper.stderr]) {
    // Read for as long as the server runs, or it would stand still when the pipe is full.
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-MAX_LOG);
    });
    (stream as Socket).unref();
  }
  let hasExited = false;
  const exited = new Promise<void>((resolve) => {
    keeper.once('close', () => {
      hasExited = true;
      resolve();
    });
  });
  const until = performance.now() + READY_MS;
  while (hasExited || !(await accepts(port))) {
    if (hasExited || performance.now() > until) {
      keeper.stdin.end();
      throw new Error(`${order.command[0]} did not start: ${log.trim().split('\n').slice(-3).join(' | ')}`);
    }
    await delay(20);
  }
  keeper.unref();
  (keeper.stdin as Socket).unref();
  return {
    host: HOST,
    port,
    dir,
    stop: async () => {
      keeper.ref();
      keeper.stdin.end();
      await exited;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
