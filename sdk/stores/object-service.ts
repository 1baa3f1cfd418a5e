import type { Trouble } from './within.ts';

/** What an object store is asked for. S3 and Google's differ in words alone. */
export interface ObjectService {
  readonly kind: string;
  /** Loads what it takes to ask. Time spent here says nothing about the service. */
  ready(): Promise<void>;
  get(key: string, maxBytes: number, signal: AbortSignal): Promise<ObjectGet>;
  /** Writes the whole object, if the condition holds at that very moment. */
  put(key: string, bytes: Uint8Array, condition: Condition, signal: AbortSignal): Promise<ObjectPut>;
  /** Removes an object that is still as `tag` says; best effort. Answers whether it is known to be gone. */
  remove(key: string, tag: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Removes an object, a blob, that was last put longer ago than `ageMs` by the service's clock; best effort. Two puts
   * of a blob may have the same tag, since they have the same bytes.
   */
  removeOld(object: ListedObject, ageMs: number, signal: AbortSignal): Promise<boolean>;
  /** Objects whose keys begin with `prefix`, a page at a time. `next` undefined: that was the last one. */
  list(prefix: string, next: string | undefined, signal: AbortSignal): Promise<ObjectPage>;
  close(): Promise<void>;
}

/** `tag`: the object is the one that has this tag. Tags of two writes differ where their bytes do. */
export type Condition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'any' };

export type ObjectGet =
  | { readonly kind: 'found'; readonly bytes: Uint8Array; readonly tag: string; readonly ageMs: number }
  | { readonly kind: 'absent' }
  | Trouble;

/**
 * `refused`: the condition did not hold. `busy`: the service took nothing, and asks to try again. `unknown`: it may
 * have been written.
 */
export type ObjectPut =
  | { readonly kind: 'written'; readonly tag: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'busy'; readonly why: string }
  | Trouble;

export type ObjectPage =
  | { readonly kind: 'page'; readonly objects: readonly ListedObject[]; readonly next: string | undefined }
  | Trouble;

export interface ListedObject {
  readonly key: string;
  readonly tag: string;
  /** At least, since it was put, by the service's clock; undefined where it did not say. */
  readonly ageMs: number | undefined;
}

/**
 * How old an object is at least, from two headers of one response, both by the service's clock and in whole seconds.
 * At least, so that a lease is never found stale before its time.
 */
export function ageOf(date: number, lastModified: number): number | undefined {
  const ageMs = date - lastModified - 999;
  return Number.isFinite(ageMs) ? Math.max(0, ageMs) : undefined;
}
