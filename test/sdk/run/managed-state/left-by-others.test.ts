import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileStore } from '../../../../sdk/stores/file.ts';
import { listed } from '../../../servers/opened.ts';
import type { Step } from '../../../support/fake-dbt/fake-dbt.ts';
import { FAILS, ORDERS, production } from '../../../support/production.ts';

test('what a failed run built of other code is built again', async () => {
  const { checkout, build } = await production();
  await build([ORDERS]);
  await checkout.commit({ 'models/orders.sql': 'select 2' });
  await build([ORDERS, FAILS]);

  // The same code: what it built is compared.
  const again = await build([ORDERS, FAILS]);
  expect(again.slim?.selectors).toEqual(['state:modified+', 'result:error+']);
  // The edit is taken back, so that no comparison names it.
  await checkout.commit({ 'models/orders.sql': 'select 1' });
  const pull = await build([], { publish: 'never' });
  expect(pull.slim?.selectors).toEqual(['state:modified+', 'result:error+']);
  const mended = await build([ORDERS, { ...FAILS, status: 'success' }]);
  expect(mended.slim?.selectors).toEqual(['state:modified+', 'result:error+', 'result:success+']);
  expect(mended.slim?.selection?.retried).toContain('model.shop.orders');
  const next = await build([]);
  expect(next.slim?.selectors).toEqual(['state:modified+']);
});

test('where another commit was built since, as before a branch was set back, everything is built', async () => {
  const { checkout, first, build } = await production();
  await build([ORDERS]);
  const second = await checkout.commit({ 'models/orders.sql': 'select 2' });
  await build([ORDERS]);
  checkout.git('reset', '-q', '--hard', first);

  const pull = await build([], { publish: 'never' });
  expect(pull.comparison).toMatchObject({ kind: 'found', commit: first });
  const back = await build([ORDERS]);
  expect(back.comparison).toMatchObject({
    ...{ kind: 'missing', because: 'none-fits' },
    why: expect.stringContaining(`was built from commit ${second.slice(0, 7)} after ${first.slice(0, 7)}`),
  });
  const next = await build([]);
  expect(next.comparison).toMatchObject({ kind: 'found', commit: first });
});

test('after a run of other code that was stopped everything is built once: nobody knows what it has built', async () => {
  const { checkout, build } = await production();
  await build([ORDERS]);
  const second = await checkout.commit({ 'models/orders.sql': 'select 2' });
  const stopped = await build([ORDERS], {}, 'hangs');
  expect(stopped.failure?.code).toBe('timed-out');
  expect(stopped.published).toEqual({ kind: 'not-published', because: 'failed', why: 'timed-out' });

  // The same code: what it has built is compared.
  const again = await build([ORDERS], { publish: 'never' });
  expect(again.comparison).toMatchObject({ kind: 'found' });
  // The edit is taken back, so that no comparison names it.
  await checkout.commit({ 'models/orders.sql': 'select 1' });
  const pull = await build([], { publish: 'never' });
  expect(pull.comparison).toMatchObject({ kind: 'found' });
  const mended = await build([ORDERS]);
  expect(mended.comparison).toMatchObject({
    ...{ kind: 'missing', because: 'none-fits' },
    why: expect.stringContaining(`a run of commit ${second.slice(0, 7)} began to build the environment`),
  });
  expect(mended.published).toMatchObject({ kind: 'published' });
  const next = await build([]);
  expect(next.comparison).toMatchObject({ kind: 'found' });
});

test('a slim build of the same code makes up for a run that was stopped', async () => {
  const { checkout, build } = await production();
  await build([ORDERS]);
  await checkout.commit({ 'models/orders.sql': 'select 2' });
  await build([ORDERS], {}, 'hangs');
  const slim = await build([ORDERS]);
  expect(slim.slim?.selectors).toEqual(['state:modified+']);
  for (const edit of ['select 1', 'select 3']) {
    await checkout.commit({ 'models/orders.sql': edit });
    expect((await build([ORDERS])).comparison).toMatchObject({ kind: 'found' });
  }
});

test('that its own selection finds nothing is no warning of a slim build; that the caller’s does is one', async () => {
  const { build } = await production();
  await build([ORDERS]);
  const warning = (criterion: string): Step => ({
    event: {
      name: 'NoNodesForSelectionCriteria',
      level: 'warn',
      msg: `The selection criterion '${criterion}' does not match any enabled nodes`,
    },
  });
  const { notices } = await build([], {}, [warning('state:modified+'), warning('tag:gone')]);
  const said = notices.map(({ message }) => message).filter((message) => message.includes('criterion'));
  expect(said).toEqual([expect.stringContaining("'tag:gone'")]);
});

test('a dbt that could not begin has built nothing, and leaves no doubt', async () => {
  const { checkout, build } = await production();
  await build([ORDERS]);
  await checkout.commit({ 'models/orders.sql': 'select 2' });
  expect((await build([], {}, 'cannot begin')).failure?.code).toBe('dbt-failed');
  await checkout.commit({ 'models/orders.sql': 'select 1' });
  expect((await build([])).comparison).toMatchObject({ kind: 'found' });
});

test('a run that publishes nothing leaves nothing in the store, also where dbt could not begin', async () => {
  const { build, root } = await production();
  expect((await build([], { publish: 'auto' }, 'cannot begin')).failure?.code).toBe('dbt-failed');
  const store = fileStore({ dir: join(root, 'states') });
  expect(await listed(store)).toEqual([]);
  await build([ORDERS]);
  expect(await listed(store, 'states/')).toHaveLength(1);
});
