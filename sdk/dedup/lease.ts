import { randomUUID } from 'node:crypto';
import { optional } from '../util/optional.ts';
import { type Envelope, parseEnvelope, printEnvelope } from './envelope.ts';
import type { DedupStore, StoredEntry } from './store.ts';

/** How often a conditional write is tried anew when others keep changing the entry. */
const MAX_TRIES = 20;

export interface LeaseTerms {
  /** After this long without a sign of life anyone may take the lease over. Milliseconds. */
  readonly leaseMs: number;
  /** How long the store keeps an entry nobody writes to. Milliseconds. */
  readonly retainMs: number;
}

/** What someone else wrote under the name. */
export interface Standing {
  /** `held`: its owner is at work, as far as known. `settled`: it finished and left a result. */
  readonly state: 'held' | 'settled';
  readonly attempt: number;
  readonly body: unknown;
  readonly ageMs: number;
  /** Milliseconds until the lease is stale; 0 for what is settled. */
  readonly staleInMs: number;
  /** Names exactly this state of the entry, for {@link AcquireOptions.supersede}. */
  readonly version: string;
}

export type AcquireAnswer =
  /** `adoptedFrom`: the token of the owner before, where that one had fallen silent. */
  | { readonly kind: 'acquired'; readonly lease: Lease; readonly adoptedFrom?: string }
  | { readonly kind: 'taken'; readonly standing: Standing }
  /** `readOnly`: there is nothing to wait for, and this run may not write. */
  | { readonly kind: 'unknown'; readonly why: string; readonly readOnly?: true };

export interface AcquireOptions extends LeaseTerms {
  /** What others see while the lease is held. JSON. */
  readonly body: unknown;
  /** Takes over the entry of this version, settled or held by an owner who is gone, rather than answering `taken`. */
  readonly supersede?: string;
  /** Distinguishes this claim from every other. Default: random. */
  readonly token?: string;
}

/** The right to act under a name, until someone finds its owner silent for too long. */
export interface Lease {
  /** Grows with every change of owner. */
  readonly attempt: number;
  readonly token: string;
  /** A sign of life. `lost`: another owner has it, and nothing written under this lease counts any more. */
  renew(): Promise<'held' | 'lost' | 'unknown'>;
  /** Ends the lease and leaves a result. `lost`: as of `renew`; nothing was changed. */
  settle(body: unknown): Promise<'settled' | 'lost' | 'unknown'>;
  /** Ends the lease and leaves nothing: the next one begins anew. */
  release(): Promise<'released' | 'lost' | 'unknown'>;
}

/**
 * Claims a name: at most one winner a claim, whoever tries at the same time.
 *
 * Staleness is told by the store's own clock, so it does not matter whether clocks agree. An owner that was only slow
 * finds its lease lost: every write names the version it replaces, and a new owner has changed it.
 */
export async function acquire(
  store: DedupStore,
  name: string,
  options: AcquireOptions,
): Promise<AcquireAnswer> {
  const token = options.token ?? randomUUID();
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const answer = await store.read(name);
    if (answer.kind === 'unknown') return answer;
    const entry = answer.kind === 'found' ? answer.entry : undefined;
    const before = entry === undefined ? undefined : parseEnvelope(entry.value);
    if (before?.kind === 'unreadable') return { kind: 'unknown', why: before.why };
    const current = before?.envelope;
    // A reply was lost, and the write had happened.
    if (current?.token === token && current.state === 'held' && entry !== undefined) {
      return acquired(store, name, current, entry.version, options, current.adoptedFrom);
    }
    if (entry !== undefined && current !== undefined && !isFree(current, entry, options)) {
      return { kind: 'taken', standing: standingOf(current, entry) };
    }
    const adoptedFrom = current?.state === 'held' ? current.token : undefined;
    const envelope: Envelope = {
      state: 'held',
      attempt: (current?.attempt ?? 0) + 1,
      token,
      leaseMs: options.leaseMs,
      beat: 0,
      body: options.body,
      ...optional('adoptedFrom', adoptedFrom),
    };
    const written = await store.write({
      name,
      value: printEnvelope(envelope),
      expected: entry?.version,
      retainMs: options.retainMs,
    });
    if (written.kind === 'written')
      return acquired(store, name, envelope, written.version, options, adoptedFrom);
    if (written.kind === 'unknown') {
      if (written.refused === true)
        return { kind: 'unknown', why: written.why, ...optional('readOnly', written.readOnly) };
      const found = await ours(store, name, token);
      if (found.kind === 'ours')
        return acquired(store, name, found.envelope, found.version, options, adoptedFrom);
      // A write without an answer may still land; its lease would then run out by itself.
      if (found.kind === 'unknown') return { kind: 'unknown', why: written.why };
    }
  }
  return { kind: 'unknown', why: `${name} kept changing` };
}

/** Takes up a lease that another process holds, and cannot end. */
export async function resumeLease(
  store: DedupStore,
  name: string,
  token: string,
  terms: LeaseTerms,
): Promise<
  | { readonly kind: 'resumed'; readonly lease: Lease; readonly adoptedFrom?: string }
  | { readonly kind: 'over' }
  | { readonly kind: 'unknown'; readonly why: string }
> {
  const found = await ours(store, name, token);
  if (found.kind === 'unknown') return found;
  if (found.kind === 'not-ours' || found.envelope.state !== 'held') return { kind: 'over' };
  const { envelope, version } = found;
  return { kind: 'resumed', ...leaseOf(store, name, envelope, version, terms, envelope.adoptedFrom) };
}

function isFree(current: Envelope, entry: StoredEntry, { supersede }: AcquireOptions): boolean {
  switch (current.state) {
    case 'free':
      return true;
    case 'held':
      return entry.ageMs > current.leaseMs || supersede === entry.version;
    case 'settled':
      return supersede === entry.version;
  }
}

function standingOf(current: Envelope, entry: StoredEntry): Standing {
  const isHeld = current.state === 'held';
  return {
    state: isHeld ? 'held' : 'settled',
    attempt: current.attempt,
    body: current.body,
    ageMs: entry.ageMs,
    staleInMs: isHeld ? Math.max(0, current.leaseMs - entry.ageMs) : 0,
    version: entry.version,
  };
}

function acquired(...parts: Parameters<typeof leaseOf>): AcquireAnswer {
  return { kind: 'acquired', ...leaseOf(...parts) };
}

function leaseOf(
  store: DedupStore,
  name: string,
  held: Envelope,
  firstVersion: string,
  terms: LeaseTerms,
  adoptedFrom: string | undefined,
): { readonly lease: Lease; readonly adoptedFrom?: string } {
  let version = firstVersion;
  let beat = held.beat;
  let isLost = false;
  // One write at a time: a heartbeat must not make the version of a finish stale.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const next = last.then(action);
    last = next.catch(() => undefined);
    return next;
  };

  /** Replaces what this lease last wrote. */
  const replace = async (change: Partial<Envelope>): Promise<'done' | 'lost' | 'unknown'> => {
    if (isLost) return 'lost';
    beat += 1;
    const next: Envelope = { ...held, ...change, beat };
    const value = printEnvelope(next);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const written = await store.write({ name, value, expected: version, retainMs: terms.retainMs });
      if (written.kind === 'written') {
        version = written.version;
        return 'done';
      }
      if (written.kind === 'unknown' && written.refused === true) return 'unknown';
      // An earlier write whose reply was lost may stand there under a version never heard of.
      const found = await ours(store, name, held.token);
      if (found.kind === 'unknown') return 'unknown';
      if (found.kind === 'not-ours') {
        isLost = true;
        return 'lost';
      }
      version = found.version;
      if (found.envelope.beat === next.beat) return 'done';
      if (found.envelope.state !== 'held') {
        isLost = true;
        return 'lost';
      }
    }
    return 'unknown';
  };

  const lease: Lease = {
    attempt: held.attempt,
    token: held.token,
    renew: () => inTurn(async () => rename(await replace({}), 'held')),
    settle: (body) => inTurn(async () => end(await replace({ state: 'settled', body }), 'settled')),
    release: () => inTurn(async () => end(await replace({ state: 'free', body: null }), 'released')),
  };
  /** After the end nothing is ours to change. */
  function end<T extends string>(outcome: 'done' | 'lost' | 'unknown', word: T): T | 'lost' | 'unknown' {
    if (outcome === 'done') isLost = true;
    return rename(outcome, word);
  }
  return { lease, ...optional('adoptedFrom', adoptedFrom) };
}

function rename<T extends string>(outcome: 'done' | 'lost' | 'unknown', word: T): T | 'lost' | 'unknown' {
  return outcome === 'done' ? word : outcome;
}

type Ownership =
  | { readonly kind: 'ours'; readonly envelope: Envelope; readonly version: string }
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'unknown'; readonly why: string };

async function ours(store: DedupStore, name: string, token: string): Promise<Ownership> {
  const answer = await store.read(name);
  if (answer.kind === 'unknown') return answer;
  if (answer.kind === 'absent') return { kind: 'not-ours' };
  const parsed = parseEnvelope(answer.entry.value);
  if (parsed.kind === 'unreadable') return { kind: 'unknown', why: parsed.why };
  return parsed.envelope.token === token
    ? { kind: 'ours', envelope: parsed.envelope, version: answer.entry.version }
    : { kind: 'not-ours' };
}
