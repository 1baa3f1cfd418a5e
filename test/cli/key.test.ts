import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunKeyDescription } from '../../sdk/index.ts';
import { pythonEnv } from '../support/python-env.ts';
import { type CliRig, makeCliRig } from './command-line.ts';

const MODEL = { 'models/orders.sql': "select '{{ env_var('REGION', 'eu') }}' as region" };

/** A project, and a real dbt for it: the key holds its version. */
async function makeRig(files: Record<string, string> = {}) {
  const rig = await makeCliRig([], { ...MODEL, ...files });
  const dbt = (await pythonEnv()).dir;
  const key = (args: readonly string[], env?: Record<string, string>) =>
    rig.run(['key', '--dbt', dbt, ...args, '--', 'build'], env);
  const digest = async (args: readonly string[], env?: Record<string, string>): Promise<string | undefined> =>
    described((await key([...args, '--format', 'json'], env)).stdout).digest;
  return { ...rig, key, digest };
}

function described(stdout: string): RunKeyDescription {
  const { version, key } = JSON.parse(stdout) as { version: number; key: RunKeyDescription };
  expect(version).toBe(1);
  return key;
}

describe('dbt-runcache key', () => {
  test('shows the key and its parts, and needs no ledger', async () => {
    const rig = await makeRig();
    const end = await rig.key(['--data', 'ignore']);
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expect(end.stdout).toMatch(/^Key: [0-9a-f]{64} \(derived\)\n/);
    expect(end.stdout).toMatch(/^code {2}[0-9a-f]{12} {2}\d+ items$/m);
    expect(end.stdout).toMatch(/^ {2}models\/: [0-9a-f]{12} \(1 file\)$/m);
    expect(end.stdout).toContain('  command: build\n');
    expect((await rig.key(['--data', 'ignore', '--all'])).stdout).toMatch(/^ {2}models\/orders\.sql: /m);
    const json = described((await rig.key(['--data', 'ignore', '--format', 'json'])).stdout);
    expect(end.stdout).toContain(json.digest ?? 'no digest');
    expect(json.parts.find(({ name }) => name === 'code')?.items).toContainEqual(
      expect.objectContaining({ name: 'models/orders.sql' }),
    );
  });

  test('without a key: 1, and what to do about it', async () => {
    const rig = await makeRig();
    const { exitCode, stdout, stderr } = await rig.key([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toMatch(/^There is no key:\n {2}data: .*data-version/);
    const json = await rig.key(['--format', 'json']);
    expect(json.exitCode).toBe(1);
    expect(described(json.stdout)).toMatchObject({ kind: 'none' });
  });

  test('the options decide it, and the configuration does', async () => {
    const rig = await makeRig({ 'dbt-runcache.yml': 'data: ignore\nkey-env: [TEAM]\n' });
    const plain = await rig.digest([]);
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(await rig.digest(['--data-version', '7'])).not.toBe(plain);
    expect(await rig.digest([], { TEAM: 'a' })).not.toBe(plain);
    expect(await rig.digest(['--key-env', 'OTHER'], { OTHER: 'a' })).not.toBe(plain);
    expect(await rig.digest([], { OTHER: 'a' })).toBe(plain);
    expect(await rig.digest([], { DBT_RUNCACHE_DATA_VERSION: '7' })).toBe(
      await rig.digest(['--data-version', '7']),
    );
    expect(described((await rig.key(['--idempotency-key', 'x', '--format', 'json'])).stdout).kind).toBe(
      'given',
    );
  });

  test('the folder of the ledger is no input, whoever names it', async () => {
    const rig = await makeRig({
      'dbt-runcache.yml': 'data: ignore\n',
      'models/ledger/entries/x.sql': 'select 1',
    });
    const without = await rig.digest([]);
    const within = await rig.digest(['--dedup-store', 'file:models/ledger']);
    expect(within).not.toBe(without);
    expect(await rig.digest([], { DBT_RUNCACHE_DEDUP_STORE: 'file:models/ledger' })).toBe(within);
    expect(
      await rig.digest(['--dedup-store', 'none'], { DBT_RUNCACHE_DEDUP_STORE: 'file:models/ledger' }),
    ).toBe(without);
  });
});

test('a ledger that is out of reach here is no matter', async () => {
  const rig = await makeRig({ 'dbt-runcache.yml': 'data: ignore\ndedup-store: redis:NOT_SET_HERE\n' });
  expect(await rig.digest([])).toMatch(/^[0-9a-f]{64}$/);
});

describe('what cannot be', () => {
  test.each([
    [['key'], /no dbt command to make a key for/, /key -- build/],
    [['key', 'build'], /"build" stands before --/, /go after --/],
    [['key', '--select', 'x', '--', 'build'], /--select/, /go after --/],
    [['key', '--format', 'yaml', '--', 'build'], /--format is "yaml"/, /text, json/],
    [['key', '--data', 'x', '--', 'build'], /--data is "x"/, /sources, ignore/],
    [['key', '--run-cache', 'off', '--', 'build'], /--run-cache is "off"/, /inherit, disabled/],
    [['keys', '--', 'build'], /no command "keys"/, /Did you mean dbt-runcache key\?/],
  ])('%j: 2, and what to do', async (args, message, hint) => {
    const rig: CliRig = await makeCliRig([]);
    const { exitCode, stdout, stderr } = await rig.run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(hint);
  });

  test('no project: 2', async () => {
    const rig = await makeCliRig([]);
    const end = await rig.run(['key', '--', 'build'], {}, join(rig.folder, '..'));
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toContain('dbt_project.yml');
  });
});

test('--help is the help', async () => {
  const rig = await makeCliRig([]);
  const help = readFileSync(new URL('../../sdk/cli/help/key.ts', import.meta.url), 'utf8');
  expect(help).toContain((await rig.run(['key', '--help'])).stdout.trim());
});
