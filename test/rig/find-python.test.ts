import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPython, hasUv } from '../support/find-python.ts';
import { pythonEnv } from '../support/python-env.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pythons-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A program on the test's PATH, which holds nothing else. */
async function install(name: string, script: string): Promise<void> {
  await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

const answers = (version: string, venv = 1) => `echo ${version} cpython ${venv}`;
const find = (uv = false) => findPython({ PATH: dir }, uv);

async function complaint(): Promise<string> {
  const message = await find().then(
    () => 'found one',
    (error: Error) => error.message,
  );
  expect(message).not.toContain('\n');
  return message;
}

test('python3 comes first', async () => {
  await install('python3', answers('3.12.1'));
  await install('python3.13', answers('3.13.0'));
  expect(await find()).toEqual({ command: ['python3'], version: '3.12.1', hasVenv: true });
});

test.each([
  ['too old', answers('3.9.9')],
  ['too new for dbt Core 1.11', answers('3.14.0')],
  ['Python 2', answers('2.12.0')],
  ['not CPython', 'echo 3.11.0 pypy 1'],
  ['a shim without a version behind it', 'echo "command not found" >&2; exit 127'],
  ['without the modules for virtual environments', answers('3.12.0', 0)],
])('another one is taken when python3 is %s', async (_, script) => {
  await install('python3', script);
  await install('python3.10', answers('3.10.2'));
  expect((await find()).command).toEqual(['python3.10']);
});

test('the launcher of Windows', async () => {
  await install('py', `[ "$1" = -3 ] && ${answers('3.13.1')}`);
  expect((await find()).command).toEqual(['py', '-3']);
});

test('no Python: one line with the way to get it', async () => {
  expect(await complaint()).toMatch(/^Python 3\.10 to 3\.13 not found on PATH: install it, e\.g\. apt-get /);
});

test('only a wrong one: the line says which', async () => {
  await install('python3', answers('3.9.2'));
  expect(await complaint()).toContain('(python3 is 3.9.2)');
});

test('no venv module: one line with the package, unless uv is there', async () => {
  await install('python3', answers('3.11.4', 0));
  expect(await complaint()).toMatch(
    /lacks the modules venv and ensurepip: .*apt-get install python3\.11-venv/,
  );
  expect((await find(true)).hasVenv).toBe(false);
});

test('uv is there when it starts', async () => {
  expect(await hasUv({ PATH: dir })).toBe(false);
  await install('uv', 'exit 0');
  expect(await hasUv({ PATH: dir })).toBe(true);
});

test('an installer that fails is one line with its log, and the next call tries again', async () => {
  // `-c` is the question for the version, anything else an installation.
  await install('python3', `[ "$1" = -c ] && ${answers('3.12.0')} && exit; echo 'No space left'; exit 7`);
  const make = () => pythonEnv({ cacheDir: dir, env: { PATH: dir } }).catch((error: Error) => error.message);
  const message = await make();
  expect(message).toMatch(
    /^Could not make the Python environment: python3 ended with 7 \(No space left\); see \S+\.log$/,
  );
  expect(await make()).toBe(message);
});
