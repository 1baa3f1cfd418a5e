import { again } from './again.ts';
import type { PutOutcome } from './cache-outcome.ts';
import type { CacheRpc } from './cache-rpc.ts';
import { type TransferOptions, upload } from './signed-url.ts';

export interface PutOptions extends TransferOptions {
  /**
   * After this long from the reservation on, it is given up rather than finished: others may have stopped waiting for
   * it. Milliseconds.
   */
  readonly finishWithinMs: number;
  /** Longest that the service may ask to wait. Milliseconds. */
  readonly maxWaitMs: number;
}

/**
 * Makes an entry: reserves its key, uploads the bytes, and finishes it at once. The reservation decides who wins. It is
 * never held for longer than that takes: nobody can see whose it is, and nothing can undo it.
 */
export async function putEntry(
  rpc: CacheRpc,
  key: string,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutOutcome> {
  let elapsed = stopwatch();
  const { answer: reserved } = await again(
    () => {
      elapsed = stopwatch();
      return rpc.create(key);
    },
    options.maxWaitMs,
    options.signal,
  );
  // Whatever became of the reservation, nobody else has its address: it cannot become an entry.
  if (reserved.kind === 'ambiguous') return { kind: 'unavailable', why: reserved.why };
  if (reserved.kind !== 'reserved') return reserved;
  const leftMs = (): number => options.finishWithinMs - elapsed();
  const waitMs = (): number => Math.min(options.maxWaitMs, leftMs());
  const { answer: sent } = await again(() => upload(reserved.url, bytes, options), waitMs(), options.signal);
  if (sent.kind !== 'uploaded') return { kind: 'burned', why: whyOf(sent) };
  const { answer, mayBeDone } = await again(
    async () => {
      if (leftMs() > 0) return rpc.finalize(key, bytes.byteLength);
      return { kind: 'unavailable' as const, why: 'writing to the Actions cache took too long' };
    },
    waitMs(),
    options.signal,
  );
  if (answer.kind === 'finalized') return { kind: 'won', writtenAtMs: sent.writtenAtMs };
  // It may be refused because an earlier try was carried out.
  if (mayBeDone || answer.kind === 'ambiguous') return { kind: 'ambiguous', why: whyOf(answer) };
  return { kind: 'burned', why: whyOf(answer) };
}

function whyOf(answer: { readonly kind: string; readonly why?: string }): string {
  return answer.why ?? answer.kind;
}

/** The clock that only grows may stand still while a machine sleeps, and the other one may be set: the longer counts. */
function stopwatch(): () => number {
  const [ticks, time] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - ticks, Date.now() - time);
}
