import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ActionOptions, runAction } from '../support/runner/run-action.ts';

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'rig-')));
  await mkdir(join(dir, 'workspace'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const METADATA = `
inputs:
  project-dir: { default: '.' }
  two words: { default: 'x y' }
  token: { default: '\${{ github.token }}' }
runs:
  using: node24
  main: main.mjs
`;

interface Given extends Partial<ActionOptions> {
  readonly main: string;
  readonly post?: string;
  readonly postIf?: string;
  readonly metadata?: string;
}

/** An action of the given scripts; `fs` and `env` are there for them. */
async function run({ main, post, postIf, metadata = METADATA, ...options }: Given) {
  const head = `import * as fs from 'node:fs'; const env = process.env; const file = (name, text) => fs.appendFileSync(env[name], text);\n`;
  const more = `${post === undefined ? '' : '  post: post.mjs\n'}${postIf === undefined ? '' : `  post-if: ${postIf}\n`}`;
  await writeFile(join(dir, 'action.yml'), metadata + more);
  await writeFile(join(dir, 'main.mjs'), head + main);
  if (post !== undefined) await writeFile(join(dir, 'post.mjs'), head + post);
  return runAction({
    actionDir: dir,
    workspace: join(dir, 'workspace'),
    env: { PATH: process.env['PATH'] ?? '', HOME: dir },
    ...options,
  });
}

const PRINT_ENV = `file('GITHUB_OUTPUT', 'env<<E\\n' + JSON.stringify(env) + '\\nE\\n');`;

test('inputs have the names, the case and the defaults the runner gives them', async () => {
  const { outputs } = await run({ main: PRINT_ENV, inputs: { 'Project-Dir': 'shop', extra: '1' } });
  const env = JSON.parse(outputs['env'] ?? '') as Record<string, string>;
  expect(Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('INPUT_')))).toEqual({
    'INPUT_PROJECT-DIR': 'shop',
    INPUT_TWO_WORDS: 'x y',
    INPUT_TOKEN: 'ghs_not_a_real_token',
    INPUT_EXTRA: '1',
  });
});

test('the environment is the job’s, and nothing of this process leaks in', async () => {
  process.env['RIG_LEAK'] = '1';
  try {
    const { outputs } = await run({
      main: `file('GITHUB_OUTPUT', 'cwd=' + process.cwd() + '\\n');${PRINT_ENV}`,
    });
    const env = JSON.parse(outputs['env'] ?? '') as Record<string, string>;
    expect(outputs['cwd']).toBe(join(dir, 'workspace'));
    expect(env).toMatchObject({
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: join(dir, 'workspace'),
      ACTIONS_RUNTIME_TOKEN: expect.any(String),
    });
    expect(env).not.toHaveProperty('RIG_LEAK');
  } finally {
    delete process.env['RIG_LEAK'];
  }
});

test('post gets the state, the variables and the PATH of main, and files of its own', async () => {
  const result = await run({
    main: `file('GITHUB_STATE', 'pid=12\\n'); file('GITHUB_ENV', 'LATER=yes\\n'); file('GITHUB_PATH', '/added\\n'); file('GITHUB_STEP_SUMMARY', '# one');`,
    post: `console.log(env.STATE_pid, env.LATER, env.PATH.split(':')[0]); file('GITHUB_STEP_SUMMARY', '# two');`,
  });
  expect(result.state).toEqual({ pid: '12' });
  expect(result.path).toEqual(['/added']);
  expect(result.post?.log).toEqual(['12 yes /added']);
  expect([result.main.summary, result.post?.summary]).toEqual(['# one', '# two']);
});

describe('conclusion', () => {
  test('a failed main fails the step, and post runs all the same', async () => {
    const result = await run({ main: 'process.exitCode = 3', post: 'console.log("post")' });
    expect(result).toMatchObject({ conclusion: 'failure', main: { exitCode: 3 }, post: { log: ['post'] } });
  });

  test('a failed post fails the step', async () => {
    expect((await run({ main: '', post: 'process.exitCode = 1' })).conclusion).toBe('failure');
  });

  test('an ::error:: alone does not', async () => {
    const result = await run({ main: 'console.error("::error::x")' });
    expect(result.conclusion).toBe('success');
    expect(result.main.annotations).toEqual([{ level: 'error', message: 'x' }]);
  });

  test('a broken command file does', async () => {
    const lines: string[] = [];
    const result = await run({
      main: `file('GITHUB_OUTPUT', 'broken');`,
      onLine: (line) => lines.push(line),
    });
    expect(result.conclusion).toBe('failure');
    expect(lines.join('\n')).toContain(
      "Unable to process file command 'output' successfully. Invalid format",
    );
  });

  test('post-if decides', async () => {
    const skipped = await run({ main: 'process.exitCode = 1', post: '', postIf: 'success()' });
    expect(skipped.post).toBeUndefined();
    await expect(run({ main: '', post: '', postIf: 'hashFiles()' })).rejects.toThrow('post-if');
  });
});

test('cancelling sends SIGINT to the script, and post still runs', async () => {
  const cancel = new AbortController();
  const result = await run({
    main: `process.on('SIGINT', () => { console.log('stopped'); process.exit(0); }); setInterval(() => {}, 1000); console.log('ready');`,
    post: 'console.log("post")',
    cancelSignal: cancel.signal,
    onLine: (line) => {
      if (line === 'ready') cancel.abort();
    },
  });
  expect(result).toMatchObject({ conclusion: 'cancelled', main: { log: ['ready', 'stopped'] } });
  expect(result.post?.log).toEqual(['post']);
});

test('a secret is masked in the log and in the summary', async () => {
  const result = await run({
    main: `console.log('::add-mask::s3cret'); console.log('a s3cret'); file('GITHUB_STEP_SUMMARY', 'b s3cret');`,
  });
  expect([result.main.log, result.main.summary]).toEqual([['a ***'], 'b ***']);
});

test('a summary over 1 MiB is dropped as a whole, and the step still succeeds', async () => {
  const lines: string[] = [];
  const result = await run({
    main: `file('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024 + 1));`,
    onLine: (line) => lines.push(line),
  });
  expect([result.main.summary, result.conclusion]).toEqual(['', 'success']);
  expect(lines.join('\n')).toContain('upload aborted');
  const full = await run({ main: `file('GITHUB_STEP_SUMMARY', 'x'.repeat(1024 * 1024));` });
  expect(full.main.summary).toHaveLength(1024 * 1024);
});

test('an action for another Node is refused', async () => {
  const metadata = METADATA.replace('node24', 'node20');
  await expect(run({ main: '', metadata })).rejects.toThrow('node20');
});
