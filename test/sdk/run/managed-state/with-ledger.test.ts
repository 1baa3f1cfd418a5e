import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../../../sdk/options.ts';
import { ORDERS, production } from '../../../support/production.ts';

type Dedup = NonNullable<RunOptions['dedup']>;

/** A pull request that builds with a ledger, beside a production that publishes. */
async function proposed(given: Partial<Dedup> = {}) {
  const { checkout, first, build, root } = await production();
  const dedup: Dedup = {
    store: `file:${join(root, 'ledger')}`,
    data: 'ignore',
    durableTarget: true,
    ...given,
  };
  await build([ORDERS]);
  checkout.git('checkout', '-q', '-b', 'edit');
  const commit = await checkout.commit({ 'models/orders.sql': 'select 2' });
  return {
    first,
    commit,
    propose: () => build([ORDERS], { publish: 'never' }, undefined, { dedup }),
    /** Production is built again, of the same commit, with one node more. */
    republish: async () => {
      checkout.git('checkout', '-q', 'main');
      await build([ORDERS, { name: 'visits', status: 'success' }], { slim: false });
      checkout.git('checkout', '-q', 'edit');
    },
    publishing: () => build([ORDERS], {}, undefined, { dedup }),
  };
}

test('a slim build is replayed while the state is the one it was compared with, and no longer', async () => {
  const { first, propose, republish } = await proposed();
  const built = await propose();
  expect(built).toMatchObject({ outcome: 'executed', comparison: { kind: 'found', commit: first } });
  const again = await propose();
  expect(again).toMatchObject({ outcome: 'replayed', slim: built.slim, comparison: { commit: first } });

  await republish();
  const other = await propose();
  expect(other.outcome).toBe('executed');
  expect(other.dedup).toMatchObject({
    because: { kind: 'no-record', nearest: { differences: [{ part: 'managed-state', item: 'state' }] } },
  });
});

test('a run that publishes is compared with what it has left itself, so that it is no identical run again', async () => {
  const { commit, publishing } = await proposed();
  expect(await publishing()).toMatchObject({ outcome: 'executed', published: { kind: 'published', commit } });
  expect(await publishing()).toMatchObject({ outcome: 'executed', comparison: { commit } });
});

test('under a key of the caller’s own a replay tells what the earlier run was compared with, and publishes nothing', async () => {
  const { first, republish, publishing, commit } = await proposed({ idempotencyKey: 'mine' });
  const built = await publishing();
  expect(built).toMatchObject({ outcome: 'executed', comparison: { commit: first } });
  await republish();
  const again = await publishing();
  expect(again).toMatchObject({ outcome: 'replayed', comparison: built.comparison, slim: built.slim });
  expect(again.published).toBeUndefined();
  expect(built.published).toMatchObject({ commit });
});
