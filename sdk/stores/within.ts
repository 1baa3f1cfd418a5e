/** What came instead of an answer. `again`: asking once more soon may help. */
export interface Trouble {
  readonly kind: 'unknown';
  readonly why: string;
  readonly again: boolean;
}

/**
 * The answer of `ask`, or trouble after `timeoutMs`: a network may keep silent for ever. The signal tells `ask` that
 * nobody waits for it any more.
 */
export async function within<T>(
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | Trouble> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Trouble>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'unknown', why: `no answer within ${timeoutMs} ms`, again: false });
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([ask(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
