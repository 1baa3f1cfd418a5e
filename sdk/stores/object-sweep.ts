import type { SweepAnswer, SweepOptions } from '../dedup/store.ts';
import { shuffled } from '../util/shuffled.ts';
import type { Looked } from './object-lease.ts';
import type { ListedObject, ObjectService } from './object-service.ts';
import type { Trouble } from './within.ts';

/** Dead entries are cleared away when they have been so for this long. */
export const DEAD_KEPT_MS = 24 * 3_600_000;
/** Objects that are asked for at the same time. */
export const READS_AT_ONCE = 16;

export interface SweptObjects {
  readonly service: ObjectService;
  /** What the keys of entries, and of blobs, begin with. */
  readonly entriesRoot: string;
  readonly blobsRoot: string;
  readonly look: (key: string) => Promise<Looked>;
  readonly ask: <T>(action: (signal: AbortSignal) => Promise<T>) => Promise<T | Trouble>;
}

/**
 * Entries go by their retention, by a delete that names the version; who writes to one that has been dead for long
 * writes twice, since some services check and delete in two steps.
 *
 * Blobs go by their age. A blob that is put again while it is cleared away stays on
 * Google's service. On S3, where a delete cannot name a time of writing, one put in between the last look at its age
 * and its delete is lost: it was in no record for a day or more until then, and a run that misses it executes.
 */
export async function sweepObjects(
  { service, entriesRoot, blobsRoot, look, ask }: SweptObjects,
  { blobAgeMs, signal }: SweepOptions,
): Promise<SweepAnswer> {
  let [entries, blobs] = [0, 0];
  const request = <T>(action: (signal: AbortSignal) => Promise<T>): Promise<T | Trouble> =>
    ask((own) => action(AbortSignal.any([own, signal])));
  const isDone = (action: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> =>
    request(action).then(
      (answer) => answer === true,
      () => false,
    );

  /** Visits those last put longer ago than that, a page at a time. Answers why the service did not tell, where so. */
  async function old(
    root: string,
    ageMs: number,
    visit: (objects: readonly ListedObject[]) => Promise<void> | void,
  ): Promise<string | undefined> {
    let next: string | undefined;
    do {
      if (signal.aborted) return undefined;
      const page = await request((one) => service.list(root, next, one));
      if (page.kind === 'unknown') return signal.aborted ? undefined : page.why;
      await visit(page.objects.filter((object) => object.ageMs !== undefined && object.ageMs > ageMs));
      next = page.next;
    } while (next !== undefined);
    return undefined;
  }
  async function each(
    objects: readonly ListedObject[],
    action: (object: ListedObject) => Promise<void>,
  ): Promise<void> {
    for (let from = 0; from < objects.length && !signal.aborted; from += READS_AT_ONCE)
      await Promise.all(objects.slice(from, from + READS_AT_ONCE).map(action));
  }

  const candidates: ListedObject[] = [];
  const trouble =
    (await old(blobsRoot, blobAgeMs, (found) =>
      each(found, async (object) => {
        if (await isDone((one) => service.removeOld(object, blobAgeMs, one))) blobs += 1;
      }),
    )) ?? (await old(entriesRoot, DEAD_KEPT_MS, (found) => void candidates.push(...found)));
  if (trouble !== undefined) return { kind: 'unknown', why: trouble };
  // Each must be read, and in no order, so that sweeps that are always stopped early come by all of them in time.
  await each(shuffled(candidates), async ({ key }) => {
    const found = await look(key);
    if (found.kind !== 'dead' || found.deadMs <= DEAD_KEPT_MS) return;
    if (await isDone((one) => service.remove(key, found.tag, one))) entries += 1;
  });
  return { kind: 'swept', entries, blobs };
}
