import { describe, expect, test } from 'vitest';
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
])('%s is %s', async (one, other) => {
  expect(await vars(one)).toEqual(await (other === undefined ? vars() : vars(other)));
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
])('%s is not %s', async (one, other) => {
  expect(await vars(one)).not.toEqual(await vars(other));
});

test('what cannot be read counts as a whole', async () => {
  expect(await vars('{a: [}')).toEqual({ kind: 'known', items: { 'the whole text': '["{a: [}"]' } });
  expect(await vars('{a: &x 1, b: *x}')).toMatchObject({ items: { 'the whole text': expect.any(String) } });
  expect(await vars('{a: 1}', '{b: 2}')).not.toEqual(await vars('{b: 2}'));
});

test('a variable of any name', async () => {
  for (const name of ['__proto__', 'constructor', 'the whole text']) {
    expect(await vars(`{${name}: x}`)).not.toEqual(await vars(`{${name}: y}`));
    expect(await vars(`{${name}: x}`)).not.toEqual(await vars());
  }
});

describe('a secret', () => {
  test.each([
    (secret: string) => `{db_password: ${secret}}`,
    (secret: string) => `{a: {dbPassword: ${secret}}}`,
    (secret: string) => `{a: [{api-key: ${secret}}]}`,
    (secret: string) => `{secrets: {prod: ${secret}}}`,
    (secret: string) => `{tokens: [x, ${secret}]}`,
    // Not read here: as a whole.
    (secret: string) => `{a: &x 1, password: ${secret}}`,
  ])('counts by a slow hash (%#)', async (text) => {
    const [one, again, other] = await Promise.all([
      vars(text('hunter2-one')),
      vars(text('hunter2-one')),
      vars(text('hunter2-two')),
    ]);
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    expect(JSON.stringify(one)).not.toContain('hunter2');
    expect(JSON.stringify(one)).toMatch(/[0-9a-f]{32}/);
  });

  test('leaves what is beside it as it is', async () => {
    const part = await vars('{day: x, a: {password: hunter2-one, b: y}}');
    expect(part).toMatchObject({ items: { day: '{"text":"x"}', a: expect.stringContaining('"y"') } });
  });

  test('is one under one name alone', async () => {
    const hashOf = async (text: string) => /[0-9a-f]{32}/.exec(JSON.stringify(await vars(text)))?.[0];
    expect(await hashOf('{db_password: x}')).not.toBe(await hashOf('{api_token: x}'));
  });
});
