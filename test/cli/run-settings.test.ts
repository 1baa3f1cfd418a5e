import { expect, test } from 'vitest';
import { readRunArguments } from '../../sdk/cli/run-arguments.ts';
import { settleOptions } from '../../sdk/cli/run-settings.ts';
import { makeFolder } from '../sdk/config/folder.ts';
import { PRECEDENCE, situations } from '../sdk/config/precedence.ts';

/** The option as it is typed. */
function typed(key: string, value: string): string[] {
  if (key === 'labels') return ['--label', value];
  return value === 'true' ? [`--${key}`] : value === 'false' ? [`--no-${key}`] : [`--${key}`, value];
}

test.each(PRECEDENCE.filter(({ option }) => option !== undefined))(
  '$key: the command line before the environment before the file (call $call)',
  async (row) => {
    for (const { value, files, env, call } of situations(row)) {
      const argv = [...(call === undefined ? [] : typed(row.key, call)), '--', 'build'];
      const options = await settleOptions(readRunArguments(argv, env), { cwd: makeFolder(files), env });
      expect(options[row.option ?? 'env']).toEqual(value);
    }
  },
);

test('--no-config leaves the file out, a bad one too', async () => {
  const cwd = makeFolder({ 'dbt-runcache.yml': 'timeout: soon' });
  const settle = (argv: string[]) =>
    settleOptions(readRunArguments([...argv, '--', 'build'], {}), { cwd, env: {} });
  await expect(settle([])).rejects.toMatchObject({ code: 'config-invalid' });
  expect(await settle(['--no-config'])).toMatchObject({ timeout: undefined, config: undefined });
});
