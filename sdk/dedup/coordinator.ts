import { setTimeout as delay } from 'node:timers/promises';
import { DbtRunCacheError } from '../errors.ts';
import { type Claim, outsideClaimOf, ownedClaim } from './claim.ts';
import { holdLease } from './hold-lease.ts';
import { type AcquireAnswer, acquire, type Standing } from './lease.ts';
import { claimName, placeDigest } from './names.ts';
import type { DedupPolicy } from './policy.ts';
import { type KeyPart, type LedgerRecord, type Producer, parseProducer, parseRecord } from './record.ts';
import type { DedupStore } from './store.ts';
import { notUsable, unanswered } from './store-trouble.ts';
import { lastWriter } from './target-writers.ts';
import { type NotedPlaces, openRegister, settledWriter } from './write-register.ts';

const FIRST_POLL_MS = 250;
const SLOWEST_POLL_MS = 5000;

/** What identifies a run. */
export interface RunKey {
  readonly kind: 'given' | 'derived';
  readonly text: string;
  readonly parts: readonly KeyPart[];
}

export interface DedupRequest {
  readonly store: DedupStore;
  readonly key: RunKey;
  readonly policy: DedupPolicy;
  readonly producer: Producer;
  /** Distinguishes this run from every other. */
  readonly token: string;
  /** Names of the places in warehouses that are known before dbt starts; none for a command that has none. */
  readonly targets: readonly string[];
  /** Whether the command writes there, rather than only reading. */
  readonly writes: boolean;
  /** Why what the record's run left may be gone, beyond what the ledger can tell; undefined when it is there. */
  readonly distrust: (record: LedgerRecord) => Promise<string | undefined>;
  /** Gets what the record's run left in the store; why that cannot be had, or undefined when it is there. */
  readonly fetch: (record: LedgerRecord) => Promise<string | undefined>;
  /**
   * Whether the owner of a claim is certainly gone, although its lease has not run out; absent where nobody can tell.
   * Asked each time the claim is looked at.
   */
  readonly isOver?: (owner: Producer) => Promise<boolean>;
  /** Ends the waiting; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Told of the run in flight that is met, before anything is done about it; more than once while it is waited for. */
  readonly onMeet?: (owner: Producer) => void;
  /** Told once, when the waiting for a run in flight begins. */
  readonly onWait: (owner: Producer | undefined) => void;
}

/** Why a run is executed although there is a ledger. */
export type MissReason =
  | { readonly kind: 'no-record' }
  /** The record of an identical run is there, and what it left may not be: someone wrote to the target since. */
  | { readonly kind: 'target-changed'; readonly record: LedgerRecord }
  | { readonly kind: 'distrusted'; readonly record: LedgerRecord; readonly why: string }
  /** The record's files cannot be had. */
  | { readonly kind: 'unusable'; readonly record: LedgerRecord; readonly why: string }
  | { readonly kind: 'failed-before'; readonly record: LedgerRecord }
  | { readonly kind: 'other-inputs'; readonly record: LedgerRecord }
  | { readonly kind: 'in-flight'; readonly owner: Producer | undefined }
  | { readonly kind: 'unavailable'; readonly why: string }
  /** There is no result to take, `instead` says more of that, and this run may not leave one. */
  | { readonly kind: 'read-only'; readonly why: string; readonly instead?: MissReason };

/** A record without what the claim itself knows. */
export type FinishedRun = Omit<LedgerRecord, 'token' | 'keyKind' | 'parts' | 'writers'>;

/** Places in warehouses that the finished run has shown, beside those known before. */
export interface Places {
  readonly wrote: readonly string[];
  readonly read: readonly string[];
}

/**
 * `lost`: another run had taken the key over, and nothing was changed. `not-kept`: another run wrote meanwhile to a
 * place that this one read, so its result stands for nothing.
 */
export type FinishAnswer = 'done' | 'not-kept' | 'lost' | 'unknown';

export type DedupAnswer =
  | {
      readonly kind: 'proceed';
      readonly claim: Claim;
      readonly because: MissReason;
      /** Undefined where the store could not be told. */
      readonly noted: NotedPlaces | undefined;
    }
  | { readonly kind: 'replay'; readonly record: LedgerRecord; readonly waited: boolean }
  | { readonly kind: 'skip'; readonly owner: Producer | undefined }
  /** A given key was used with other inputs, and the policy takes that for a mistake. */
  | { readonly kind: 'mismatch'; readonly record: LedgerRecord };

/**
 * Decides whether a run needs to run: takes the claim on its key, or finds what an identical run left, or waits for
 * one that is at it.
 * @throws DbtRunCacheError `dedup-in-flight`, `dedup-unavailable`, as the policy asks.
 */
export async function coordinate(request: DedupRequest): Promise<DedupAnswer> {
  const until = performance.now() + request.policy.waitMs;
  let supersede: string | undefined;
  let because: MissReason = { kind: 'no-record' };
  let waited = false;
  for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 2, SLOWEST_POLL_MS)) {
    request.signal.throwIfAborted();
    const answer = await acquire(request.store, claimName(request.key.text), {
      leaseMs: request.policy.leaseMs,
      retainMs: request.policy.retentionMs,
      body: request.producer,
      token: request.token,
      ...(supersede === undefined ? {} : { supersede }),
    });
    if (answer.kind === 'acquired') return proceed(request, answer, because);
    if (answer.kind === 'unknown') {
      // It did answer: what it has was looked at.
      if (answer.readOnly === true)
        return outside(request, {
          kind: 'read-only',
          why: answer.why,
          ...(because.kind === 'no-record' ? {} : { instead: because }),
        });
      return unavailable(request, answer.why);
    }
    const { standing } = answer;
    if (standing.state === 'settled') {
      const found = await judge(request, standing, waited);
      if (found.kind !== 'miss') return found;
      because = found.because;
      supersede = standing.version;
      continue;
    }
    const owner = parseProducer(standing.body);
    if (owner !== undefined && (await request.isOver?.(owner)) === true) {
      supersede = standing.version;
      continue;
    }
    if (owner !== undefined) request.onMeet?.(owner);
    switch (request.policy.onInFlight) {
      case 'skip':
        return { kind: 'skip', owner };
      case 'run':
        return outside(request, { kind: 'in-flight', owner });
      case 'fail':
        throw inFlight(owner, 'an identical run is in flight');
      case 'wait': {
        const left = until - performance.now();
        if (left <= 0) {
          throw inFlight(
            owner,
            `an identical run was still in flight after ${request.policy.waitMs / 1000} s`,
          );
        }
        if (!waited) request.onWait(owner);
        waited = true;
        const pause = Math.max(1, Math.min(poll, left, standing.staleInMs));
        await delay(pause, undefined, { signal: request.signal });
      }
    }
  }
}

type Judged =
  | Extract<DedupAnswer, { kind: 'replay' | 'mismatch' }>
  | { readonly kind: 'miss'; readonly because: MissReason };

/** Whether what an identical run left stands for what this one would do. */
async function judge(request: DedupRequest, standing: Standing, waited: boolean): Promise<Judged> {
  const { key, policy } = request;
  const record = parseRecord(standing.body);
  if (record === undefined) return { kind: 'miss', because: { kind: 'no-record' } };
  const miss = (because: MissReason): Judged => ({ kind: 'miss', because });
  if (key.kind === 'given' && differ(key.parts, record.parts)) {
    if (policy.onMismatch === 'run') return miss({ kind: 'other-inputs', record });
    return { kind: 'mismatch', record };
  }
  if (record.result === 'failed' && policy.dedupOn === 'success')
    return miss({ kind: 'failed-before', record });
  // A given key keeps its caller's meaning: who says that two runs are one is believed.
  if (key.kind === 'derived' && !(await stands(request, record)))
    return miss({ kind: 'target-changed', record });
  // After what the ledger itself knows: that someone wrote says more than that a file has changed.
  const gone = await request.distrust(record);
  if (gone !== undefined) return miss({ kind: 'distrusted', record, why: gone });
  const lacking = await request.fetch(record);
  if (lacking !== undefined) return miss({ kind: 'unusable', record, why: lacking });
  return { kind: 'replay', record, waited };
}

/** Whether nobody has written since to any of the places that the record hangs on. */
async function stands({ store, targets }: DedupRequest, { writers }: LedgerRecord): Promise<boolean> {
  // The places of this run are those of that one, by whatever way it comes to them.
  if (!targets.every((target) => Object.hasOwn(writers, placeDigest(target)))) return false;
  const asExpected = await Promise.all(
    Object.entries(writers).map(
      async ([digest, expected]) => settledWriter(await lastWriter(store, digest)) === expected,
    ),
  );
  return asExpected.every((one) => one);
}

/** Whether a part is known on both sides and differs: what is not known, or not there, says nothing about a given key. */
function differ(ours: readonly KeyPart[], theirs: readonly KeyPart[]): boolean {
  return ours.some(({ name, digest }) => {
    const other = theirs.find((part) => part.name === name)?.digest ?? null;
    return digest !== null && other !== null && other !== digest;
  });
}

async function proceed(
  request: DedupRequest,
  { lease, adoptedFrom }: Extract<AcquireAnswer, { kind: 'acquired' }>,
  because: MissReason,
): Promise<DedupAnswer> {
  const { store, policy, key } = request;
  const register = await openRegister(request, lease.token, adoptedFrom);
  if (register === undefined) {
    // Unless others can be told that this target is about to change, their records would go on to be replayed.
    await lease.release();
    return unavailable(request, 'what is about to be written could not be noted');
  }
  const held = holdLease(lease, store.guarantees.renews ? policy.heartbeatMs : undefined);
  const claim = ownedClaim({ policy, key, held, register, adopted: adoptedFrom !== undefined });
  return { kind: 'proceed', claim, because, noted: register.noted };
}

async function outside(request: DedupRequest, because: MissReason): Promise<DedupAnswer> {
  return { kind: 'proceed', ...(await outsideClaim(request)), because };
}

/** For a run outside of the ledger. Others must not go on to replay what it is about to change, as far as they can be told. */
export async function outsideClaim(
  request: Pick<DedupRequest, 'store' | 'policy' | 'targets' | 'writes' | 'token'>,
): Promise<{ readonly claim: Claim; readonly noted: NotedPlaces | undefined }> {
  const register = await openRegister(request, request.token).catch(() => undefined);
  return { claim: outsideClaimOf(request.token, register), noted: register?.noted };
}

async function unavailable(request: DedupRequest, why: string): Promise<DedupAnswer> {
  const { policy, store } = request;
  if (policy.onUnavailable === 'run') return outside(request, { kind: 'unavailable', why });
  if (store.unusable === true) throw notUsable(store.kind, why);
  throw unanswered(
    store.kind,
    why,
    'Check that the store can be reached, and its credentials; or let such runs run (on-unavailable: run).',
  );
}

function inFlight(owner: Producer | undefined, what: string): DbtRunCacheError {
  const who = owner === undefined ? '' : ` (${owner.url ?? `${owner.host}, process ${owner.pid}`})`;
  return new DbtRunCacheError(`dbt was not started: ${what}${who}`, {
    code: 'dedup-in-flight',
    hint: 'Run it again when that one has ended.',
  });
}
