import type { DedupStore } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';

export interface MemoryStoreOptions {
  /** Milliseconds, on any scale that only grows. Default: the process's monotonic clock. */
  readonly now?: () => number;
}

interface Kept {
  readonly value: string;
  readonly version: string;
  readonly writtenAt: number;
  readonly retainMs: number;
}

interface KeptBlob {
  readonly bytes: Uint8Array;
  readonly putAt: number;
  readonly retainMs: number;
}

/** A ledger that lives and dies with this process: for tests, and for a service that runs many jobs itself. */
export function memoryStore({ now = () => performance.now() }: MemoryStoreOptions = {}): DedupStore {
  const entries = new Map<string, Kept>();
  const blobs = new Map<string, KeptBlob>();
  let writes = 0;

  /** What is past its retention is gone. */
  const live = (name: string): Kept | undefined => {
    const kept = entries.get(name);
    if (kept === undefined || now() - kept.writtenAt <= kept.retainMs) return kept;
    entries.delete(name);
    return undefined;
  };

  return {
    kind: 'memory',
    guarantees: { scope: 'process', renews: true, durable: false },
    read: async (name) => {
      const kept = live(checkName(name));
      if (kept === undefined) return { kind: 'absent' };
      return {
        kind: 'found',
        entry: { value: kept.value, version: kept.version, ageMs: now() - kept.writtenAt },
      };
    },
    write: async ({ name, value, expected, retainMs }) => {
      checkName(name);
      checkValue(value);
      if (live(name)?.version !== expected) return { kind: 'conflict' };
      writes += 1;
      const version = String(writes);
      entries.set(name, { value, version, writtenAt: now(), retainMs });
      return { kind: 'written', version };
    },
    async *list(prefix) {
      for (const name of [...entries.keys()]) {
        if (name.startsWith(prefix) && live(name) !== undefined) yield name;
      }
    },
    remove: async (name, version) => {
      if (live(checkName(name))?.version !== version) return { kind: 'conflict' };
      entries.delete(name);
      return { kind: 'written', version };
    },
    putBlob: async (name, bytes, retainMs) => {
      blobs.set(checkName(name), { bytes: Uint8Array.from(bytes), putAt: now(), retainMs });
      return { kind: 'written', version: name };
    },
    getBlob: async (name, maxBytes) => {
      const found = blobs.get(checkName(name));
      if (found === undefined || now() - found.putAt > found.retainMs) return { kind: 'absent' };
      if (found.bytes.byteLength > maxBytes)
        return { kind: 'unknown', why: `${name} is larger than ${maxBytes} bytes` };
      return { kind: 'found', bytes: Uint8Array.from(found.bytes) };
    },
    sweep: async ({ blobAgeMs, signal }) => {
      if (signal.aborted) return { kind: 'swept', entries: 0, blobs: 0 };
      const before = { entries: entries.size, blobs: blobs.size };
      for (const name of [...entries.keys()]) live(name);
      for (const [name, { putAt, retainMs }] of [...blobs]) {
        if (now() - putAt > Math.min(blobAgeMs, retainMs)) blobs.delete(name);
      }
      return {
        kind: 'swept',
        entries: before.entries - entries.size,
        blobs: before.blobs - blobs.size,
      };
    },
    close: async () => {},
  };
}
