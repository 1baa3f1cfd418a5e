import { expect, test } from 'vitest';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import { withState } from '../../../../sdk/plan/slim/with-state.ts';

function made(line: string, env: Record<string, string> = {}): string | undefined {
  const args = line.split(' ');
  const input = {
    args,
    commandLine: parseCommandLine(args),
    engine: 'core',
    stateDir: '/state',
    env,
  } as const;
  return withState(input)?.args.join(' ');
}

test('only --state is added, whatever is selected', () => {
  expect(made('build')).toBe('build --state /state');
  expect(made('-q build --select a --selector b -- x')).toBe(
    '-q build --state /state --select a --selector b -- x',
  );
  expect(made('docs generate --defer -s state:modified')).toBe(
    'docs generate --state /state --defer -s state:modified',
  );
});

test('where the command reads one', () => {
  for (const line of ['clone', 'show -s a', 'source freshness', 'ls', 'test'])
    expect(made(line), line).toContain('--state');
  // To retry it is the run to repeat.
  for (const line of ['retry', 'deps', 'parse', 'run-operation m', 'build --help', 'init'])
    expect(made(line), line).toBeUndefined();
});

test('an own state is refused', () => {
  const refused = expect.objectContaining({ code: 'invalid-options' });
  expect(() => made('build --state /mine')).toThrow(refused);
  expect(() => made('build', { DBT_STATE: '/mine' })).toThrow(refused);
  expect(made('deps', { DBT_STATE: '/mine' })).toBeUndefined();
});
