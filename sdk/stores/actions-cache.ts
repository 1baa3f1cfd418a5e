import type { DedupStore, ReadAnswer } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { DbtRunCacheError } from '../errors.ts';
import { cacheRpc } from '../github/cache-rpc.ts';
import { append, type Precondition, versionOf } from './actions-cache-append.ts';
import { getBlob, putBlob } from './actions-cache-blob.ts';
import { type Looked, type LookOptions, versionsOf } from './actions-cache-look.ts';
import type { Content } from './object-content.ts';
import { ageOf } from './object-service.ts';
import { prefixOf } from './prefix.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_PATIENCE_MS = 60_000;
const DEFAULT_BLOCK_BYTES = 64 << 20;

export interface ActionsCacheStoreOptions {
  /** Where the cache service is: what the runner puts into `ACTIONS_RESULTS_URL`. */
  readonly url: string;
  /** What the runner puts into `ACTIONS_RUNTIME_TOKEN`. A secret. */
  readonly token: string;
  /** What the runner puts into `ACTIONS_CACHE_MODE`. Default: the service decides what this run may do. */
  readonly mode?: string | undefined;
  /** The event that started the workflow, for messages about a cache that is read-only. */
  readonly trigger?: string | undefined;
  /** Begins every key. Default `dbt-runcache`. */
  readonly prefix?: string | undefined;
  /** Longest wait for one answer about an entry, in milliseconds; blobs get more, by their size. Default 10000. */
  readonly timeoutMs?: number;
  /**
   * Longest that a lookup of the service is taken to be behind, in milliseconds, and so the longest wait for a version
   * that is reserved to appear, or for the service to take requests again. Default 60000. A write waits that long where
   * it finds a reservation that was given up: whoever limits the time of a call must leave room for it.
   */
  readonly patienceMs?: number;
  /** What is larger is uploaded in blocks of this many bytes. Default 64 MiB. */
  readonly blockBytes?: number;
}

/**
 * A ledger in the cache of GitHub Actions: for the runs of one branch, without a service of one's own.
 *
 * Entries of the cache never change, so each version of a ledger entry is one of them, `<prefix>/entries/<name>@<number>`.
 * Reserving the next number is the compare-and-set.
 *
 * What it promises is less than other stores do. A run sees what its own branch left, and what the base and the default
 * branch did; two branches can both win one key. Lookups lag behind: one that lags for longer than `patienceMs` lets
 * two runs of a branch hold one claim, and only the later one leaves its record. The service evicts what nobody asks
 * for in a week, and earlier when the repository's cache is full; a claim that is evicted is forgotten.
 *
 * Entries cannot be listed. `sweep()` has nothing to do: the service evicts by itself.
 * @throws DbtRunCacheError `invalid-options` for an address or a prefix that is none.
 */
export function actionsCacheStore(given: ActionsCacheStoreOptions): DedupStore {
  const prefix = prefixOf(given.prefix);
  if (!URL.canParse(given.url) || given.token === '') throw noAccess();
  const closing = new AbortController();
  const options: LookOptions = {
    signal: closing.signal,
    timeoutMs: given.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    patienceMs: given.patienceMs ?? DEFAULT_PATIENCE_MS,
    blockBytes: given.blockBytes ?? DEFAULT_BLOCK_BYTES,
  };
  const { url, token, mode, trigger } = given;
  const rpc = cacheRpc({ url, token, mode, trigger, ...options });
  /** What waits when the store is closed has no answer. */
  const untilClosed = async <T>(
    action: () => Promise<T>,
  ): Promise<T | { readonly kind: 'unknown'; readonly why: string }> => {
    try {
      return await action();
    } catch (error) {
      if (closing.signal.aborted) return { kind: 'unknown', why: 'the ledger was closed' };
      throw error;
    }
  };
  const versions = versionsOf(rpc, options);
  const baseOf = (name: string): string => `${prefix}/entries/${checkName(name)}`;
  const blobBaseOf = (name: string): string => `${prefix}/blobs/${checkName(name)}`;
  const replaces =
    (version: string | undefined): Precondition =>
    (looked) =>
      liveIn(looked)?.version === version;

  return {
    kind: 'actions-cache',
    guarantees: { scope: 'branch', renews: false, durable: true },
    // A write may find a reservation that was given up, and looks before and after.
    slowestCallMs: 2 * options.patienceMs + 3 * options.timeoutMs,
    read: async (name): Promise<ReadAnswer> => {
      const base = baseOf(name);
      const looked = await untilClosed(() => versions.look(base));
      if (looked.kind === 'unknown') return looked;
      if (looked.seen !== undefined && Number.isNaN(looked.dateMs))
        return { kind: 'unknown', why: 'the answer of the Actions cache has no date' };
      const entry = liveIn(looked);
      return entry === undefined ? { kind: 'absent' } : { kind: 'found', entry };
    },
    write: async ({ name, value, expected, retainMs }) => {
      const base = baseOf(name);
      checkValue(value);
      const content: Content = { kind: 'value', value, retainMs };
      return untilClosed(() => append(rpc, versions, base, content, replaces(expected), options));
    },
    remove: async (name, version) => {
      const base = baseOf(name);
      return untilClosed(() => append(rpc, versions, base, { kind: 'removed' }, replaces(version), options));
    },
    // biome-ignore lint/correctness/useYield: the service has no call that lists
    async *list() {
      throw new DbtRunCacheError('A ledger in the Actions cache cannot be listed', {
        code: 'dedup-unavailable',
        hint: 'Ask for one key, or use a ledger of another kind, e.g. in a bucket.',
      });
    },
    putBlob: async (name, bytes) => {
      const base = blobBaseOf(name);
      return untilClosed(() => putBlob(rpc, base, name, bytes, options));
    },
    getBlob: async (name, maxBytes) => {
      const base = blobBaseOf(name);
      return untilClosed(() => getBlob(rpc, base, name, maxBytes, options));
    },
    // The service evicts what has not been asked for in days.
    sweep: async () => ({ kind: 'swept', entries: 0, blobs: 0 }),
    close: async () => closing.abort(),
  };
}

/** What stands: neither removed, nor past its retention. */
function liveIn({ seen, dateMs }: Extract<Looked, { kind: 'looked' }>) {
  if (seen?.content.kind !== 'value') return undefined;
  const { value, retainMs } = seen.content;
  // Without a date nothing is taken to be over.
  const ageMs = ageOf(dateMs, seen.writtenAtMs) ?? 0;
  return ageMs > retainMs ? undefined : { value, version: versionOf(seen), ageMs };
}

function noAccess(): DbtRunCacheError {
  return new DbtRunCacheError('The address or the token of the Actions cache is missing', {
    code: 'invalid-options',
    hint: 'Use it in an action: the runner gives them to no other step.',
  });
}
