import type { DedupRequest, Places } from './coordinator.ts';
import { placeDigest } from './names.ts';
import { type LastWriterAnswer, lastWriter, noteWriting, noteWritten, noteWrote } from './target-writers.ts';

/** Longer than records usually live: that someone wrote must not be forgotten before what it makes worthless. */
const KEPT_MS = 400 * 24 * 3_600_000;
/** More places than any project has; without a bound a record would not fit its entry. */
const MAX_PLACES = 500;

/** What a run has noted about the places it writes to. */
export interface WriteRegister {
  /**
   * Notes that the run has ended, and where it wrote.
   * @param complete False for a run that was stopped, or whose result is not kept.
   * @returns Who has to be the last writer of each place for the result to stand; undefined where it stands for nothing:
   *   someone wrote meanwhile to what it read, or that cannot be told.
   */
  close(places: Places | undefined, complete: boolean): Promise<Readonly<Record<string, string>> | undefined>;
}

/**
 * Notes that a run is about to write to its targets, or remembers who wrote last to what it reads.
 * @returns undefined when the store could not be told.
 */
export async function openRegister(
  { store, policy, targets, writes }: Pick<DedupRequest, 'store' | 'policy' | 'targets' | 'writes'>,
  token: string,
  heirOf?: string,
): Promise<WriteRegister | undefined> {
  const beganMs = performance.now();
  const retainMs = Math.max(policy.retentionMs, KEPT_MS);
  const before = new Map<string, string | undefined>();
  if (writes) {
    const noted = await Promise.all(
      targets.map((target) => noteWriting(store, target, token, retainMs, heirOf)),
    );
    if (noted.includes('unknown')) return undefined;
  } else {
    for (const target of targets) before.set(target, settledWriter(await lastWriter(store, target)));
  }
  return {
    close: async (places = { wrote: [], read: [] }, complete) => {
      const sinceMs = performance.now() - beganMs;
      const noted = new Set(writes ? targets : []);
      const wrote = new Set(places.wrote.filter((place) => !noted.has(place)));
      const read = new Set(
        [...targets, ...places.read].filter((place) => !noted.has(place) && !wrote.has(place)),
      );
      await Promise.all([
        ...[...noted].map((place) => noteWritten(store, place, token, retainMs, complete)),
        ...[...wrote].map((place) => noteWrote(store, place, token, retainMs, { complete, sinceMs })),
      ]);
      if (!complete || noted.size + wrote.size + read.size > MAX_PLACES) return undefined;
      const writers: Record<string, string> = {};
      for (const place of [...noted, ...wrote]) writers[placeDigest(place)] = token;
      const answers = await Promise.all(
        [...read].map(async (place) => [place, await lastWriter(store, place)] as const),
      );
      for (const [place, last] of answers) {
        const writer = settledWriter(last);
        const isNew = last.kind === 'found' && last.ageMs <= sinceMs;
        const isAsBefore = before.has(place) ? before.get(place) === writer : !isNew;
        if (writer === undefined || !isAsBefore) return undefined;
        writers[placeDigest(place)] = writer;
      }
      return writers;
    },
  };
}

/** Who wrote last, in a word; undefined while someone writes, or where that cannot be told. */
export function settledWriter(last: LastWriterAnswer): string | undefined {
  if (last.kind === 'none') return 'none';
  return last.kind === 'found' && last.writer.phase === 'written' ? last.writer.token : undefined;
}
