import type * as z from 'zod';
import { DbtRunCacheError } from '../errors.ts';
import { optional } from '../util/optional.ts';
import { atMost } from '../util/waiting.ts';
import type { DedupStore } from './store.ts';
import { BLOB, READ, SWEEP, WRITE } from './store-answers.ts';
import { unlisted } from './store-trouble.ts';

/** Milliseconds that a store has for one call. */
export interface CallLimits {
  /** A read, a write, the next name of a list. Default 30 s. */
  readonly callMs: number;
  /** A blob has this, and a second for every 100 KB. Default 60 s. */
  readonly blobMs: number;
  /** Default 10 s, as of `closeMs`. */
  readonly sweepMs: number;
  readonly closeMs: number;
  /** Any call that begins after the signal has fired. Default 3 s. */
  readonly stoppedMs: number;
}

export interface AnsweringOptions {
  /** Ends every call that waits when it fires. Calls that begin later have `stoppedMs`: there is something to tidy up. */
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<CallLimits> | undefined;
  /** The store is its caller's: `close()` ends the calls that wait, and no more. */
  readonly leavesOpen?: boolean;
}

type Unknown = { readonly kind: 'unknown'; readonly why: string };

const LIMITS: CallLimits = {
  ...{ callMs: 30_000, blobMs: 60_000, sweepMs: 10_000, closeMs: 10_000 },
  stoppedMs: 3000,
};
const BLOB_BYTES_A_SECOND = 100_000;
const NOT_READABLE = 'the store gave no answer that can be read';
const CLOSED = 'the ledger was closed';

/**
 * The store with an answer to every call, in time: what a driver of someone else's throws, what it answers in a shape
 * that cannot be read, and what it does not answer at all becomes `unknown`. `list()` throws `dedup-unavailable` for it.
 * Errors of ours go through: they say that it was asked for something impossible.
 */
export function answeringStore(store: DedupStore, options: AnsweringOptions = {}): DedupStore {
  const { signal, leavesOpen = false } = options;
  const limits = {
    ...LIMITS,
    callMs: Math.max(LIMITS.callMs, store.slowestCallMs ?? 0),
    ...options.limits,
  };
  const closing = new AbortController();

  const inTime = async <T>(usualMs: number, action: () => Promise<T>): Promise<T | Unknown> => {
    if (closing.signal.aborted) return { kind: 'unknown', why: CLOSED };
    const wasStopped = signal?.aborted === true;
    const limitMs = wasStopped ? Math.min(limits.stoppedMs, usualMs) : usualMs;
    const ended = endedBy(closing.signal, wasStopped ? undefined : signal);
    try {
      const late: Unknown = { kind: 'unknown', why: `no answer within ${limitMs / 1000} s` };
      return await atMost(limitMs, Promise.race([action(), ended.promise]), late);
    } catch (error) {
      if (error instanceof DbtRunCacheError) throw error;
      return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
    } finally {
      ended.forget();
    }
  };
  const ask = async <T extends { readonly kind: string }>(
    shape: z.ZodType<T>,
    limitMs: number,
    action: () => Promise<T>,
  ): Promise<T | Unknown> => {
    const answer = await inTime(limitMs, action);
    return shape.safeParse(answer).success ? answer : { kind: 'unknown', why: NOT_READABLE };
  };
  const blobMs = (bytes: number): number => limits.blobMs + (bytes / BLOB_BYTES_A_SECOND) * 1000;

  return {
    kind: store.kind,
    guarantees: store.guarantees,
    ...optional('folder', store.folder),
    ...optional('unusable', store.unusable),
    ...optional('slowestCallMs', store.slowestCallMs),
    read: (name) => ask(READ, limits.callMs, () => store.read(name)),
    write: (request) => ask(WRITE, limits.callMs, () => store.write(request)),
    async *list(prefix) {
      let names: AsyncIterator<string> | undefined;
      try {
        for (;;) {
          const next = await inTime(limits.callMs, () => {
            names ??= store.list(prefix)[Symbol.asyncIterator]();
            return names.next();
          });
          if (typeof next !== 'object' || next === null) throw unlisted(store.kind, NOT_READABLE);
          if ('kind' in next) throw unlisted(store.kind, next.why);
          if (next.done === true) return;
          if (typeof next.value !== 'string') throw unlisted(store.kind, NOT_READABLE);
          yield next.value;
        }
      } finally {
        // One that hangs never hears of it.
        void Promise.resolve(names?.return?.()).catch(() => undefined);
      }
    },
    remove: (name, version) => ask(WRITE, limits.callMs, () => store.remove(name, version)),
    putBlob: (name, bytes, retainMs) =>
      ask(WRITE, blobMs(bytes.byteLength), () => store.putBlob(name, bytes, retainMs)),
    getBlob: (name, maxBytes) => ask(BLOB, blobMs(maxBytes), () => store.getBlob(name, maxBytes)),
    sweep: (options) => ask(SWEEP, limits.sweepMs, () => store.sweep(options)),
    close: async () => {
      closing.abort();
      if (leavesOpen) return;
      const limitMs = signal?.aborted === true ? Math.min(limits.stoppedMs, limits.closeMs) : limits.closeMs;
      await atMost(limitMs, store.close(), undefined);
    },
  };
}

/** Answers when one of two signals fires. `forget` must be called: a signal lives for as long as a run. */
function endedBy(closing: AbortSignal, stopping: AbortSignal | undefined) {
  let onClose = (): void => undefined;
  let onStop = (): void => undefined;
  const promise = new Promise<Unknown>((resolve) => {
    onClose = () => resolve({ kind: 'unknown', why: CLOSED });
    onStop = () => resolve({ kind: 'unknown', why: 'the run was stopped before it answered' });
  });
  closing.addEventListener('abort', onClose, { once: true });
  stopping?.addEventListener('abort', onStop, { once: true });
  return {
    promise,
    forget: () => {
      closing.removeEventListener('abort', onClose);
      stopping?.removeEventListener('abort', onStop);
    },
  };
}
