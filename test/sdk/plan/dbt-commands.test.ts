import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { artifactsOf, needsOf, sourcesPathOf } from '../../../sdk/plan/dbt-commands.ts';

const both = ['run_results', 'manifest'];

describe('artifacts, as dbt 1.11 was seen to write them', () => {
  test.each<[string, string[], string[]]>([
    ['build', both, []],
    ['run', both, []],
    ['test', both, []],
    ['seed', both, []],
    ['snapshot', both, []],
    ['compile --inline x', both, []],
    ['show --select a', both, []],
    ['show --inline-direct x', [], []],
    ['clone', both, []],
    ['run-operation m', both, []],
    ['docs generate', [...both, 'catalog'], ['manifest', 'catalog']],
    ['docs generate --no-compile', ['catalog'], ['catalog']],
    ['docs serve', [], []],
    ['list', ['manifest'], []],
    ['ls', ['manifest'], []],
    ['parse', ['manifest'], []],
    ['source freshness', ['sources', 'manifest'], []],
    ['deps', [], []],
    ['clean', [], []],
    ['debug', [], []],
    ['init', [], []],
    ['build --help', [], []],
    ['--version', [], []],
    ['', [], []],
  ])('%s', (line, written, withoutJson) => {
    const commandLine = parseCommandLine(line === '' ? [] : line.split(' '));
    expect([...artifactsOf(commandLine)].sort()).toEqual([...written].sort());
    expect([...artifactsOf(commandLine, false)].sort()).toEqual([...withoutJson].sort());
  });

  test('retry may write what it repeats, and an unknown command anything', () => {
    expect([...artifactsOf(parseCommandLine(['retry']))]).toEqual(['run_results', 'manifest', 'catalog']);
    expect(artifactsOf(parseCommandLine(['novel'])).size).toBe(4);
  });

  test.each([
    ['source freshness', '/p/target/sources.json'],
    ['source freshness -o out/s.json', '/from/out/s.json'],
    ['source freshness --output=/abs/s.json', '/abs/s.json'],
    ['list --output json', '/p/target/sources.json'],
  ])('sources of %s', (line, path) => {
    const where = { cwd: '/from', targetPath: '/p/target' };
    expect(sourcesPathOf(parseCommandLine(line.split(' ')), where)).toBe(path);
  });
});

test.each([
  ['build', 'required', 'required'],
  ['docs serve', 'required', 'required'],
  ['parse', 'required', 'required'],
  ['deps', 'required', 'none'],
  ['clean', 'required', 'none'],
  ['debug', 'optional', 'optional'],
  ['novel', 'optional', 'optional'],
  ['init', 'none', 'none'],
  ['build --help', 'none', 'none'],
  ['-v', 'none', 'none'],
  ['--quiet', 'none', 'none'],
])('%s: project %s, profile %s', (line, project, profile) => {
  expect(needsOf(parseCommandLine(line.split(' ')))).toEqual({ project, profile });
});
