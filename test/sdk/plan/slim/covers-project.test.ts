import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import type { EngineKind } from '../../../../sdk/plan/engine-kind.ts';
import { coversProject } from '../../../../sdk/plan/slim/covers-project.ts';
import type { DefaultSelector } from '../../../../sdk/plan/slim/default-selector.ts';

interface More {
  readonly engine?: EngineKind;
  readonly env?: Record<string, string>;
  readonly defaultSelector?: DefaultSelector;
}

function coverage(line: string, more: More = {}) {
  const args = line.split(' ');
  const { engine = 'core', env = {}, defaultSelector = { kind: 'none' } } = more;
  return coversProject({ args, commandLine: parseCommandLine(args, engine), engine, env, defaultSelector });
}

test.each([
  'build',
  'build --full-refresh --fail-fast --threads 4 --target prod',
  'build --no-empty',
  'build --empty --no-empty',
  'build --indirect-selection cautious',
  '--quiet build --store-failures',
  // They check code, and make nothing.
  'build --exclude-resource-type unit_test',
  'build --exclude-resource-types unit_test exposure',
])('%s is of the whole project', (line) => {
  expect(coverage(line)).toEqual({ kind: 'whole' });
  expect(coverage(line, { engine: 'fusion' })).toEqual({ kind: 'whole' });
});

test.each([
  ...['-s a', '--select a', '--models a', '-m a', '--exclude a', '--selector a', '--resource-type model'],
  ...['--resource-types model', '--exclude-resource-types unit_test test', '--exclude-resource-types test'],
  ...['--empty', '--sample 1d', '--event-time-start 2020-01-01', '--event-time-end=2020-01-01', '-qs a'],
])('build %s is not', (option) => {
  const because = { kind: 'partial', because: expect.stringContaining('is given') };
  expect(coverage(`build ${option}`)).toEqual(because);
  expect(coverage(`build ${option}`, { engine: 'fusion' })).toEqual(because);
});

test.each(['--dirty', '--sampled source:a', '--with-sample default'])('nor, in dbt v2, %s', (option) => {
  expect(coverage(`build ${option}`, { engine: 'fusion' }).kind).toBe('partial');
});

describe('variables', () => {
  test.each([
    ...['DBT_RESOURCE_TYPES', 'DBT_ENGINE_RESOURCE_TYPES', 'DBT_EXCLUDE_RESOURCE_TYPES', 'DBT_SAMPLE'],
    ...['DBT_ENGINE_EXCLUDE_RESOURCE_TYPES', 'DBT_EVENT_TIME_START', 'DBT_ENGINE_EVENT_TIME_END'],
  ])('%s narrows dbt Core', (name) => {
    expect(coverage('build', { env: { [name]: 'test' } })).toEqual({
      kind: 'partial',
      because: expect.stringContaining(name),
    });
    expect(coverage('build', { env: { [name]: '' } }).kind).toBe('whole');
  });

  test('unit tests may be left out by a variable as well', () => {
    for (const name of ['DBT_EXCLUDE_RESOURCE_TYPES', 'DBT_ENGINE_EXCLUDE_RESOURCE_TYPES']) {
      expect(coverage('build', { env: { [name]: 'unit_test' } }).kind).toBe('whole');
      expect(coverage('build', { env: { [name]: 'unit_test,seed' } }).kind).toBe('partial');
    }
    expect(coverage('build', { env: { DBT_RESOURCE_TYPES: 'unit_test' } }).kind).toBe('partial');
  });

  test('DBT_EMPTY is a flag', () => {
    expect(coverage('build', { env: { DBT_EMPTY: 'true' } }).kind).toBe('partial');
    expect(coverage('build', { env: { DBT_EMPTY: 'False' } }).kind).toBe('whole');
    expect(coverage('build --no-empty', { env: { DBT_ENGINE_EMPTY: '1' } }).kind).toBe('whole');
  });

  test('dbt v2 has its own', () => {
    expect(coverage('build', { engine: 'fusion', env: { DBT_DIRTY: '1' } }).kind).toBe('partial');
    expect(coverage('build', { engine: 'fusion', env: { DBT_EMPTY: '1' } }).kind).toBe('whole');
    // To no dbt these are variables.
    expect(coverage('build', { env: { DBT_SELECT: 'a', DBT_EXCLUDE: 'a', DBT_DIRTY: '1' } }).kind).toBe(
      'whole',
    );
  });
});

test('a default selector narrows', () => {
  expect(coverage('build', { defaultSelector: { kind: 'named', name: 'marts' } })).toEqual({
    kind: 'partial',
    because: expect.stringContaining('marts'),
  });
  expect(coverage('build', { defaultSelector: { kind: 'uncertain', why: 'Jinja' } }).kind).toBe('partial');
});

test.each(['run', 'test', 'seed', 'retry', 'snapshot', 'compile', 'ls', 'docs generate', 'build --help'])(
  '%s is another command',
  (line) => {
    expect(coverage(line)).toEqual({ kind: 'command', why: expect.any(String) });
  },
);
