import { expect, test } from 'vitest';
import { oneLine, printJson, tame } from '../../sdk/cli/tame.ts';

const HOSTILE =
  '\u001b[31mred\u001b[0m\u0007\u009b2J\u0085next\u202eback\u2028\r\n\t\ud800\u200b\u{e0041}end';
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of those may be there.
const STEERS = /(?![\n\t])[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800]|\u{e0041}/u;

test('nothing of a text steers a terminal or hides', () => {
  expect(tame(HOSTILE)).not.toMatch(STEERS);
  expect(tame('a\nb\tc')).toBe('a\nb\tc');
  expect(oneLine(HOSTILE)).toMatch(/^red.*next back.*end$/);
  expect(oneLine('Zürich 🦆 – ok')).toBe('Zürich 🦆 – ok');
});

test('a line has an end', () => {
  expect(oneLine('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
  expect(oneLine('x'.repeat(300))).toBe('x'.repeat(300));
});

test('JSON says the same and steers nothing', () => {
  const value = { [HOSTILE]: [HOSTILE, 1, null] };
  const text = printJson(value);
  expect(text).not.toMatch(STEERS);
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(text)).toEqual(value);
});
