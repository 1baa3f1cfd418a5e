import type { DedupStore } from '../dedup/store.ts';
import type { StateIndex, StatePlace } from './kept-state.ts';
import { indexName, parseIndex } from './state-index.ts';

export type StatesAnswer =
  | { readonly kind: 'read'; readonly index: StateIndex }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

/** What is kept of a place. What the store does not tell, or nobody can read, is `unknown`, never `absent`. */
export async function readStates(store: DedupStore, place: StatePlace): Promise<StatesAnswer> {
  const read = await store.read(indexName(place));
  return read.kind === 'found' ? parseIndex(read.entry.value) : read;
}
