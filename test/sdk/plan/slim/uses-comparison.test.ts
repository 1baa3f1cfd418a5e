import { expect, test } from 'vitest';
import { usesComparison } from '../../../../sdk/plan/slim/uses-comparison.ts';

test.each([
  'build --select state:modified+',
  'build -s a,state:new',
  'build -s a @state:new',
  'build -s 2+result:error',
  'build --models +source_status:fresher+',
  'build --exclude state:modified.body',
  'ls --exclude a b,result:error+',
  'build --defer',
  'build --no-defer --defer',
  '--defer build',
  'clone',
])('%s', (line) => {
  expect(usesComparison(line.split(' '), 'core')).toBe(true);
  expect(usesComparison(line.split(' '), 'fusion')).toBe(true);
});

test.each([
  'build',
  'build --select tag:state estate:x',
  'build -s state result',
  'build -s config.meta.state:x path:state:x',
  'build --defer --no-defer',
  'build --vars state:modified',
  'build --favor-state',
  'clone --help',
])('not %s', (line) => {
  expect(usesComparison(line.split(' '), 'core')).toBe(false);
});

test('a variable defers as well', () => {
  expect(usesComparison(['build'], 'core', { DBT_DEFER: '1' })).toBe(true);
  expect(usesComparison(['build', '--no-defer'], 'core', { DBT_DEFER: '1' })).toBe(false);
  expect(usesComparison(['build'], 'core', { DBT_DEFER: '0' })).toBe(false);
});

test('words in one argument count each', () => {
  expect(usesComparison(['build', '-s', 'a', 'b state:modified'], 'core')).toBe(true);
});
