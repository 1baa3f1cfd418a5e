import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProcess } from '../../../sdk/runtimes/process.ts';
import { createRedactor } from '../../../sdk/util/redact.ts';
import { isRunning } from '../../support/processes.ts';

const HOST = fileURLToPath(new URL('./process-host.ts', import.meta.url));

interface HostEnd {
  exitCode?: number;
  signal?: string;
  tail: string;
  tailLength: number;
  rssMiB: number;
}

function host(request: { command: string[]; secrets?: string[]; killAt?: string }) {
  return spawn(process.execPath, [HOST, JSON.stringify(request)], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs a program through the host and returns what came out, byte for byte. */
async function run(request: Parameters<typeof host>[0]): Promise<{ stdout: Buffer; end: HostEnd }> {
  const child = host(request);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  await once(child, 'close');
  const text = Buffer.concat(stderr).toString();
  return {
    stdout: Buffer.concat(stdout),
    end: JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as HostEnd,
  };
}

const node = (script: string): string[] => [process.execPath, '-e', script];

test('output passes byte for byte, whatever it is', async () => {
  const { stdout, end } = await run({
    command: node(
      'process.stdout.write(Buffer.from([0xff,0xfe,0,0x1b,0x5b,0x33,0x31,0x6d,0x0d,0x0a])); process.exitCode = 3',
    ),
  });
  expect([...stdout]).toEqual([0xff, 0xfe, 0, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x0d, 0x0a]);
  expect(end.exitCode).toBe(3);
});

test('secrets are starred out, also when a write cuts them', async () => {
  const { stdout } = await run({
    command: node('process.stdout.write("a s3c"); setImmediate(() => process.stdout.write("ret b"))'),
    secrets: ['s3cret'],
  });
  expect(stdout.toString()).toBe('a *** b');
});

test('one line of 100 MB passes and costs little memory', async () => {
  const size = 100 * 2 ** 20;
  const { stdout, end } = await run({ command: node(`process.stdout.write(Buffer.alloc(${size}, 'x'))`) });
  expect(stdout.length).toBe(size);
  expect(createHash('sha256').update(stdout).digest('hex')).toBe(
    createHash('sha256').update(Buffer.alloc(size, 'x')).digest('hex'),
  );
  expect(end.tailLength).toBeLessThanOrEqual(64 << 10);
  expect(end.rssMiB).toBeLessThan(400);
});

test('a reader that goes away ends neither us nor the program', async () => {
  const child = host({
    command: node(
      'for (let i = 0; i < 20000; i++) console.log("line " + i); console.error("got to the end"); process.exitCode = 4',
    ),
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const stderr: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  await once(child, 'close');
  const text = Buffer.concat(stderr).toString();
  expect(text).toContain('got to the end');
  expect(JSON.parse(text.slice(text.lastIndexOf('\n') + 1))).toMatchObject({ exitCode: 4 });
});

test('a reader slower than a second a bite gets everything, long after the program has ended', async () => {
  const size = 600_000;
  const child = host({ command: node(`process.stdout.write('x'.repeat(${size}) + 'END')`) });
  let got = '';
  for await (const chunk of child.stdout) {
    got += String(chunk);
    // No wait for anything: a slow reader is what is tested.
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  expect(got.length).toBe(size + 3);
  expect(got.endsWith('xEND')).toBe(true);
});

test.each([
  ['destroyed', () => new PassThrough().destroy()],
  ['that never takes anything', () => new Writable({ highWaterMark: 1, write: () => undefined })],
])('a stopped program ends although its output goes into a stream %s', async (_, make) => {
  const running = await startProcess({
    command: node('setInterval(() => process.stdout.write("x".repeat(100000)), 1)'),
    args: [],
    cwd: process.cwd(),
    env: { PATH: process.env['PATH'] ?? '' },
    output: { stdout: make(), stderr: make() },
    redactor: createRedactor([]),
  });
  await expect.poll(() => running.outputTail().length).toBeGreaterThan(0);
  running.signal('SIGKILL');
  expect(await running.ended).toEqual({ signal: 'SIGKILL' });
});

test('a process left behind that keeps the output open does not hold up the end', async () => {
  const { end } = await run({
    command: node(
      `const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(()=>{}, 1000)'], {stdio: 'inherit', detached: true}); c.unref(); console.log(c.pid); process.exit(0)`,
    ),
  });
  expect(end.exitCode).toBe(0);
  process.kill(Number(end.tail.trim()), 'SIGKILL');
});

test('a signal reaches what the program started', async () => {
  const { end } = await run({
    command: node(
      `const c = require('child_process').spawn(process.execPath, ['-e', 'console.log("ready " + process.pid); setInterval(()=>{}, 1000)'], {stdio: 'inherit'}); setInterval(()=>{}, 1000)`,
    ),
    killAt: 'ready',
  });
  expect(end.signal).toBe('SIGKILL');
  const grandchild = Number(/ready (\d+)/.exec(end.tail)?.[1]);
  await expect.poll(() => isRunning(grandchild)).toBe(false);
});

test('a program that cannot be started is an error with a way out', async () => {
  await expect(
    startProcess({
      command: ['/no/such/dbt'],
      args: ['build'],
      cwd: process.cwd(),
      env: {},
      output: 'silent',
      redactor: createRedactor([]),
    }),
  ).rejects.toMatchObject({ code: 'dbt-not-usable', hint: expect.stringContaining('/no/such/dbt') });
});
