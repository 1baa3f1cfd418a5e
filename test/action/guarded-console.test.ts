import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const HOST = fileURLToPath(new URL('./guarded-console-host.ts', import.meta.url));

async function runHost(script: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [HOST, script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  await new Promise((resolve) => child.once('close', resolve));
  return { stdout, stderr };
}

test('everything lies between the marks, stderr included, and the token is new each time', async () => {
  const script = `out('one\\n'); err('two\\n'); out('three\\n');`;
  const first = await runHost(script);
  const token = /::stop-commands::(\S+)\n/.exec(first.stdout)?.[1] ?? '';
  expect(token).toMatch(/^[0-9a-f]{48}$/);
  expect(first).toEqual({
    stdout: `::group::dbt build%0A::error::x\n::stop-commands::${token}\none\ntwo\nthree\n::${token}::\n::endgroup::\nafter\n`,
    stderr: 'after-err\n',
  });
  expect((await runHost(script)).stdout).not.toContain(token);
});

test.each([
  ['text', `out('no line break')`],
  ['bytes', `out(Buffer.from('no line break'))`],
  ['stderr', `out('x\\n'); err('no line break')`],
  ['an empty write after it', `out('no line break'); out('')`],
])('an unfinished line (%s) does not swallow the closing mark', async (_, script) => {
  const { stdout } = await runHost(script);
  expect(stdout).toMatch(/no line break\n::[0-9a-f]{48}::\n::endgroup::\n/);
});

test('a finished line is followed by the mark at once', async () => {
  expect((await runHost(`out(Buffer.from('line\\n'))`)).stdout).toMatch(/line\n::[0-9a-f]{48}::\n/);
});

test('a second release prints nothing', async () => {
  const { stdout } = await runHost(`await guard.release()`);
  expect(stdout.match(/::endgroup::/g)).toHaveLength(1);
});

test('the mark comes after all that was written, however slow the reader', async () => {
  const { stdout } = await runHost(
    `for (let i = 0; i < 20; i++) out('x'.repeat(1 << 20) + '\\n'); err('last\\n');`,
  );
  expect(stdout.length).toBeGreaterThan(20 * 2 ** 20);
  expect(stdout).toMatch(
    /x\n::[0-9a-f]{48}::\n::endgroup::\nafter\n$|last\n::[0-9a-f]{48}::\n::endgroup::\nafter\n$/,
  );
});
