import { createHash } from 'node:crypto';

/** A key becomes part of a name by its digest: it may hold anything, and be long. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export const CLAIMS = 'claims/';

/** The entry that holds the claim on a key, and its record when it has finished. */
export function claimName(key: string): string {
  return CLAIMS + digestOf(key);
}

/** What records call a place in a warehouse. */
export function placeDigest(place: string): string {
  return digestOf(place);
}

/** The entry that says which run was the last at a place in a warehouse, by its digest. */
export function targetName(digest: string): string {
  return `targets/${digest}`;
}

/** The entry of a mutex. */
export function leaseName(name: string): string {
  return `leases/${digestOf(name)}`;
}

/** The entry that lists the last finished runs of a scope. */
export function recentName(scope: string): string {
  return `recent/${digestOf(scope)}`;
}

/** The entry that says when the ledger was last swept. */
export const LAST_SWEEP = 'sweeps/last';
