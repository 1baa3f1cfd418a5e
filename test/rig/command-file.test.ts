import { expect, test } from 'vitest';
import { parseCommandFile } from '../support/runner/command-file.ts';

const parse = (text: string) => Object.fromEntries(parseCommandFile(text));

test('single lines, the later one wins, a value may hold = and <<', () => {
  expect(parse('a=1\nb=x=y\na=2\n\nc=1<<2\nd=\n')).toEqual({ a: '2', b: 'x=y', c: '1<<2', d: '' });
});

test('several lines up to the delimiter, whatever they look like', () => {
  const text = 'first<<EOF_1\none\nname=value\nother<<EOF_1x\n\nEOF_1\nafter=yes\nempty<<E\nE\n';
  expect(parse(text)).toEqual({ first: 'one\nname=value\nother<<EOF_1x\n', after: 'yes', empty: '' });
});

test('an = after << belongs to the delimiter', () => {
  expect(parse('a<<X=Y\n1\nX=Y\n')).toEqual({ a: '1' });
});

test('Windows line ends', () => {
  expect(parse('a=1\r\nb<<E\r\nx\r\ny\r\nE\r\n')).toEqual({ a: '1', b: 'x\ny' });
});

test.each([
  ['a line that is nothing', 'nonsense', "Invalid format 'nonsense'"],
  ['no name', '=1', 'Name must not be empty'],
  ['no name before a delimiter', '<<E\nE', 'Name must not be empty'],
  ['no delimiter', 'a<<\n', 'Delimiter must not be empty'],
  ['a delimiter that never comes', 'a<<EOF\nx\nEOF2', "delimiter not found 'EOF'"],
])('refuses %s', (_, text, message) => {
  expect(() => parse(text)).toThrow(message);
});
