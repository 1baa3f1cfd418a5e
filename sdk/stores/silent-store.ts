import type { DedupStore, StoreGuarantees } from '../dedup/store.ts';
import { unlisted } from '../dedup/store-trouble.ts';

/** A store that cannot be had here, and says why to whoever asks. What then becomes of a run is up to its policy. */
export function silentStore(kind: string, scope: StoreGuarantees['scope'], why: string): DedupStore {
  const unknown = async () => ({ kind: 'unknown', why }) as const;
  const refused = async () => ({ kind: 'unknown', why, refused: true }) as const;
  return {
    kind,
    guarantees: { scope, renews: false, durable: true },
    unusable: true,
    read: unknown,
    write: refused,
    // biome-ignore lint/correctness/useYield: there is nothing to list
    async *list() {
      throw unlisted(kind, why);
    },
    remove: refused,
    putBlob: refused,
    getBlob: unknown,
    sweep: unknown,
    close: async () => undefined,
  };
}
