import { expect, test } from 'vitest';
import { DedupSchema, resolveDedup } from '../../sdk/dedup-settings.ts';
import { memoryStore } from '../../sdk/stores/memory.ts';

const policyOf = (dedup: object) => {
  const settings = resolveDedup(DedupSchema.parse({ store: 'memory:', ...dedup }), {
    args: ['build'],
    env: {},
  });
  return settings.policyFor(memoryStore());
};

test.each([
  ['shorter than a second', { lease: 999 }, /^options\.dedup\.lease: 999 ms is too short/],
  [
    'as long as the lease',
    { lease: 5000, heartbeat: 5000 },
    /heartbeat: 5000 ms is not shorter than the lease$/,
  ],
  [
    'as long as the default lease',
    { heartbeat: 120_000 },
    /heartbeat: 120000 ms is not shorter than the lease, which is 2 minutes by default$/,
  ],
])('a lease or sign of life %s is refused', (_, dedup, message) => {
  for (const store of ['memory:', memoryStore()])
    expect(() => policyOf({ ...dedup, store })).toThrow(
      expect.objectContaining({ code: 'invalid-options', message: expect.stringMatching(message) }),
    );
});

test('a lease of a second, and signs of life within the default lease, are taken', () => {
  expect(policyOf({ lease: 1000 })).toMatchObject({ leaseMs: 1000, heartbeatMs: 250 });
  expect(policyOf({ heartbeat: 119_999 })).toMatchObject({ leaseMs: 120_000, heartbeatMs: 119_999 });
});

test('where a store cannot renew, the lease in force is a day', () => {
  const store = { ...memoryStore(), guarantees: { scope: 'everyone', renews: false, durable: true } };
  expect(() => policyOf({ store, heartbeat: 23 * 3_600_000 })).not.toThrow();
});
