import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type CommandLine, parseCommandLine } from '../../../sdk/plan/command-line.ts';

interface Row {
  readonly args: readonly string[];
  readonly asksFor?: 'version' | 'help';
  readonly command?: string;
  readonly positionals?: readonly string[];
  readonly values?: Readonly<Record<string, unknown>>;
}

/** How dbt names what we read. */
const NAMES: Readonly<Record<string, keyof CommandLine>> = {
  project_dir: 'projectDir',
  profiles_dir: 'profilesDir',
  profile: 'profile',
  target: 'target',
  target_path: 'targetPath',
  log_path: 'logPath',
  vars: 'vars',
  threads: 'threads',
  state: 'state',
  output: 'output',
  select: 'select',
  exclude: 'exclude',
  selector: 'selector',
  write_json: 'writeJson',
  quiet: 'quiet',
  full_refresh: 'fullRefresh',
  compile: 'compile',
  inline_direct: 'inlineDirect',
};

const fixture = new URL('../../fixtures/command-line/click-1.11.json', import.meta.url);
const rows = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Row[];

describe('beside dbt 1.11 itself', () => {
  test('the table is there', () => {
    expect(rows.length).toBeGreaterThan(300);
  });

  test.each(rows.filter((row) => row.asksFor === undefined))('$args', (row) => {
    const read = parseCommandLine(row.args);
    const values = row.values ?? {};
    // `list` keeps --models apart from --select; they mean the same.
    const merged: Readonly<Record<string, unknown>> =
      values['models'] === undefined ? values : { ...values, select: inOrder(row.args, values) };
    const canonical = { ls: 'list', 'source snapshot-freshness': 'source freshness' }[row.command ?? ''];
    expect(read.command).toBe(canonical ?? row.command);
    expect(read.isKnown).toBe(true);
    expect(read.asksFor).toBeUndefined();
    expect(read.positionals).toEqual(row.positionals);
    const got = Object.fromEntries(Object.entries(NAMES).map(([theirs, ours]) => [theirs, read[ours]]));
    const expected = Object.fromEntries(Object.keys(NAMES).map((theirs) => [theirs, merged[theirs]]));
    expect(got).toEqual(expected);
  });

  test.each(rows.filter((row) => row.asksFor !== undefined))('$args asks for $asksFor', (row) => {
    expect(parseCommandLine(row.args).asksFor).toBe(row.asksFor);
  });
});

/** --select and --models of one `list`, in the order given. */
function inOrder(args: readonly string[], values: Readonly<Record<string, unknown>>): unknown {
  const select = (values['select'] ?? []) as readonly string[];
  const models = (values['models'] ?? []) as readonly string[];
  const firstIsModels = args.findIndex((arg) => /^(-m|--models?)/.test(arg));
  const firstIsSelect = args.findIndex((arg) => /^(-s|--select)(?!or)/.test(arg));
  if (select.length === 0 || firstIsModels < firstIsSelect) return [...models, ...select];
  return [...select, ...models];
}

describe('what dbt refuses or does not know is still read', () => {
  test('nothing at all', () => {
    expect(parseCommandLine([])).toEqual({ command: '', isKnown: false, positionals: [] });
  });

  test('a group without its command', () => {
    expect(parseCommandLine(['docs', '--quiet'])).toMatchObject({
      command: 'docs',
      isKnown: false,
      quiet: true,
    });
  });

  test('a command of another dbt', () => {
    expect(parseCommandLine(['login', '--target', 'x'])).toMatchObject({
      command: 'login',
      isKnown: false,
      target: 'x',
    });
  });

  test.each(['constructor', '__proto__', 'toString'])('a command named %s', (word) => {
    expect(parseCommandLine([word, `--${word}`])).toMatchObject({ command: word, isKnown: false });
  });

  test('a command has no more words than two', () => {
    expect(parseCommandLine(['docs', 'source', 'freshness'])).toMatchObject({
      command: 'docs source',
      isKnown: false,
      positionals: ['freshness'],
    });
  });

  test('an unknown option is a flag, and its own value is not a word', () => {
    expect(parseCommandLine(['--new=build', 'run', '--newer', '--target', 't'])).toMatchObject({
      command: 'run',
      target: 't',
      positionals: [],
    });
  });

  test('the same option before and after the command counts as given after', () => {
    expect(parseCommandLine(['--target', 'a', 'build', '--target', 'b']).target).toBe('b');
  });

  test('an option without its value', () => {
    expect(parseCommandLine(['build', '--target'])).toEqual({
      command: 'build',
      isKnown: true,
      positionals: [],
    });
  });

  test('the arguments stay as they were', () => {
    const args = Object.freeze(['--quiet', 'build', '--select=a', 'b', '-tprod']);
    parseCommandLine(args);
    expect(args).toEqual(['--quiet', 'build', '--select=a', 'b', '-tprod']);
  });
});

describe('dbt v2', () => {
  const read = (...args: string[]) => parseCommandLine(args, 'fusion');

  test('its own commands, by their full names', () => {
    for (const words of ['lint', 'login', 'system update', 'sl query', 'state explain', 'docs generate'])
      expect(read(...words.split(' '))).toMatchObject({ command: words, isKnown: true, positionals: [] });
    expect(read('fmt').command).toBe('format');
    expect(read('snowplow')).toMatchObject({ isKnown: false });
  });

  test('its own options, and those of dbt Core it still takes', () => {
    expect(
      read(
        '--otel-file-name',
        'o.jsonl',
        'build',
        '--compute',
        'inline',
        '--write-catalog',
        '-m',
        'a',
        'b',
        '-tprod',
      ),
    ).toMatchObject({
      command: 'build',
      otelFileName: 'o.jsonl',
      writeCatalog: true,
      select: ['a', 'b'],
      target: 'prod',
      positionals: [],
    });
  });

  test('--show takes words, where to dbt Core it is a flag', () => {
    expect(read('build', '--show', 'nodes', 'stats', '-s', 'a').positionals).toEqual([]);
    expect(parseCommandLine(['seed', '--show', 'a']).positionals).toEqual(['a']);
  });

  test('what nobody here knows is a flag', () => {
    expect(read('build', '--newer=x', '--newest', '-s', 'a')).toMatchObject({
      select: ['a'],
      positionals: [],
    });
  });
});
