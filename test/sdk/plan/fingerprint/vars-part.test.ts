import { expect, test } from 'vitest';
import { varsPart } from '../../../../sdk/plan/fingerprint/vars-part.ts';

const vars = (...texts: string[]) =>
  varsPart({ args: ['build', ...texts.flatMap((text) => ['--vars', text])], engine: 'core' });

test.each([
  ['{}', undefined],
  ['{a: x, b: y}', '{b: y, a: x}'],
  ['{a: x}', '{"a": "x"}'],
  ['{a: x}', 'a: x'],
  ['{a: x}', "'a': 'x'   # a comment"],
  ['{a: {b: 1, c: [x, "y"]}}', '{"a": {"c": ["x", "y"], "b": 1}}'],
  ['{a: 1}', '{ "a" : 1 }'],
])('%s is %s', (one, other) => {
  expect(vars(one)).toEqual(other === undefined ? vars() : vars(other));
});

test.each([
  ['{a: x}', '{a: y}'],
  ['{a: x}', '{b: x}'],
  ['{a: x}', '{a: x, b: y}'],
  ['{a: 1}', '{a: "1"}'],
  ['{a: 1}', '{a: 1.0}'],
  ['{a: 1000}', '{a: 1e3}'],
  ['{a: 12345678901234567890}', '{a: 12345678901234567891}'],
  ['{a: 8}', '{a: 010}'],
  ['{a: 90}', '{a: 1:30}'],
  ['{a: true}', '{a: "true"}'],
  ['{a: yes}', '{a: "yes"}'],
  ['{a: y}', '{a: true}'],
  ['{a: null}', '{a: "null"}'],
  ['{a: ~}', '{a: "~"}'],
  ['{a: 2025-01-01}', '{a: "2025-01-01"}'],
  ['{a: [x, y]}', '{a: [y, x]}'],
  ['{a: [x]}', '{a: x}'],
  ['{a: {b: x}}', '{a: {b: {c: x}}}'],
  ['{a: {text: x}}', '{a: x}'],
  ['{a: !!str 1}', '{a: 1}'],
  ['{a: {1: x}}', '{a: {"1": x}}'],
  ['{a: 1, a: 2}', '{a: 2}'],
  ['not: [valid', 'not: [valid at all'],
  ['just text', 'other text'],
  ['{a: x}', ''],
])('%s is not %s', (one, other) => {
  expect(vars(one)).not.toEqual(vars(other));
});

test('what cannot be read counts as a whole', () => {
  expect(vars('{a: [}')).toEqual({ kind: 'known', items: { 'the whole text': '["{a: [}"]' } });
  expect(vars('{a: &x 1, b: *x}')).toMatchObject({ items: { 'the whole text': expect.any(String) } });
  expect(vars('{a: 1}', '{b: 2}')).not.toEqual(vars('{b: 2}'));
});

test('a variable of any name', () => {
  for (const name of ['__proto__', 'constructor', 'the whole text']) {
    expect(vars(`{${name}: x}`)).not.toEqual(vars(`{${name}: y}`));
    expect(vars(`{${name}: x}`)).not.toEqual(vars());
  }
});
