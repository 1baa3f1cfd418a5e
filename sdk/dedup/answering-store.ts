import { DbtRunCacheError } from '../errors.ts';
import { optional } from '../util/optional.ts';
import type { DedupStore } from './store.ts';

/**
 * The store with what it throws made an answer: a driver of someone else's may forget that a store answers `unknown`.
 * Errors of ours go through: they say that it was asked for something impossible.
 */
export function answeringStore(store: DedupStore): DedupStore {
  const ask = async <T>(action: () => Promise<T>): Promise<T | { kind: 'unknown'; why: string }> => {
    try {
      return await action();
    } catch (error) {
      if (error instanceof DbtRunCacheError) throw error;
      return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    kind: store.kind,
    guarantees: store.guarantees,
    ...optional('folder', store.folder),
    read: (name) => ask(() => store.read(name)),
    write: (request) => ask(() => store.write(request)),
    list: (prefix) => store.list(prefix),
    remove: (name, version) => ask(() => store.remove(name, version)),
    putBlob: (name, bytes, retainMs) => ask(() => store.putBlob(name, bytes, retainMs)),
    getBlob: (name, maxBytes) => ask(() => store.getBlob(name, maxBytes)),
    sweep: (options) => ask(() => store.sweep(options)),
    close: () => store.close(),
  };
}
