import { describe, expect, test } from 'vitest';
import { DIAGNOSE_HELP } from '../../sdk/cli/help/diagnose.ts';
import { EXPLAIN_HELP } from '../../sdk/cli/help/explain.ts';
import { KEY_HELP } from '../../sdk/cli/help/key.ts';
import { LEDGER_HELP } from '../../sdk/cli/help/ledger.ts';
import { MAIN_HELP } from '../../sdk/cli/help/main.ts';
import { RUN_HELP } from '../../sdk/cli/help/run.ts';
import { LEDGER_OPTIONS } from '../../sdk/cli/ledger-options.ts';
import { readRunArguments } from '../../sdk/cli/run-arguments.ts';
import { STATE_OPTIONS } from '../../sdk/cli/state-options.ts';

describe.each([
  ['main', MAIN_HELP],
  ['run', RUN_HELP],
  ['explain', EXPLAIN_HELP],
  ['diagnose', DIAGNOSE_HELP],
  ['key', KEY_HELP],
  ['ledger', LEDGER_HELP],
])('help of %s', (name, text) => {
  test('fits 80 columns and ends with one line break', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(/\S\n$/);
  });

  test('the main help names it', () => {
    expect(MAIN_HELP).toMatch(name === 'main' ? /^Commands:$/m : new RegExp(`^ {2}${name} {2,}[A-Z]`, 'm'));
  });
});

test('every option in the help of run is one, and every option is there', () => {
  const options = [...RUN_HELP.matchAll(/^ {2}(--[a-z-]+)( <[^>]+>)?/gm)];
  expect(options.length).toBeGreaterThan(20);
  const values: Record<string, string> = {
    '--timeout': '1s',
    '--label': 'a=b',
    '--on-target-busy': 'wait',
    '--log-format': 'json',
    '--run-cache': 'disabled',
    '--data': 'ignore',
    '--dedup-on': 'any',
    '--on-in-flight': 'skip',
    '--in-flight-wait': '1s',
    '--on-unavailable': 'fail',
    '--on-mismatch': 'run',
    '--retention': '365d',
    '--lease': '1m',
    '--state': 'off',
    '--slim': 'strict',
    '--publish-state': 'always',
    '--on-missing-state': 'fail',
    '--max-state-age': '7d',
    '--state-retention': '365d',
    '--deps': 'auto',
  };
  for (const [, name = '', value] of options) {
    const args = value === undefined ? [name] : [name, values[name] ?? 'x'];
    expect(() => readRunArguments([...args, '--', 'build'], {}), name).not.toThrow();
  }
  const named = options.map(([, name]) => name);
  for (const name of Object.keys({ ...LEDGER_OPTIONS, ...STATE_OPTIONS }))
    expect(named).toContain(`--${name}`);
});

test('what must be said of the ledger is said', () => {
  const about = (option: string): string => {
    const [, text = ''] =
      new RegExp(`^ {2}${option} ([\\s\\S]*?)(?=^ {2}--|\\n\\n)`, 'm').exec(RUN_HELP) ?? [];
    return text.replace(/\s+/g, ' ');
  };
  expect(about('--idempotency-key')).toContain('no secrets');
  expect(about('--data-version')).toContain('no secrets');
  expect(about('--on-in-flight')).toContain('unsafe for a required check');
  expect(about('--dedup-store')).toContain('No passwords');
});
