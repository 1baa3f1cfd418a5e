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

test('the environment may be the process’s own', async () => {
  const { env } = process;
  const options = withConfig(await loadConfig({ cwd: makeFolder(), env }), { env });
  expect(resolveOptions(['build'], options).options.env).toEqual({ ...env });
});
