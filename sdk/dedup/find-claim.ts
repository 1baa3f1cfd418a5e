import { DbtRunCacheError } from '../errors.ts';
import { CLAIMS, claimName } from './names.ts';
import type { DedupStore, ReadAnswer } from './store.ts';

/** The beginning of a digest. */
const PREFIX = /^[0-9a-f]{6,64}$/;
const NAMED = 5;

/** The claim that is meant, and what stands there. */
export interface FoundClaim {
  readonly name: string;
  readonly read: ReadAnswer;
}

/**
 * Finds the claim of a key: its digest, or the beginning of it (6 digits or more), or the key as it was given.
 * @throws DbtRunCacheError `ledger-key-not-found`, `ledger-key-ambiguous`, `dedup-unavailable`.
 */
export async function findClaim(store: DedupStore, key: string): Promise<FoundClaim> {
  const names = new Set<string>();
  const given = claimName(key);
  const readGiven = await answered(store, given);
  if (readGiven.kind !== 'absent') names.add(given);
  if (PREFIX.test(key)) for await (const name of store.list(CLAIMS + key)) names.add(name);
  const [name, ...others] = names;
  if (name === undefined) throw notFound(key);
  if (others.length > 0) throw ambiguous(key, [...names]);
  const read = name === given ? readGiven : await answered(store, name);
  if (read.kind === 'absent') throw notFound(key);
  return { name, read };
}

/** What cannot be read is there, as a list shows; of what no list shows, nothing is known. */
async function answered(store: DedupStore, name: string): Promise<ReadAnswer> {
  const read = await store.read(name);
  if (read.kind !== 'unknown') return read;
  for await (const listed of store.list(name)) if (listed === name) return read;
  return { kind: 'absent' };
}

function notFound(key: string): DbtRunCacheError {
  return new DbtRunCacheError(`The ledger holds nothing under ${JSON.stringify(key)}`, {
    code: 'ledger-key-not-found',
    hint: 'Name it by its digest, 6 digits or more of it, as a list of the ledger shows it, or by the key as it was given.',
  });
}

function ambiguous(key: string, names: readonly string[]): DbtRunCacheError {
  const digests = names.map((name) => name.slice(CLAIMS.length)).sort();
  const more = digests.length > NAMED ? ` and ${digests.length - NAMED} more` : '';
  return new DbtRunCacheError(
    `${JSON.stringify(key)} may mean any of ${digests.length} keys of the ledger: ${digests.slice(0, NAMED).join(', ')}${more}`,
    { code: 'ledger-key-ambiguous', hint: 'Give more digits of the one that is meant.' },
  );
}
