import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../../sdk/options.ts';
import { REPOSITORY } from '../support/repository.ts';

const SDK = pathToFileURL(join(REPOSITORY, 'dist/sdk/index.js')).href;

function run(script: string, preload = '') {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  return spawnSync(process.execPath, [...args, '--input-type=module', '-e', script], { encoding: 'utf8' });
}

describe('the built SDK', () => {
  test('its error has its own name where Node prints it', () => {
    const { stderr } = run(`const { DbtRunCacheError } = await import(${JSON.stringify(SDK)});
      throw new DbtRunCacheError('nothing', { code: 'internal' });`);
    expect(stderr).toMatch(/^DbtRunCacheError: nothing/m);
    expect(stderr).not.toContain('_DbtRunCacheError');
  });

  test('an old Node is told so before a dependency can break on it', () => {
    const preload = `
      import { registerHooks } from 'node:module';
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } });
      const broken = 'data:text/javascript,throw new Error("execa came first"); export const execa = 0';
      registerHooks({ resolve: (name, context, next) =>
        name === 'execa' ? { url: broken, shortCircuit: true } : next(name, context) });`;
    const { status, stderr } = run(`await import(${JSON.stringify(SDK)})`, preload);
    expect(status).toBe(1);
    expect(stderr).toContain('dbt-runcache needs Node.js 22.20 or later; this is 20.11.0');
    expect(stderr).not.toContain('execa came first');
  });
});

describe('options that cannot be', () => {
  test.each([
    [{ timeuot: 5 }, 'No such option: timeuot. Did you mean timeout?'],
    [{ bananas: 1, timeuot: 5 }, 'No such option: bananas.; No such option: timeuot. Did you mean timeout?'],
    [{ timeout: '45m' }, "timeout is in milliseconds; parseDuration('45m') makes them"],
  ])('%j', (options, message) => {
    expect(() => resolveOptions(['build'], options as object)).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringContaining(message) }),
    );
  });

  test('a text instead of a list', () => {
    expect(() => resolveOptions('build' as unknown as string[])).toThrow(
      "args must be a list: runDbt(['build'])",
    );
  });
});
