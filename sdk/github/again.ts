import { setTimeout as delay } from 'node:timers/promises';
import type { CacheTrouble } from './cache-outcome.ts';

const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 250;

/**
 * Asks anew where the answer was lost, and where the service says when it can be asked again.
 * @param maxWaitMs Longest that the service may ask to wait, all in all.
 * @param signal Ends the waiting; its reason is thrown.
 * @returns The last answer, and whether an earlier try may have been carried out.
 */
export async function again<T extends { readonly kind: string }>(
  ask: () => Promise<T | CacheTrouble>,
  maxWaitMs: number,
  signal: AbortSignal,
): Promise<{ readonly answer: T | CacheTrouble; readonly mayBeDone: boolean }> {
  const until = performance.now() + maxWaitMs;
  let mayBeDone = false;
  for (let tries = 1; ; ) {
    const answer = await ask();
    const trouble = answer as CacheTrouble;
    if (trouble.kind === 'rate-limited' && performance.now() + trouble.retryAfterMs <= until) {
      await delay(trouble.retryAfterMs + Math.random() * FIRST_PAUSE_MS, undefined, { signal });
    } else if (trouble.kind === 'ambiguous' && tries < MAX_TRIES) {
      mayBeDone = true;
      await delay(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random()), undefined, { signal });
      tries += 1;
    } else return { answer, mayBeDone };
  }
}
