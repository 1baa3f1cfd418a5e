import { describe, expect, test } from 'vitest';
import { EXPLAIN_HELP, MAIN_HELP, RUN_HELP } from '../../sdk/cli/help.ts';
import { readRunArguments } from '../../sdk/cli/run-arguments.ts';

describe.each([
  ['main', MAIN_HELP],
  ['run', RUN_HELP],
  ['explain', EXPLAIN_HELP],
])('help of %s', (_, text) => {
  test('fits 80 columns and ends with one line break', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(/\S\n$/);
  });
});

test('every option in the help of run is one', () => {
  const options = [...RUN_HELP.matchAll(/^ {2}(--[a-z-]+)( <[^>]+>)?/gm)];
  expect(options.length).toBeGreaterThan(7);
  const values: Record<string, string> = {
    '--timeout': '1s',
    '--label': 'a=b',
    '--on-target-busy': 'wait',
    '--log-format': 'json',
    '--run-cache': 'disabled',
  };
  for (const [, name = '', value] of options) {
    const args = value === undefined ? [name] : [name, values[name] ?? 'x'];
    expect(() => readRunArguments([...args, '--', 'build'], {})).not.toThrow();
  }
});
