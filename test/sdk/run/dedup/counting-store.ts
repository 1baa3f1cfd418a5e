import type { DedupStore } from '../../../../sdk/dedup/store.ts';

/** A store, and what it is asked: the name of each call with the kind of thing it is about, e.g. `read claims`. */
export interface CountingStore {
  readonly store: DedupStore;
  /** What was asked since the last time somebody took it. */
  takeCalls(): readonly string[];
}

export function countingStore(inner: DedupStore): CountingStore {
  let calls: string[] = [];
  const note = (call: string, name: string): void => {
    calls.push(`${call} ${name.split('/')[0]}`);
  };
  return {
    takeCalls: () => {
      const taken = calls;
      calls = [];
      return taken;
    },
    store: {
      kind: inner.kind,
      guarantees: inner.guarantees,
      read: (name) => {
        note('read', name);
        return inner.read(name);
      },
      write: (request) => {
        note('write', request.name);
        return inner.write(request);
      },
      list: (prefix) => {
        note('list', prefix);
        return inner.list(prefix);
      },
      remove: (name, version) => {
        note('remove', name);
        return inner.remove(name, version);
      },
      putBlob: (name, bytes, retainMs) => {
        note('putBlob', name);
        return inner.putBlob(name, bytes, retainMs);
      },
      getBlob: (name, maxBytes) => {
        note('getBlob', name);
        return inner.getBlob(name, maxBytes);
      },
      sweep: (options) => {
        note('sweep', '');
        return inner.sweep(options);
      },
      close: () => {
        note('close', '');
        return inner.close();
      },
    },
  };
}
