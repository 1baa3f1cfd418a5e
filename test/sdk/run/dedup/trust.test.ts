import { expect, test } from 'vitest';
import { distrustOf, type Trust } from '../../../../sdk/run/dedup/trust.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { ledgerRecord } from '../../../support/ledger-record.ts';

const PROFILE = { profileName: 'shop', profilesDir: '/repo', path: '/repo/profiles.yml', secrets: [] };
const REMOTE = { ...PROFILE, isLocalWarehouse: false };
const SETTING =
  '`durable-target: true` (the input of the Action, or in dbt-runcache.yml), or --durable-target.';

/** A run against a warehouse that is far away, with a ledger that this process alone sees. */
function distrust(given: Partial<Trust>): Promise<string | undefined> {
  const trust: Trust = {
    keyKind: 'derived',
    durableTarget: false,
    profile: REMOTE,
    needsProfile: true,
    targetFiles: { kind: 'none' },
    store: memoryStore(),
    ...given,
  };
  return distrustOf(trust, ledgerRecord());
}

test.each<[Partial<Trust>, RegExp]>([
  [{ targetFiles: { kind: 'unknown' } }, /^Only dbt can tell where the database lies\. /],
  [{ profile: { ...PROFILE, isLocalWarehouse: true } }, /^The warehouse is on this machine /],
  [{ profile: PROFILE }, /^It cannot be told whether the warehouse is on this machine/],
  [{ profile: undefined }, /^It cannot be told whether the warehouse is on this machine/],
  [{}, /^Others may have written .* the memory ledger is seen by this process alone\. /],
])('%j is not trusted, and where to say otherwise is told', async (given, why) => {
  const said = await distrust(given);
  expect(said).toMatch(why);
  expect(said?.endsWith(SETTING)).toBe(true);
  expect(await distrust({ ...given, durableTarget: true })).toBeUndefined();
});

test('a database in memory has no way out, and a command without a target needs none', async () => {
  expect(await distrust({ targetFiles: { kind: 'memory' } })).toBe(
    'The database is in memory and ends with its run.',
  );
  expect(await distrust({ needsProfile: false })).toBeUndefined();
  expect(await distrust({ keyKind: 'given' })).toBeUndefined();
});
