import type { DedupStore } from '../dedup/store.ts';
import { atMost } from '../util/waiting.ts';
import { openLedger } from './dedup/begin.ts';
import type { RunContext } from './run-context.ts';

const CLOSING_MS = 3000;

/** The stores of one run: whatever is kept at one address shares one. */
export interface OpenedStores {
  open(where: DedupStore | string, githubToken: string | undefined): Promise<DedupStore>;
  /** Closes those that nobody else does. Throws nothing. */
  close(): Promise<void>;
}

export function openedStores(run: RunContext): OpenedStores {
  const opened = new Map<DedupStore | string, Promise<DedupStore>>();
  return {
    open(where, githubToken) {
      const before = opened.get(where);
      if (before !== undefined) return before;
      const opening = openLedger(run, { store: where, githubToken }).then((store) => {
        if (store.folder !== undefined) run.storeFolders.push(store.folder);
        return store;
      });
      opened.set(where, opening);
      return opening;
    },
    async close() {
      const closing = [...opened.values()].map(async (opening) => (await opening).close());
      await atMost(CLOSING_MS, Promise.allSettled(closing), undefined);
    },
  };
}
