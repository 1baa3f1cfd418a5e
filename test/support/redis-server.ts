import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type LocalServer, startLocalServer } from './local-server.ts';

const PASSWORD = 'not-a-secret-redis';

export interface RedisServer extends LocalServer {
  readonly password: string;
  readonly url: string;
}

export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Paths of a certificate and its key; the server then speaks TLS alone. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A Redis of our own, in memory alone. Needs the program `redis-server`. */
export async function startRedis({ port, tls }: RedisServerOptions = {}): Promise<RedisServer> {
  await promisify(execFile)('redis-server', ['--version']).catch(() => {
    throw new Error('redis-server is missing: apt-get install redis-server');
  });
  const server = await startLocalServer({
    command: (on, dir) => [
      ...['redis-server', '--bind', '127.0.0.1', '--dir', dir],
      ...(tls === undefined
        ? ['--port', String(on)]
        : ['--port', '0', '--tls-port', String(on), '--tls-auth-clients', 'no']),
      ...(tls === undefined ? [] : ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key]),
      ...['--save', '', '--appendonly', 'no', '--requirepass', PASSWORD],
    ],
    ...(port === undefined ? {} : { port }),
  });
  return { ...server, password: PASSWORD, url: redisUrl(server.port) };
}

export function redisUrl(port: number, password = PASSWORD): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}
