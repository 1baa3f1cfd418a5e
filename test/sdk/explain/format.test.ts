import { describe, expect, test } from 'vitest';
import { clause, count, counted, duration, listed, listedUpTo } from '../../../sdk/explain/format.ts';

describe('duration', () => {
  test.each([
    [0, '0 s'],
    [0.4, '0 s'],
    [1, '1 ms'],
    [60.4, '60 ms'],
    [99.4, '99 ms'],
    [99.6, '0.1 s'],
    [400, '0.4 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [12_000, '12 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_400, '59 min 59 s'],
    [3_599_600, '1 h'],
    [7_500_000, '2 h 5 min'],
    [3_600_000 * 1234, '1,234 h'],
    [-1, 'unknown'],
    [Number.NaN, 'unknown'],
    [Number.POSITIVE_INFINITY, 'unknown'],
  ])('%d ms is %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe('counts', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%d is %s', (value, words) => {
    expect(count(value)).toBe(words);
  });

  test('the noun is singular for one only', () => {
    expect([counted(0, 'node'), counted(1, 'node'), counted(2, 'node')]).toEqual([
      '0 nodes',
      '1 node',
      '2 nodes',
    ]);
    expect(counted(2, 'query', 'queries')).toBe('2 queries');
  });
});

describe('lists', () => {
  test('are joined as people do', () => {
    expect(listed([])).toBe('');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b'])).toBe('a and b');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
  });

  test('say how many were left out', () => {
    expect(listedUpTo(['a', 'b', 'c'], 3)).toBe('a, b and c');
    expect(listedUpTo(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  });
});

test('a clause is one line without its full stop', () => {
  expect(clause('  It\n  broke..  ')).toBe('It broke');
});
