import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { InputError, readInputs } from '../../action/inputs.ts';
import { REPOSITORY } from '../support/repository.ts';

let workspace: string;
beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'inputs-')));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

const read = (given: Record<string, string> = {}) =>
  readInputs((name) => given[name]?.trim() ?? '', workspace, { KEY: 'hush', OTHER: 'quiet', NONE: '' });

async function problems(given: Record<string, string>): Promise<string> {
  const error = await read(given).then(
    () => new Error('accepted'),
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toBeInstanceOf(InputError);
  return error.message;
}

describe('what dbt gets', () => {
  test('build, by default', async () => {
    expect(await read()).toEqual({
      dbtArgs: ['build'],
      projectDir: workspace,
      config: undefined,
      dbt: undefined,
      runCache: undefined,
      requireRunCache: undefined,
      timeoutMs: undefined,
      labels: {},
      report: undefined,
      jobSummary: undefined,
      annotations: undefined,
      failOn: undefined,
      onTargetBusy: undefined,
      redact: [],
      ledger: { dedup: undefined, values: {} },
      state: {},
      install: undefined,
      githubToken: '',
    });
  });

  test('the defaults of action.yml are the defaults without it', async () => {
    const { inputs } = parse(readFileSync(join(REPOSITORY, 'action.yml'), 'utf8')) as {
      inputs: Record<string, { default: string }>;
    };
    const defaults = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.default]));
    // Filled in by the runner.
    expect(defaults['github-token']).toMatch(/^\$\{\{ github\.token \}\}$/);
    expect(await read({ ...defaults, 'github-token': '' })).toEqual(await read());
  });

  test('args are split without a shell and follow the flags of other inputs', async () => {
    const { dbtArgs } = await read({
      command: 'docs generate',
      args: `--select 'tag:a b' $HOME *`,
      'profiles-dir': 'ci',
      target: 'prod',
    });
    expect(dbtArgs).toEqual([
      ...['docs', 'generate', '--profiles-dir', join(workspace, 'ci'), '--target', 'prod'],
      ...['--select', 'tag:a b', '$HOME', '*'],
    ]);
  });

  test('a path of the workspace becomes absolute, a command does not', async () => {
    mkdirSync(join(workspace, '.venv'));
    expect((await read({ dbt: '.venv' })).dbt).toBe(join(workspace, '.venv'));
    expect((await read({ dbt: 'uv run dbt' })).dbt).toBe('uv run dbt');
  });

  test('a configuration file is relative to the workspace; none is a word', async () => {
    expect((await read({ config: 'ci/policy.yml' })).config).toBe(join(workspace, 'ci/policy.yml'));
    expect((await read({ config: 'none' })).config).toBe('none');
  });

  test('the project folder is relative to the workspace', async () => {
    mkdirSync(join(workspace, 'shop'));
    expect((await read({ 'project-dir': 'shop' })).projectDir).toBe(join(workspace, 'shop'));
  });
});

describe('forms', () => {
  test('a timeout has a unit', async () => {
    expect((await read({ timeout: '1h30m' })).timeoutMs).toBe(5_400_000);
    expect(await problems({ timeout: '45' })).toMatch(/^Input timeout is "45": .*45m/);
  });

  test('labels as lines or as JSON', async () => {
    const labels = { tenant: 'acme', query: 'a=b' };
    expect((await read({ labels: 'tenant=acme\r\n\n query = a=b' })).labels).toEqual(labels);
    expect((await read({ labels: JSON.stringify(labels) })).labels).toEqual(labels);
  });

  test('a flag that only begins like another is none', async () => {
    const { dbtArgs } = await read({ target: 'prod', args: '--target-path out' });
    expect(dbtArgs).toEqual(['build', '--target', 'prod', '--target-path', 'out']);
  });

  test('what to do about a busy target, and the values to hide', async () => {
    expect((await read({ 'on-target-busy': 'wait' })).onTargetBusy).toBe('wait');
    expect((await read({ 'redact-env': 'KEY\r\n\n OTHER\nUNSET\nNONE' })).redact).toEqual(['hush', 'quiet']);
  });

  test.each([
    ['tenant', 'name=value'],
    ['=acme', 'name=value'],
    ['{"a": 1}', 'string'],
    ['{"a"', 'JSON'],
    [`${'n'.repeat(129)}=v`, 'out of range'],
    [`n=${'v'.repeat(1025)}`, 'out of range'],
  ])('labels %j are refused', async (labels, why) => {
    expect(await problems({ labels })).toContain(why);
  });

  test('dbt State', async () => {
    const { runCache, requireRunCache } = await read({
      'run-cache': 'disabled',
      'require-run-cache': 'False',
    });
    expect({ runCache, requireRunCache }).toEqual({ runCache: 'disabled', requireRunCache: false });
    expect((await read({ 'run-cache': 'inherit' })).runCache).toBe('inherit');
    expect((await read({ 'require-run-cache': 'true' })).requireRunCache).toBe(true);
  });

  test.each(['Off', 'OFF', 'Auto', 'AUTO', 'None', 'nOne', 'False'])('dedup: %s is no key', async (dedup) => {
    const said = await problems({ dedup });
    expect(said).toMatch(/^Input dedup is not valid: /);
    expect(said).toContain(/off|auto/i.test(dedup) ? `lower case: ${dedup.toLowerCase()}` : 'give off, auto');
  });

  test('a key may begin like off', async () => {
    expect((await read({ dedup: 'Offer-7' })).ledger.dedup).toEqual({ kind: 'key', key: 'Offer-7' });
  });

  test('the production state: words, yes and no in any case, and no secret in a message', async () => {
    const { state } = await read({
      slim: 'True',
      'publish-state': 'always',
      'state-store': 's3://a',
      deps: 'auto',
    });
    expect(state).toEqual({ slim: true, 'publish-state': 'always', 'state-store': 's3://a', deps: 'auto' });
    expect((await read({ slim: 'strict', state: 'off' })).state).toEqual({ slim: 'strict', state: 'off' });
  });

  test.each(['true', 'True', 'TRUE'])('job-summary %s', async (value) => {
    expect((await read({ 'job-summary': value })).jobSummary).toBe(true);
  });
  test('job-summary false', async () => {
    expect((await read({ 'job-summary': 'False' })).jobSummary).toBe(false);
  });

  test.each([
    ['job-summary', 'yes', 'true or false'],
    ['require-run-cache', '1', 'true or false'],
    ['report', 'no', 'true or false'],
    ['run-cache', 'embedded', 'inherit, disabled'],
    ['annotations', 'some', 'all, failures, off'],
    ['fail-on', 'Error', 'error, warning, never'],
    ['on-target-busy', 'queue', 'fail, wait'],
    ['slim', 'yes', 'true, false, strict'],
    ['state', 'on', 'managed, off'],
    ['publish-state', 'true', 'auto, always, never'],
    ['state-environment', 'my prod', '1 to 64'],
    ['max-state-age', '7', 'units'],
    ['fresher-sources', 'strict', 'true or false'],
    ['deps', 'always', 'auto, never'],
    ['redact-env', 'KEY=x', 'one a line'],
    ['redact-env', 'KEY, OTHER', 'one a line'],
    ['command', 'dbt build', 'leave out the word dbt'],
    ['command', 'build --select x', 'args'],
    ['args', `--select 'x`, 'quote'],
  ])('%s %j is refused, saying what is valid', async (name, value, hint) => {
    const message = await problems({ [name]: value });
    expect(message).toContain(`Input ${name} is ${JSON.stringify(value)}: `);
    expect(message).toContain(hint);
  });

  test('a project folder that is not there, or is a file', async () => {
    writeFileSync(join(workspace, 'file'), '');
    expect(await problems({ 'project-dir': 'nowhere' })).toContain(join(workspace, 'nowhere'));
    expect(await problems({ 'project-dir': 'file' })).toContain('no folder');
  });

  test.each([
    ['target', 'prod', '--target dev'],
    ['target', 'prod', '-t dev'],
    ['target', 'prod', '-tdev'],
    ['target', 'prod', '--target=dev'],
    ['profiles-dir', 'ci', '--profiles-dir=other'],
  ])('%s together with args %j', async (name, value, args) => {
    expect(await problems({ [name]: value, args: `${args} -s a` })).toContain('keep one of the two');
  });

  test('every problem is named at once', async () => {
    const lines = (await problems({ timeout: 'x', 'fail-on': 'y', labels: 'z' })).split('\n');
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['timeout', 'labels', 'fail-on']);
  });

  test('a huge bad value is not repeated whole', async () => {
    expect((await problems({ timeout: 'x'.repeat(10_000) })).length).toBeLessThan(400);
    expect((await problems({ 'fail-on': 'x'.repeat(10_000) })).length).toBeLessThan(400);
  });
});

test('a folder named dbt is not the dbt to run: a bare word is looked up on PATH', async () => {
  mkdirSync(join(workspace, 'dbt'));
  mkdirSync(join(workspace, 'venv', 'bin'), { recursive: true });
  expect((await read({ dbt: 'dbt' })).dbt).toBe('dbt');
  expect((await read({ dbt: './venv' })).dbt).toBe(join(workspace, 'venv'));
});
