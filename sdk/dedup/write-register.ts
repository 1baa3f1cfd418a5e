import type { DedupRequest, Places } from './coordinator.ts';
import { placeDigest } from './names.ts';
import type { DedupStore } from './store.ts';
import { type LastWriterAnswer, lastWriter, noteWriting, noteWritten, noteWrote } from './target-writers.ts';

/** Longer than records usually live: that someone wrote must not be forgotten before what it makes worthless. */
const KEPT_MS = 400 * 24 * 3_600_000;
/** More places than any project has; without a bound a record would not fit its entry. */
const MAX_PLACES = 500;

/** What a run noted of the places that are known before dbt starts, each by the digest of its name. */
export interface NotedPlaces {
  /** Where it writes. */
  readonly writes: readonly string[];
  /** What it only reads, and who had written there last; undefined where somebody wrote, or that could not be told. */
  readonly reads: ReadonlyMap<string, string | undefined>;
  /** As of `performance.now()`. */
  readonly beganMs: number;
}

/** What a run has noted about the places it writes to. */
export interface WriteRegister {
  readonly noted: NotedPlaces;
  /**
   * Notes that the run writes to these places as well, which showed only now.
   * @returns The digests of all places that are noted as written to. One that could not be noted is missing.
   */
  note(places: readonly string[]): Promise<readonly string[]>;
  /**
   * Notes that the run has ended, and where it wrote.
   * @param complete False for a run that was stopped, or whose result is not kept.
   * @returns Who has to be the last writer of each place for the result to stand; undefined where it stands for nothing:
   *   someone wrote meanwhile to what it read, or that cannot be told.
   */
  close(places: Places | undefined, complete: boolean): Promise<Readonly<Record<string, string>> | undefined>;
}

/** Where a register is kept. */
type Kept = Pick<DedupRequest, 'store' | 'policy'>;

/**
 * Notes that a run is about to write to its targets, or remembers who wrote last to what it reads.
 * @returns undefined when the store could not be told.
 */
export async function openRegister(
  request: Kept & Pick<DedupRequest, 'targets' | 'writes'>,
  token: string,
  heirOf?: string,
): Promise<WriteRegister | undefined> {
  const beganMs = performance.now();
  const { store, writes } = request;
  const targets = [...new Set(request.targets.map(placeDigest))];
  const reads = new Map<string, string | undefined>();
  if (writes) {
    const retainMs = retainOf(request);
    const answers = await Promise.all(
      targets.map((target) => noteWriting(store, target, token, retainMs, heirOf)),
    );
    if (answers.includes('unknown')) return undefined;
  } else {
    for (const target of targets) reads.set(target, settledWriter(await lastWriter(store, target)));
  }
  return registerOf(request, token, { writes: writes ? targets : [], reads, beganMs }, heirOf);
}

/** A register that was opened before, here or elsewhere. */
export function registerOf(kept: Kept, token: string, noted: NotedPlaces, heirOf?: string): WriteRegister {
  const { store } = kept;
  const retainMs = retainOf(kept);
  const before = new Set(noted.writes);
  return {
    noted,
    note: async (places) => {
      const more = [...new Set(places.map(placeDigest))].filter((place) => !before.has(place));
      if (before.size + more.length > MAX_PLACES) return [...before];
      await Promise.all(
        more.map(async (place) => {
          if ((await noteWriting(store, place, token, retainMs, heirOf)) === 'noted') before.add(place);
        }),
      );
      return [...before];
    },
    close: async (places = { wrote: [], read: [] }, complete) => {
      const sinceMs = performance.now() - noted.beganMs;
      const wrote = new Set(places.wrote.map(placeDigest).filter((place) => !before.has(place)));
      const read = new Set(
        [...noted.reads.keys(), ...places.read.map(placeDigest)].filter(
          (place) => !before.has(place) && !wrote.has(place),
        ),
      );
      await Promise.all([
        ...[...before].map((place) => noteWritten(store, place, token, retainMs, complete)),
        ...[...wrote].map((place) => noteWrote(store, place, token, retainMs, { complete, sinceMs })),
      ]);
      if (!complete || before.size + wrote.size + read.size > MAX_PLACES) return undefined;
      const writers: Record<string, string> = {};
      for (const place of [...before, ...wrote]) writers[place] = token;
      return (await addReaders(store, noted, [...read], writers, sinceMs)) ? writers : undefined;
    },
  };
}

/** False where someone has written meanwhile to what was read, or that cannot be told. */
async function addReaders(
  store: DedupStore,
  { reads }: NotedPlaces,
  places: readonly string[],
  writers: Record<string, string>,
  sinceMs: number,
): Promise<boolean> {
  const answers = await Promise.all(
    places.map(async (place) => [place, await lastWriter(store, place)] as const),
  );
  return answers.every(([place, last]) => {
    const writer = settledWriter(last);
    const isNew = last.kind === 'found' && last.ageMs <= sinceMs;
    const isAsBefore = reads.has(place) ? reads.get(place) === writer : !isNew;
    if (writer === undefined || !isAsBefore) return false;
    writers[place] = writer;
    return true;
  });
}

function retainOf({ policy }: Pick<DedupRequest, 'policy'>): number {
  return Math.max(policy.retentionMs, KEPT_MS);
}

/** Who wrote last, in a word; undefined while someone writes, or where that cannot be told. */
export function settledWriter(last: LastWriterAnswer): string | undefined {
  if (last.kind === 'none') return 'none';
  return last.kind === 'found' && last.writer.phase === 'written' ? last.writer.token : undefined;
}
