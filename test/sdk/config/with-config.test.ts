import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../sdk/config/load-config.ts';
import { withConfig } from '../../../sdk/config/with-config.ts';
import { resolveOptions } from '../../../sdk/options.ts';
import { makeFolder } from './folder.ts';

const config = (content: string, env: Record<string, string> = {}) =>
  loadConfig({ cwd: makeFolder({ 'dbt-runcache.yml': content }), env });

test('what comes of it are options of a run', async () => {
  const given = await config(
    'timeout: 5m\nlabels: {a: b}\nreport: false\nredact-env: [KEY, UNSET]\ndbt: ./x dbt\n',
  );
  const options = withConfig(given, { reject: false, env: { KEY: 'hush' } });
  expect(resolveOptions(['build'], options).options).toMatchObject({
    ...{ timeoutMs: 300_000, labels: { a: 'b' }, report: false, redact: ['hush'], reject: false },
    dbt: [join(given.path ?? '', '../x'), 'dbt'],
  });
});

test('the report is told what came from where, and not what the call gave', async () => {
  const given = await config(
    'timeout: 5m\nreport: true\nlabels: {a: b, c: d}\nredact-env: [KEY]\nfail-on: never\n',
    {
      DBT_RUNCACHE_ON_TARGET_BUSY: 'wait',
    },
  );
  expect(withConfig(given, { timeout: 1, labels: { a: 'z' } }).config).toEqual({
    path: given.path,
    from: {
      report: `${given.path}:2`,
      'on-target-busy': 'DBT_RUNCACHE_ON_TARGET_BUSY',
      'labels.c': `${given.path}:3`,
      'redact-env': `${given.path}:4`,
    },
  });
});

test('nothing found, nothing told', async () => {
  const nothing = await loadConfig({ cwd: makeFolder(), env: {} });
  expect(withConfig(nothing).config).toBeUndefined();
  expect(resolveOptions(['build'], withConfig(nothing))).toEqual(resolveOptions(['build']));
});

describe('disabled and required', () => {
  test.each([
    [
      'run-cache: disabled\nrequire-run-cache: true',
      {},
      /disabled \(\S+yml:1\) and require-run-cache is true \(\S+yml:2\)/,
    ],
    [
      'run-cache: disabled',
      { requireRunCache: true },
      /disabled \(\S+yml:1\) and require-run-cache is true \(this call\)/,
    ],
  ] as const)('%j with %j is refused, naming both', async (content, options, message) => {
    const given = await config(content);
    expect(() => withConfig(given, options)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringMatching(message) }),
    );
  });

  test('disabled, said nearer to the run than required, is the fallback', async () => {
    const required = await config('require-run-cache: true');
    expect(withConfig(required, { runCache: 'disabled' })).toMatchObject({
      runCache: 'disabled',
      requireRunCache: false,
    });
    const byVariable = await config('require-run-cache: true', { DBT_RUNCACHE_RUN_CACHE: 'disabled' });
    expect(withConfig(byVariable)).toMatchObject({ runCache: 'disabled', requireRunCache: false });
    expect(() => withConfig(byVariable, { requireRunCache: true })).toThrow(/no run can be both/);
  });

  test('the call may take one back', async () => {
    const required = await config('require-run-cache: true');
    expect(withConfig(required, { runCache: 'disabled', requireRunCache: false })).toMatchObject({
      runCache: 'disabled',
      requireRunCache: false,
    });
    const disabled = await config('run-cache: disabled');
    expect(withConfig(disabled, { runCache: 'inherit', requireRunCache: true }).runCache).toBe('inherit');
  });
});

describe('the ledger', () => {
  test('key by key: of the call, of a variable, of the file, with the place of each', async () => {
    const given = await config(
      'dedup-store: file:.ledger\nretention: 90d\nlease: 5m\nkey-env: [A]\ndata: ignore\n',
      { DBT_RUNCACHE_LEASE: '3m', DBT_RUNCACHE_KEY_ENV: 'B' },
    );
    const options = withConfig(given, { dedup: { idempotencyKey: 'run-7', retention: 1, keyEnv: ['C'] } });
    expect(options.dedup).toMatchObject({
      store: `file:${join(given.path ?? '', '../.ledger')}`,
      ...{ idempotencyKey: 'run-7', retention: 1, lease: 180_000, data: 'ignore', keyEnv: ['C', 'B', 'A'] },
    });
    expect(options.config?.from).toEqual({
      'dedup-store': `${given.path}:1`,
      lease: 'DBT_RUNCACHE_LEASE',
      'key-env': 'DBT_RUNCACHE_KEY_ENV',
      data: `${given.path}:5`,
    });
    expect(resolveOptions(['build'], options).options.dedup).toMatchObject({ idempotencyKey: 'run-7' });
  });

  test('the paths of key-ignore are joined, and told of although the call gives some', async () => {
    const given = await config('dedup-store: "memory:"\nkey-ignore: [docs]\n', {
      DBT_RUNCACHE_KEY_IGNORE: 'run.log',
    });
    const options = withConfig(given, { dedup: { keyIgnore: ['README.md'] } });
    expect(options.dedup?.keyIgnore).toEqual(['README.md', 'run.log', 'docs']);
    expect(options.config?.from['key-ignore']).toBe('DBT_RUNCACHE_KEY_IGNORE');
  });

  test('of data and data-version the nearer to the run counts', async () => {
    const of = async (
      content: string,
      env: Record<string, string>,
      data?: 'ignore' | { version: string },
    ) => {
      const options = withConfig(await config(`dedup-store: "memory:"\n${content}`, env), {
        dedup: { data },
      });
      const from = Object.keys(options.config?.from ?? {}).filter((key) => key.startsWith('data'));
      return [options.dedup?.data, ...from];
    };
    expect(await of('data: sources', {})).toEqual(['sources', 'data']);
    expect(await of('data: sources', { DBT_RUNCACHE_DATA_VERSION: '1' })).toEqual([
      { version: '1' },
      'data-version',
    ]);
    expect(await of('data-version: "1"', { DBT_RUNCACHE_DATA: 'ignore' })).toEqual(['ignore', 'data']);
    expect(await of('data-version: "1"', {}, 'ignore')).toEqual(['ignore']);
    expect(await of('', { DBT_RUNCACHE_DATA: 'sources' }, { version: '2' })).toEqual([{ version: '2' }]);
  });

  test('without an address there is none: a policy of the file is silent', async () => {
    const given = await config('retention: 90d\nidempotency-key: x\n');
    expect(withConfig(given)).toMatchObject({ dedup: undefined, config: { path: given.path, from: {} } });
  });

  test.each([
    [{}, { dedup: { idempotencyKey: 'x' } }, 'idempotency-key is given (this call)'],
    [{}, { dedup: { data: { version: '1' } } }, 'data is given (this call)'],
    [{ DBT_RUNCACHE_ON_IN_FLIGHT: 'skip' }, {}, 'on-in-flight is given (DBT_RUNCACHE_ON_IN_FLIGHT)'],
    [{ DBT_RUNCACHE_KEY_ENV: 'A' }, {}, 'key-env is given (DBT_RUNCACHE_KEY_ENV)'],
    [{ DBT_RUNCACHE_KEY_IGNORE: 'docs' }, {}, 'key-ignore is given (DBT_RUNCACHE_KEY_IGNORE)'],
  ])('%j and %j count on a ledger, and there is none', async (env, options, message) => {
    const given = await config('retention: 90d', env);
    expect(() => withConfig(given, options)).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringContaining(message),
        hint: expect.stringContaining('--dedup-store'),
      }),
    );
  });

  test('none switches it off again, from nearer to the run', async () => {
    const byVariable = await config('dedup-store: "memory:"\nretention: 90d', {
      ...{ DBT_RUNCACHE_DEDUP_STORE: 'none', DBT_RUNCACHE_IDEMPOTENCY_KEY: 'x' },
    });
    expect(withConfig(byVariable)).toMatchObject({
      dedup: undefined,
      config: { from: { 'dedup-store': 'DBT_RUNCACHE_DEDUP_STORE' } },
    });
    const byCall = withConfig(await config('dedup-store: "memory:"'), {
      dedup: { store: 'none', retention: 1 },
    });
    expect(byCall.dedup).toBeUndefined();
    expect(byCall.config?.from).toEqual({});
    const back = withConfig(byVariable, { dedup: { store: 'memory:' } });
    expect(back.dedup).toMatchObject({ store: 'memory:', idempotencyKey: 'x' });
  });

  test('options of the SDK alone stay as they are', async () => {
    const dedup = { store: 'memory:', heartbeat: 5, runUrl: 'https://example.com' };
    expect(withConfig(await config(''), { dedup }).dedup).toEqual(dedup);
  });
});

test('the environment may be the process’s own', async () => {
  const { env } = process;
  const options = withConfig(await loadConfig({ cwd: makeFolder(), env }), { env });
  expect(resolveOptions(['build'], options).options.env).toEqual({ ...env });
});
