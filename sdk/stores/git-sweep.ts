import type { SweepAnswer, SweepOptions } from '../dedup/store.ts';
import { shuffled } from '../util/shuffled.ts';
import type { Ref } from './git-answers.ts';
import { type GitLedger, type LedgerRefs, SWEEPING_MS } from './git-ledger.ts';
import type { GitService } from './git-service.ts';
import { DEAD_KEPT_MS } from './object-sweep.ts';

/** One sweep reads no more commits than this: a workflow's token has 1000 requests an hour. */
const MAX_READ = 200;
/** Each takes up to three writes, of 80 a minute. */
const MAX_REMOVED = 20;

/**
 * Deletes refs of what nobody uses any more, some at a time. GitHub collects what they pointed to.
 *
 * GitHub deletes a ref whatever it points to. So an entry that has been dead for a day first gets a commit that says
 * that it is being swept, by compare-and-set; whoever wants the name waits until it is gone. A sweep that died in
 * between gives the name back after ten minutes, and sends no delete after half of those: a delete that is on its way
 * for longer than the rest could take away an entry that was made since.
 *
 * A blob goes by its age. One that is put again between the last look at it and its delete is lost: it was in no record
 * for a day or more until then, and a run that misses it executes.
 */
export async function sweepRefs(
  service: GitService,
  ledger: GitLedger,
  refs: LedgerRefs,
  { blobAgeMs, signal }: SweepOptions,
): Promise<SweepAnswer> {
  let [entries, blobs, read] = [0, 0, 0];
  if (signal.aborted) return { kind: 'swept', entries, blobs };

  /** Visits refs in no order, so that sweeps that are always stopped early come by all of them in time. */
  async function each(
    start: string,
    isEnough: () => boolean,
    visit: (ref: Ref, date: number) => Promise<void>,
  ): Promise<string | undefined> {
    const found = await service.findAll(start, signal);
    if (found.kind === 'unknown') return signal.aborted ? undefined : found.why;
    for (const ref of shuffled(found.refs)) {
      if (signal.aborted || isEnough()) return undefined;
      read += 1;
      await visit(ref, found.date);
    }
    return undefined;
  }

  const removed = async (ref: string): Promise<boolean> =>
    !signal.aborted && (await service.remove(ref, signal)).kind === 'done';

  const why =
    (await each(
      refs.blobs,
      () => blobs >= MAX_REMOVED || read >= MAX_READ / 2,
      async ({ ref, sha }, date) => {
        const made = await service.commit(sha, signal);
        if (made.kind !== 'found' || date - made.commit.committedAt - 999 <= blobAgeMs) return;
        const now = await service.find(ref);
        if (now.kind === 'found' && now.sha === sha && (await removed(ref))) blobs += 1;
      },
    )) ??
    (await each(
      refs.entries,
      () => entries >= MAX_REMOVED || read >= MAX_READ,
      async ({ ref, sha }, date) => {
        const found = await ledger.judge(sha, date, signal);
        if (found.kind !== 'dead' || found.deadMs <= DEAD_KEPT_MS || signal.aborted) return;
        const began = performance.now();
        const marked = await ledger.move(ref, { kind: 'sweeping' }, sha);
        if (marked.kind !== 'written' || performance.now() - began > SWEEPING_MS / 2) return;
        // Not given up half-way: whoever wants the name would have to wait.
        if ((await service.remove(ref)).kind === 'done') entries += 1;
      },
    ));
  return why === undefined ? { kind: 'swept', entries, blobs } : { kind: 'unknown', why };
}
