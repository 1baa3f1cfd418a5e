import * as z from 'zod';
import { jsonOf } from '../util/json-of.ts';
import { atMost } from '../util/waiting.ts';
import { answeringStore } from './answering-store.ts';
import { type Claim, outsideClaimOf, ownedClaim } from './claim.ts';
import { holdLease } from './hold-lease.ts';
import { resumeLease } from './lease.ts';
import { CLAIMS } from './names.ts';
import { type DedupPolicy, defaultPolicy } from './policy.ts';
import type { KeyPart } from './record.ts';
import type { DedupStore } from './store.ts';
import { type NotedPlaces, registerOf } from './write-register.ts';

const ABANDON_MS = 30_000;
/** The clocks of two hosts may differ by this much: what was noted before the claim then counts as after it. */
const CLOCKS_MS = 5 * 60_000;

/**
 * Names a claim for who has to end it in its owner's place: another process, or another job. Plain data without secrets;
 * whoever has it and may write to the ledger can end the claim.
 */
export interface ClaimHandle {
  readonly schemaVersion: 1;
  /** The key's, hex; absent for a run outside of the ledger, which only noted where it writes. */
  readonly digest?: string;
  readonly token: string;
  /** ISO 8601, by the owner's clock. */
  readonly claimedAt: string;
  /** Milliseconds that a record, and what is noted of places, is kept. */
  readonly retentionMs: number;
  /** Digests of the places it writes to, as far as they are known before dbt starts. */
  readonly writes: readonly string[];
  /** Digests of those it only reads, each with who had written there last; null where that could not be told. */
  readonly reads: Readonly<Record<string, string | null>>;
  /** Where it was claimed in GitHub Actions by `claimRun()`: the claim is for that attempt of the workflow run alone. */
  readonly workflowRun?: { readonly id: string; readonly attempt: number };
}

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
const Handle = z.object({
  schemaVersion: z.literal(1),
  digest: Digest.exactOptional(),
  token: z.string().min(1).max(100),
  claimedAt: z.iso.datetime(),
  retentionMs: z.number().positive(),
  writes: z.array(Digest).max(1000),
  reads: z.record(Digest, z.string().max(100).nullable()),
  workflowRun: z.object({ id: z.string().regex(/^\d{1,20}$/), attempt: z.int().min(1) }).exactOptional(),
});

/** Undefined for what is no handle of this version. */
export function parseClaimHandle(text: string): ClaimHandle | undefined {
  return Handle.safeParse(jsonOf(text)).data;
}

export type ResumedClaim =
  | { readonly kind: 'resumed'; readonly claim: Claim }
  /** It was ended, or another has taken the key over. */
  | { readonly kind: 'over' }
  | { readonly kind: 'unknown'; readonly why: string };

/** Takes up a claim of a process that cannot end it. */
export async function resumeClaim(
  store: DedupStore,
  handle: ClaimHandle,
  { policy, key }: { readonly policy: DedupPolicy; readonly key: Parameters<typeof ownedClaim>[0]['key'] },
): Promise<ResumedClaim> {
  const sinceMs = Math.max(0, Date.now() - Date.parse(handle.claimedAt)) + CLOCKS_MS;
  const noted: NotedPlaces = {
    writes: handle.writes,
    reads: new Map(Object.entries(handle.reads).map(([place, last]) => [place, last ?? undefined])),
    beganMs: performance.now() - sinceMs,
  };
  const register = registerOf({ store, policy }, handle.token, noted);
  if (handle.digest === undefined) return { kind: 'resumed', claim: outsideClaimOf(handle.token, register) };
  const found = await resumeLease(store, CLAIMS + handle.digest, handle.token, {
    leaseMs: policy.leaseMs,
    retainMs: policy.retentionMs,
  });
  if (found.kind !== 'resumed') return found;
  const { lease } = found;
  const held = holdLease(lease, store.guarantees.renews ? policy.heartbeatMs : undefined);
  return {
    kind: 'resumed',
    claim: ownedClaim({ policy, key, held, register, adopted: found.adoptedFrom !== undefined }),
  };
}

const NO_KEY: { readonly kind: 'given'; readonly parts: readonly KeyPart[] } = { kind: 'given', parts: [] };

/**
 * Ends the claim of a run that was killed: frees its key, and notes that what it wrote may be half-done. See that its dbt
 * is gone before: another run may start at once.
 * @param handle Of the run's event `claiming`.
 * @param options.limitMs Longest time for all of it, in milliseconds. Default 30 s.
 * @returns `not-held`: there is nothing to end. `unknown`: the store did not say.
 */
export async function abandonClaim(
  store: DedupStore,
  handle: ClaimHandle,
  { limitMs = ABANDON_MS }: { readonly limitMs?: number } = {},
): Promise<'freed' | 'not-held' | 'unknown'> {
  const asked = answeringStore(store, { leavesOpen: true });
  const policy = { ...defaultPolicy(store.guarantees.renews), retentionMs: handle.retentionMs };
  const work = async (): Promise<'freed' | 'not-held' | 'unknown'> => {
    const found = await resumeClaim(asked, handle, { policy, key: NO_KEY });
    if (found.kind === 'unknown') return 'unknown';
    if (found.kind === 'over') return 'not-held';
    const answer = await found.claim.abandon();
    if (answer === 'lost') return 'not-held';
    return answer === 'done' ? 'freed' : 'unknown';
  };
  try {
    return await atMost(limitMs, work(), 'unknown' as const);
  } finally {
    // What still waits for the store is let go.
    await asked.close();
  }
}
