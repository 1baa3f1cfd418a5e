/** What the cache service keeps: entries that are made once, each in the scope of a branch. */
export interface CacheEntry {
  readonly scope: string;
  readonly key: string;
  readonly version: string;
  /** Grows with every reservation. */
  readonly id: number;
  readonly blocks: Map<string, Buffer>;
  blob: { readonly bytes: Buffer; readonly writtenAtMs: number } | undefined;
  isFinalized: boolean;
}

/** What a token may do, in the order in which scopes are looked through. */
export interface Scopes {
  readonly readable: readonly string[];
  readonly writable: string | undefined;
}

/** Whether a lookup by a whole key, or by how keys begin, shows a finished entry yet; the next one may not. */
export type IsShown = (entry: CacheEntry, by: 'key' | 'prefix') => boolean;

export interface CacheEntries {
  readonly all: () => readonly CacheEntry[];
  byId(id: number): CacheEntry | undefined;
  /** Undefined when the key is taken, by an entry or by a reservation. */
  reserve(scope: string, key: string, version: string): CacheEntry | undefined;
  reserved(scope: string, key: string, version: string): CacheEntry | undefined;
  /** An exact key before one that begins with it; the newest of those; the first scope that has any. */
  find(
    scopes: readonly string[],
    keys: readonly string[],
    version: string,
    isShown: IsShown,
  ): CacheEntry | undefined;
  /** Forgets entries and reservations whose key begins with this. */
  evict(keyPrefix: string): number;
}

export function cacheEntries(): CacheEntries {
  const entries = new Map<string, CacheEntry>();
  let last = 0;
  const idOf = (scope: string, key: string, version: string): string => JSON.stringify([scope, key, version]);

  return {
    all: () => [...entries.values()],
    byId: (id) => [...entries.values()].find((entry) => entry.id === id),
    reserve: (scope, key, version) => {
      const at = idOf(scope, key, version);
      if (entries.has(at)) return undefined;
      last += 1;
      const entry: CacheEntry = {
        ...{ scope, key, version, id: last },
        blocks: new Map(),
        blob: undefined,
        isFinalized: false,
      };
      entries.set(at, entry);
      return entry;
    },
    reserved: (scope, key, version) => {
      const entry = entries.get(idOf(scope, key, version));
      return entry?.isFinalized === false ? entry : undefined;
    },
    find: (scopes, keys, version, isShown) => {
      const finished = [...entries.values()]
        .filter((entry) => entry.isFinalized && entry.version === version)
        .sort((a, b) => b.id - a.id);
      for (const scope of scopes) {
        const here = finished.filter((entry) => entry.scope === scope);
        for (const key of keys) {
          const found =
            here.find((entry) => entry.key === key && isShown(entry, 'key')) ??
            here.find((entry) => entry.key.startsWith(key) && isShown(entry, 'prefix'));
          if (found !== undefined) return found;
        }
      }
      return undefined;
    },
    evict: (keyPrefix) => {
      let count = 0;
      for (const [at, { key }] of [...entries])
        if (key.startsWith(keyPrefix) && entries.delete(at)) count += 1;
      return count;
    },
  };
}

const READ = 1;
const WRITE = 2;

/** A token of a run, which nobody signed: the service of the tests reads its claim and leaves the proof to others. */
export function cacheToken(writable: string | undefined, ...readable: readonly string[]): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const ac = [
    ...(writable === undefined ? [] : [{ Scope: writable, Permission: READ | WRITE }]),
    ...readable.map((scope) => ({ Scope: scope, Permission: READ })),
  ];
  return `${part({ alg: 'none' })}.${part({ ac: JSON.stringify(ac) })}.`;
}

/** Undefined for a token that is none. */
export function scopesOf(authorization: string | undefined): Scopes | undefined {
  try {
    const claims = authorization?.replace(/^Bearer /, '').split('.')[1] ?? '';
    const { ac } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly ac: string };
    const all = JSON.parse(ac) as readonly { readonly Scope: string; readonly Permission: number }[];
    return {
      readable: all.filter(({ Permission }) => (Permission & READ) !== 0).map(({ Scope }) => Scope),
      writable: all.find(({ Permission }) => (Permission & WRITE) !== 0)?.Scope,
    };
  } catch {
    return undefined;
  }
}
