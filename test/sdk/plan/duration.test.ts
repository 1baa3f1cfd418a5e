import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../../sdk/index.ts';

describe('parseDuration', () => {
  test.each([
    ['90s', 90_000],
    ['45m', 2_700_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1d2h3m4s', 93_784_000],
    [' 10m ', 600_000],
    ['0h1s', 1000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '45', 'banana', '1.5h', '30m1h', '1h 30m', '-5m', '5M', '5m5m'])(
    '%j is no duration',
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({ code: 'invalid-options', hint: expect.stringContaining('45m') }),
      );
    },
  );

  test.each(['0s', '0h0m', '25d', '99999999999999999999s'])('%s is out of range', (text) => {
    expect(() => parseDuration(text)).toThrow(/out of range/);
  });

  test('another longest', () => {
    expect(parseDuration('365d', { maxMs: 400 * 86_400_000 })).toBe(365 * 86_400_000);
    expect(() => parseDuration('401d', { maxMs: 400 * 86_400_000 })).toThrow(
      expect.objectContaining({ hint: 'Give more than zero and at most 400 days.' }),
    );
  });

  test('the longest is what a timer takes', () => {
    expect(parseDuration('24d')).toBeLessThanOrEqual(2_147_483_647);
  });
});
