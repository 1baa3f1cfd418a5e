import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { looksLikeSecret } from '../../../sdk/dedup/look-like-secret.ts';

/** Put together here, so that nobody finds a token in this file. */
const of = (...words: readonly string[]): string => words.join('');
const long = (count: number): string => 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7'.repeat(4).slice(0, count);
const upper = (count: number): string => long(count).toUpperCase();

test.each([
  ['GitHub', of('ghp', '_', long(36))],
  ['GitHub OAuth', of('gho', '_', long(36))],
  ['GitHub Actions', of('ghs', '_', long(36))],
  ['GitHub, fine-grained', of('github', '_pat_', long(22), '_', long(59))],
  ['GitLab', of('glpat', '-', long(20))],
  ['Slack', of('xoxb', '-123456789012-123456789012-', long(24))],
  ['Slack user', of('xoxp', '-123456789012-', long(24))],
  ['AWS', of('AKIA', upper(16))],
  ['AWS, for a session', of('ASIA', upper(16))],
  ['Google', of('AIza', long(35))],
  ['OpenAI', of('sk', '-', long(48))],
  ['OpenAI project', of('sk', '-proj-', long(80))],
  ['Anthropic', of('sk', '-ant-api03-', long(80))],
  ['Stripe', of('sk', '_live_', long(24))],
  ['dbt', of('dbtc', '_', long(40))],
  ['dbt user', of('dbtu', '_', long(40))],
  ['dbt service', of('dbts', '_', long(40))],
  ['Databricks', of('dapi', '0123456789abcdef'.repeat(2))],
  ['JWT', of('eyJhbGciOiJIUzI1NiJ9', '.', 'eyJzdWIiOiIxMjM0In0', '.', long(43))],
  ['a private key', of('-----BEGIN RSA ', 'PRIVATE KEY-----')],
  ['a private key without a kind', of('-----BEGIN ', 'PRIVATE KEY-----')],
  ['a URL', of('postgresql://dbt', ':', 'hunter2', '@db.example/shop')],
  ['a URL without a user', of('redis://', ':', 'hunter2', '@cache.example')],
])('%s', (_what, token) => {
  for (const key of [token, `nightly-${token}`, `nightly:${token}:prod`, ` ${token}\n`]) {
    expect(looksLikeSecret(key, []), key).toBe(true);
  }
});

test('the value of a secret', () => {
  const secrets = ['', ' ', 'dev', 'hunter22\n'];
  expect(looksLikeSecret('nightly-hunter22', secrets)).toBe(true);
  expect(looksLikeSecret('hunter22', secrets)).toBe(true);
  expect(looksLikeSecret('hunter2', secrets)).toBe(false);
  expect(looksLikeSecret('nightly-dev', secrets)).toBe(false);
});

test.each([
  randomUUID(),
  randomUUID().toUpperCase(),
  '9fceb02d0ae598e95dc970b74767f19372d61af8',
  '9fceb02d0ae598e95dc970b74767f19372d61af8ba2fbb1cb4f1f1f0a3a0c3d5',
  'sha256:9fceb02d0ae598e95dc970b74767f19372d61af8ba2fbb1cb4f1f1f0a3a0c3d5',
  '9fceb02',
  '2026-11-21T10:00:00Z',
  '1795255200000',
  'nightly-2026-11-21',
  'refs/heads/feature/orders',
  'refs/pull/42/merge',
  'acme/shop@v1.2.3',
  'task-nightly-refresh-of-everything-2026-11-21',
  'risk-9fceb02d0ae598e95dc970b74767f19372d61af8',
  'sk-nightly-2026-11-21',
  'dbt_project_nightly_full_refresh',
  'desk_9fceb02d0ae598e95dc970b74767f19372d61af8',
  'scheduled__2026-11-21T00:00:00+00:00',
  'arn:aws:events:eu-central-1:123456789012:rule/nightly',
  'https://ci.example/acme/shop/actions/runs/123/attempts/1',
  'https://ci.example:8443/a@b',
  'mailto:someone@example.com',
  'AKIATEST',
  'eyJhbGciOiJIUzI1NiJ9',
  '01JD8ZQ6V7W0X1Y2Z3A4B5C6D7',
  'projects/p/topics/t:1234567890123456',
  'gid://acme/Delivery/72d3162e-cc78-11e3-81ab-4c9367dc0958',
  '',
])('%j is no secret', (key) => {
  expect(looksLikeSecret(key, [])).toBe(false);
});

test('takes no time over a long key', () => {
  const started = performance.now();
  for (const piece of ['a', 'sk-', 'eyJ.', 'eyJa', '://:', 'a:', 'sk-a-', '-----BEGIN ', 'a+.']) {
    looksLikeSecret(piece.repeat(20_000), []);
  }
  expect(performance.now() - started).toBeLessThan(2000);
});
