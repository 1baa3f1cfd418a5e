import { expect, test } from 'vitest';
import { saveItems } from '../../../../sdk/dedup/bundle.ts';
import { deriveKey, type KeyInputs } from '../../../../sdk/dedup/key.ts';
import { mismatch } from '../../../../sdk/run/dedup/because.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { ledgerRecord, PRODUCER } from '../../../support/ledger-record.ts';

const known = (items: Readonly<Record<string, string>>) => ({ kind: 'known', items }) as const;

/** What the error says of a run with `now` under a key that stands for `then`. */
async function said(now: KeyInputs, then: KeyInputs): Promise<string> {
  const store = memoryStore();
  const { parts } = deriveKey(then);
  const saved = await saveItems(store, parts, 60_000);
  if (saved.kind !== 'saved') throw new Error(saved.kind);
  const record = ledgerRecord({ parts, items: saved.items });
  const key = { kind: 'given', text: 'nightly', parts: deriveKey(now).parts } as const;
  const error = await mismatch(store, key, record);
  expect(error.code).toBe('dedup-mismatch');
  const [run, differing = ''] = error.message.split(`(${PRODUCER.url}). `);
  expect(run).toContain(`by the run of ${PRODUCER.startedAt}`);
  return differing;
}

test('what differs has its human names', async () => {
  const then = { code: known({ 'models/a.sql': '1' }), vars: known({ start_date: '1' }) };
  const now = { code: known({ 'models/a.sql': '1', 'models/b.sql': '1' }), vars: known({ start_date: '2' }) };
  expect(await said(now, then)).toBe('These differ: models/b.sql (added) and vars.start_date (changed)');
});

test('many are counted', async () => {
  const files = Array.from({ length: 9 }, (_, index) => [`models/m${index}.sql`, '1']);
  const then = { code: known({}), engine: known({ dbt: '1.10' }) };
  const now = { code: known(Object.fromEntries(files)), engine: known({ dbt: '1.11' }) };
  expect(await said(now, then)).toBe(
    'These differ: models/m0.sql (added), the dbt version, models/m1.sql (added) and 7 more',
  );
});

test('where it is not known what differs, nothing is made up', async () => {
  const then = { data: known({ version: '1' }) };
  expect(await said({ data: { kind: 'unknown', why: 'x' } }, then)).toBe('Which inputs differ is not known');
});
