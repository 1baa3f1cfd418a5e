/**
 * What a store promises. The contract suite proves exactly this; nothing is assumed beyond it.
 */
export interface StoreGuarantees {
  /**
   * Who sees what was written: this process, every process of this host, the runs of this branch and of those that
   * start from it, everyone with access to the store.
   */
  readonly scope: 'process' | 'host' | 'branch' | 'everyone';
  /** Whether a held lease can be renewed, so that a short one tells a dead owner soon. */
  readonly renews: boolean;
  /** Whether entries outlive the process that wrote them. */
  readonly durable: boolean;
}

/** A value as the store holds it. */
export interface StoredEntry {
  readonly value: string;
  /** Opaque. A conditional write names the version it replaces. */
  readonly version: string;
  /** Milliseconds since it was written, by the store's own clock: the clocks of its users need not agree. */
  readonly ageMs: number;
}

/** `unknown` is never `absent`: a store that did not answer says nothing about what it holds. */
export type ReadAnswer =
  | { readonly kind: 'found'; readonly entry: StoredEntry }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * `conflict`: another version stands, and this write changed nothing. `unknown`: the reply was lost, so the write may
 * have happened, or may still: read to find out. `refused`: it did not and will not happen, and asking again now is
 * of no use; `readOnly`: since this run may read the store and not write it.
 */
export type WriteAnswer =
  | { readonly kind: 'written'; readonly version: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown'; readonly why: string; readonly refused?: true; readonly readOnly?: true };

export interface WriteRequest {
  /** Slash-separated words of `a-z 0-9 . _ -`, at most 200 characters. */
  readonly name: string;
  /** At most {@link MAX_VALUE_BYTES}. */
  readonly value: string;
  /** The version to replace; undefined: there must be no entry yet. */
  readonly expected: string | undefined;
  /** After this many milliseconds without a write the store may forget the entry. */
  readonly retainMs: number;
}

/** A record is small: what is bulky goes into blobs. */
export const MAX_VALUE_BYTES = 256 << 10;

/**
 * Where the ledger lives: named entries that change by compare-and-set alone, and blobs. Drivers are factories
 * (`fileStore()`, `redisStore()`); they answer and do not throw for what a network or a disk may do to them.
 */
export interface DedupStore {
  /** e.g. `file`. */
  readonly kind: string;
  readonly guarantees: StoreGuarantees;
  /** Absolute: the folder of a store that is one on this machine. */
  readonly folder?: string;
  /** It cannot be had here, and nobody is asked: every answer says why. */
  readonly unusable?: true;
  /** Longest that a call for an entry may take by the store's own account, in milliseconds, where that is over 30 s. */
  readonly slowestCallMs?: number;
  read(name: string): Promise<ReadAnswer>;
  /** Writes if, and only if, the entry is as expected: one of any number of simultaneous writers wins. */
  write(request: WriteRequest): Promise<WriteAnswer>;
  /** Names of entries that begin with `prefix`, in no order; those written meanwhile may be missing. */
  list(prefix: string): AsyncIterable<string>;
  /** Removes an entry if it has this version still. */
  remove(name: string, version: string): Promise<WriteAnswer>;
  /** Stores bytes. The same name is written with the same bytes only, so that order does not matter. */
  putBlob(name: string, bytes: Uint8Array, retainMs: number): Promise<WriteAnswer>;
  /** The bytes, at most `maxBytes` of them: a larger blob is `unknown`. */
  getBlob(name: string, maxBytes: number): Promise<BlobAnswer>;
  /**
   * Clears away entries past their retention and blobs that were last put longer ago than `blobAgeMs`. What is in use
   * stays. Stops when `signal` is aborted; the next one goes on. A store that forgets by itself has nothing to do.
   */
  sweep(options: SweepOptions): Promise<SweepAnswer>;
  /** Lets go of connections and timers. The store is not used afterwards. */
  close(): Promise<void>;
}

export type BlobAnswer =
  | { readonly kind: 'found'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

export interface SweepOptions {
  /** Milliseconds. */
  readonly blobAgeMs: number;
  readonly signal: AbortSignal;
}

/** How many were cleared away; `unknown` when the store did not let itself be looked through. */
export type SweepAnswer =
  | { readonly kind: 'swept'; readonly entries: number; readonly blobs: number }
  | { readonly kind: 'unknown'; readonly why: string };
