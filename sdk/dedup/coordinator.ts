import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DbtRunCacheError } from '../errors.ts';
import { optional } from '../util/optional.ts';
import { holdLease } from './hold-lease.ts';
import { type AcquireAnswer, acquire, type Standing } from './lease.ts';
import { claimName } from './names.ts';
import type { DedupPolicy } from './policy.ts';
import { type KeyPart, type LedgerRecord, type Producer, parseProducer, parseRecord } from './record.ts';
import type { DedupStore } from './store.ts';
import { type LastWriterAnswer, lastWriter, noteWriting, noteWritten } from './target-writers.ts';

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
  /** Names the warehouse target; undefined for a command that has none. */
  readonly target: string | undefined;
  /** Whether the command writes to its target, rather than only reading there. */
  readonly writes: boolean;
  /** Why what the record's run left may be gone, beyond what the ledger can tell; undefined when it is there. */
  readonly distrust: (record: LedgerRecord) => Promise<string | undefined>;
  /** Gets what the record's run left in the store; why that cannot be had, or undefined when it is there. */
  readonly fetch: (record: LedgerRecord) => Promise<string | undefined>;
  /** Ends the waiting; its reason is thrown. */
  readonly signal: AbortSignal;
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
  | { readonly kind: 'unavailable'; readonly why: string };

/** The right, and the duty, to finish a key. */
export interface Claim {
  /** False for a run outside of the ledger: it leaves no record, and only tells others that it wrote. */
  readonly owns: boolean;
  /** How often the key has changed owners; 0 outside of the ledger. */
  readonly attempt: number;
  readonly token: string;
  /** The owner before had fallen silent. */
  readonly adopted: boolean;
  /** Aborted when another run has taken the key over. */
  readonly lost: AbortSignal;
  /** Leaves the record of the finished run. Best effort: says what became of it, throws nothing. */
  finish(record: FinishedRun): Promise<FinishAnswer>;
  /** Frees the key without a record: the run failed, was stopped, or never began. */
  abandon(): Promise<FinishAnswer>;
}

/** A record without what the claim itself knows. */
export type FinishedRun = Omit<LedgerRecord, 'token' | 'keyKind' | 'parts' | 'sawWriter'>;

/**
 * `lost`: another run had taken the key over, and nothing was changed. `not-kept`: a command that only reads its target
 * ran while another wrote there, so its result stands for nothing.
 */
export type FinishAnswer = 'done' | 'not-kept' | 'lost' | 'unknown';

export type DedupAnswer =
  | { readonly kind: 'proceed'; readonly claim: Claim; readonly because: MissReason }
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
      ...(supersede === undefined ? {} : { supersede }),
    });
    if (answer.kind === 'acquired') return proceed(request, answer, because);
    if (answer.kind === 'unknown') return unavailable(request, answer.why);
    const { standing } = answer;
    if (standing.state === 'settled') {
      const found = await judge(request, standing, waited);
      if (found.kind !== 'miss') return found;
      because = found.because;
      supersede = standing.version;
      continue;
    }
    const owner = parseProducer(standing.body);
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
  const { key, policy, target } = request;
  const record = parseRecord(standing.body);
  if (record === undefined) return { kind: 'miss', because: { kind: 'no-record' } };
  const miss = (because: MissReason): Judged => ({ kind: 'miss', because });
  if (key.kind === 'given' && differ(key.parts, record.parts)) {
    if (policy.onMismatch === 'run') return miss({ kind: 'other-inputs', record });
    return { kind: 'mismatch', record };
  }
  if (record.result === 'failed' && policy.dedupOn === 'success')
    return miss({ kind: 'failed-before', record });
  const gone = await request.distrust(record);
  if (gone !== undefined) return miss({ kind: 'distrusted', record, why: gone });
  // A given key keeps its caller's meaning: who says that two runs are one is believed.
  if (key.kind === 'derived' && target !== undefined && !(await standsInTarget(request, target, record)))
    return miss({ kind: 'target-changed', record });
  const lacking = await request.fetch(record);
  if (lacking !== undefined) return miss({ kind: 'unusable', record, why: lacking });
  return { kind: 'replay', record, waited };
}

/** Whether what is in the target is what the record's run left there, or saw there. */
async function standsInTarget(
  { store, writes }: DedupRequest,
  target: string,
  record: LedgerRecord,
): Promise<boolean> {
  const last = await lastWriter(store, target);
  if (!writes) return record.sawWriter !== undefined && seen(last) === record.sawWriter;
  return last.kind === 'found' && last.writer.token === record.token && last.writer.phase === 'written';
}

/** Who wrote last, in a word; undefined while someone writes, or where that cannot be told. */
function seen(last: LastWriterAnswer): string | undefined {
  if (last.kind === 'none') return 'none';
  return last.kind === 'found' && last.writer.phase === 'written' ? last.writer.token : undefined;
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
  const target = request.writes ? request.target : undefined;
  const readsFrom = request.writes ? undefined : request.target;
  const sawWriter = readsFrom === undefined ? undefined : seen(await lastWriter(store, readsFrom));
  if (target !== undefined) {
    const noted = await noteWriting(store, target, lease.token, policy.retentionMs, adoptedFrom);
    if (noted === 'unknown') {
      // Unless others can be told that this target is about to change, their records would go on to be replayed.
      await lease.release();
      return unavailable(request, 'what is about to be written could not be noted');
    }
  }
  const held = holdLease(lease, store.guarantees.renews ? policy.heartbeatMs : undefined);
  let ended: Promise<FinishAnswer> | undefined;
  /** Once: the second of two ways out finds that the first has done it. */
  const end = (action: () => Promise<FinishAnswer>): Promise<FinishAnswer> => {
    held.stop();
    ended ??= action().catch(() => 'unknown');
    return ended;
  };
  const written = async (complete: boolean): Promise<void> => {
    if (target !== undefined) await noteWritten(store, target, lease.token, policy.retentionMs, complete);
  };
  const claim: Claim = {
    owns: true,
    attempt: lease.attempt,
    token: lease.token,
    adopted: adoptedFrom !== undefined,
    lost: held.lost,
    finish: (record) =>
      end(async () => {
        const isFreed = record.result === 'failed' && policy.dedupOn === 'success';
        // A run that failed left what it left: a record of it stands for that as well.
        await written(!isFreed);
        if (isFreed) return word(await lease.release());
        if (readsFrom !== undefined) {
          const now = seen(await lastWriter(store, readsFrom));
          if (now === undefined || now !== sawWriter) {
            const released = word(await lease.release());
            return released === 'done' ? 'not-kept' : released;
          }
        }
        const body: LedgerRecord = {
          ...record,
          token: lease.token,
          keyKind: key.kind,
          parts: key.parts.map(({ name, digest }) => ({ name, digest })),
          ...optional('sawWriter', sawWriter),
        };
        return word(await lease.settle(body));
      }),
    abandon: () =>
      end(async () => {
        await written(false);
        return word(await lease.release());
      }),
  };
  return { kind: 'proceed', claim, because };
}

function word(answer: 'settled' | 'released' | 'lost' | 'unknown'): FinishAnswer {
  return answer === 'lost' || answer === 'unknown' ? answer : 'done';
}

async function outside(request: DedupRequest, because: MissReason): Promise<DedupAnswer> {
  return { kind: 'proceed', claim: await outsideClaim(request), because };
}

/** For a run outside of the ledger. Others must not go on to replay what it is about to change, as far as they can be told. */
export async function outsideClaim(
  request: Pick<DedupRequest, 'store' | 'policy' | 'target' | 'writes'>,
): Promise<Claim> {
  const { store, policy } = request;
  const target = request.writes ? request.target : undefined;
  const token = randomUUID();
  if (target !== undefined)
    await noteWriting(store, target, token, policy.retentionMs).catch(() => undefined);
  const ended = async (): Promise<FinishAnswer> => {
    if (target === undefined) return 'done';
    const noted = await noteWritten(store, target, token, policy.retentionMs, false).catch(
      () => 'unknown' as const,
    );
    return noted === 'noted' ? 'done' : 'unknown';
  };
  return {
    owns: false,
    attempt: 0,
    token,
    adopted: false,
    lost: new AbortController().signal,
    finish: ended,
    abandon: ended,
  };
}

async function unavailable(request: DedupRequest, why: string): Promise<DedupAnswer> {
  const { policy, store } = request;
  if (policy.onUnavailable === 'run') return outside(request, { kind: 'unavailable', why });
  throw new DbtRunCacheError(`The ${store.kind} store did not answer: ${why}`, {
    code: 'dedup-unavailable',
    hint: 'Check that the store can be reached, and its credentials; or let such runs run (on-unavailable: run).',
  });
}

function inFlight(owner: Producer | undefined, what: string): DbtRunCacheError {
  const who = owner === undefined ? '' : ` (${owner.url ?? `${owner.host}, process ${owner.pid}`})`;
  return new DbtRunCacheError(`dbt was not started: ${what}${who}`, {
    code: 'dedup-in-flight',
    hint: 'Run it again when that one has ended.',
  });
}
