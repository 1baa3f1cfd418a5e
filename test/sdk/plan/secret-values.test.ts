import { expect, test } from 'vitest';
import { withoutSecretValues } from '../../../sdk/plan/secret-values.ts';

test.each([
  ['{"api_token": "a b", "day": "2026-01-01"}', '{"api_token": ***, "day": "2026-01-01"}'],
  ["{db_password: it's, n: 1}", '{db_password: ***, n: 1}'],
  ["{'client_secret': 'x'}", "{'client_secret': ***}"],
  ['--vars={password: "q\\"uoted", x: 2}', '--vars={password: ***, x: 2}'],
  ['{"private_key": "-----BEGIN", "port": 5}', '{"private_key": ***, "port": 5}'],
  ['orders+', 'orders+'],
  ['{tokens_per_day: 5}', '{tokens_per_day: ***}'],
])('%s', (argument, shown) => {
  expect(withoutSecretValues(argument)).toBe(shown);
});
