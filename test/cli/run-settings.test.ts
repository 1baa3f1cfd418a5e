import { expect, test } from 'vitest';
import { readRunArguments } from '../../sdk/cli/run-arguments.ts';
import { settleOptions } from '../../sdk/cli/run-settings.ts';
import { CONFIG_KEYS } from '../../sdk/config/schema.ts';
import { makeFolder } from '../sdk/config/folder.ts';
import {
  asksForState,
  LEDGER_PRECEDENCE,
  PARSE_CACHE_PRECEDENCE,
  PRECEDENCE,
  STATE_PRECEDENCE,
  situations,
} from '../sdk/config/precedence.ts';

/** The option as it is typed. */
function typed(key: string, value: string): string[] {
  if (key === 'labels') return ['--label', value];
  // It has three words.
  if (key === 'slim') return ['--slim', value];
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

test.each(LEDGER_PRECEDENCE)(
  '$key: the command line before the environment before the file (call $call)',
  async (row) => {
    // An address in the file, which everything else needs.
    const address = row.key === 'dedup-store' ? '' : 'dedup-store: file:/ledger\n';
    for (const { value, files, env, call } of situations(row)) {
      const argv = [...(call === undefined ? [] : typed(row.key, call)), '--', 'build'];
      const yaml = address + (files['dbt-runcache.yml'] ?? '');
      const cwd = makeFolder({ 'dbt-runcache.yml': yaml });
      const { dedup } = await settleOptions(readRunArguments(argv, env), { cwd, env });
      expect(dedup?.[row.option]).toEqual(value);
    }
  },
);

test.each([...STATE_PRECEDENCE, ...PARSE_CACHE_PRECEDENCE])(
  '$key: the command line before the environment before the file (call $call)',
  async (row) => {
    for (const { value, files, env, call } of situations(row)) {
      const argv = [...(call === undefined ? [] : typed(row.key, call)), '--', 'build'];
      const yaml = asksForState(row.key) + (files['dbt-runcache.yml'] ?? '');
      const cwd = makeFolder({ 'dbt-runcache.yml': yaml });
      const { state, parseCache } = await settleOptions(readRunArguments(argv, env), { cwd, env });
      expect(row.option === undefined ? parseCache : state?.[row.option]).toEqual(value);
    }
  },
);

test('no key is left out of the tables', () => {
  const keys = [...PRECEDENCE, ...LEDGER_PRECEDENCE, ...STATE_PRECEDENCE, ...PARSE_CACHE_PRECEDENCE].map(
    ({ key }) => key,
  );
  expect([...new Set(keys)].toSorted()).toEqual(CONFIG_KEYS.toSorted());
});

test('--no-config leaves the file out, a bad one too', async () => {
  const cwd = makeFolder({ 'dbt-runcache.yml': 'timeout: soon' });
  const settle = (argv: string[]) =>
    settleOptions(readRunArguments([...argv, '--', 'build'], {}), { cwd, env: {} });
  await expect(settle([])).rejects.toMatchObject({ code: 'config-invalid' });
  expect(await settle(['--no-config'])).toMatchObject({ timeout: undefined, config: undefined });
});
