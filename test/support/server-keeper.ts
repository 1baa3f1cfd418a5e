/**
 * A small process that owns one server: starts it, and stops it and deletes its folder as soon as standard input ends.
 * That happens when the process that started us closes it or dies, by whatever signal, so no server is ever left
 * behind. Started with one JSON argument.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

export interface KeeperOrder {
  readonly command: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Deleted at the end. */
  readonly dir: string;
}

const order = JSON.parse(process.argv[2] ?? '') as KeeperOrder;
const [program, ...args] = order.command as [string, ...string[]];
const { uid, gid } = order;
const server = spawn(program, args, {
  cwd: order.dir,
  env: process.env,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
});

function end(code: number): void {
  rmSync(order.dir, { recursive: true, force: true, maxRetries: 5 });
  process.exitCode = code;
}

server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  end(1);
});
server.on('exit', (code) => {
  process.stdin.destroy();
  end(code ?? 1);
});
// SIGINT is Postgres's fast shutdown: sessions are ended, data is written. Other servers end as for a Ctrl-C.
process.stdin.on('end', () => server.kill('SIGINT')).resume();
// A Ctrl-C meant for the whole terminal must not stop the server before its users have ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
