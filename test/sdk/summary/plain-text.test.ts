import { describe, expect, test } from 'vitest';
import { cut, cutLines, plainLine, plainText, quietCommands } from '../../../sdk/summary/plain-text.ts';

describe('plainText', () => {
  test.each([
    ['colour', '\u001b[31mred\u001b[0m', 'red'],
    ['8-bit colour', '\u009b31mred', 'red'],
    ['a terminal title', '\u001b]0;title\u0007text', 'text'],
    ['a terminal link', '\u001b]8;;http://evil\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['cursor movement', 'a\u001b[2J\u001b[Hb', 'ab'],
    ['a lone escape', 'a\u001b', 'a'],
    ['an unfinished title loses its line, not the next', '\u001b]0;title\nnext', '\nnext'],
    ['Windows line breaks', 'a\r\nb\rc', 'a\nb\nc'],
    ['rare line breaks', 'a\u2028b\u2029c\u0085d\u000be\u000cf', 'a\nb\nc\nd\ne\nf'],
    ['NUL and bell', 'a\u0000b\u0007', 'a\u2400b\u2407'],
    ['delete', 'a\u007f', 'a\u2421'],
    ['tab', 'a\tb', 'a    b'],
    ['direction override', '\u202Egnp.exe', '[U+202E]gnp.exe'],
    ['isolates and marks', '\u2066a\u200F', '[U+2066]a[U+200F]'],
    ['zero-width', 'or\u200Bders\uFEFF', 'or[U+200B]ders[U+FEFF]'],
    ['tag characters', 'a\u{E0041}', 'a[U+E0041]'],
    ['half a pair', 'a\uD83Db\uDE00', 'a\uFFFDb\uFFFD'],
    ['not a character', 'a\uFFFE', 'a[U+FFFE]'],
    ['emoji', '🚀 👍🏽 ❤️', '🚀 👍🏽 ❤️'],
    ['joined emoji', '👩‍💻 🏳️‍🌈', '👩‍💻 🏳️‍🌈'],
    ['a joiner that joins nothing', 'a\u200Db', 'a[U+200D]b'],
    ['letters of the world', 'größe 表 таблица', 'größe 表 таблица'],
  ])('%s', (_, raw, shown) => {
    expect(plainText(raw)).toBe(shown);
  });
});

test('a line is one line', () => {
  expect(plainLine('  a\r\n\n b\t c ')).toBe('a b c');
});

describe('quietCommands', () => {
  test.each([
    ['::error::x', ': :error::x'],
    ['  ::error::x', '  : :error::x'],
    ['\u00a0::error::x', '\u00a0: :error::x'],
    [':::', ': ::'],
    ['a::b', 'a::b'],
    ['a ##[error]b', 'a # #[error]b'],
  ])('%j', (line, quiet) => {
    expect(quietCommands(line)).toBe(quiet);
  });
});

describe('cutting', () => {
  test('says the length', () => {
    expect(cut('abcdef', 6)).toBe('abcdef');
    expect(cut('a'.repeat(1500), 3)).toBe('aaa… (1,500 characters)');
  });

  test('never halves a pair', () => {
    expect(cut('ab😀c', 3)).toBe('ab… (5 characters)');
    expect(cut('ab😀c', 4)).toBe('ab😀… (5 characters)');
  });

  test('lines, with what is left said on a line of its own', () => {
    expect(cutLines('a\nb\nc', 100, 3)).toBe('a\nb\nc');
    expect(cutLines('a\nb\nc', 100, 2)).toBe('a\nb\n… (2 more characters)');
    expect(cutLines('abcdef', 4, 9)).toBe('abcd\n… (2 more characters)');
    expect(cutLines('abc', 9, 9, 1003)).toBe('abc\n… (1,000 more characters)');
  });
});

test('hostile lengths are no trouble', () => {
  const start = performance.now();
  plainText('\u001b]'.repeat(200_000));
  plainText('\u001b['.repeat(200_000));
  plainText(`\u001b]${'x'.repeat(1_000_000)}`);
  plainLine(' \u00a0'.repeat(300_000));
  plainText('👩\u200D'.repeat(200_000));
  expect(performance.now() - start).toBeLessThan(5000);
});
