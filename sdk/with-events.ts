import { DbtRunCacheError } from './errors.ts';
import type { RunEvent } from './events.ts';
import { createBroadcast } from './util/broadcast.ts';

/**
 * What a call gives that tells events on its way: the promise of its answer, and an async iterable. Each `for await`
 * gets the events from the moment it begins.
 */
export function withEvents<T>(
  execute: (emit: (event: RunEvent) => void) => Promise<T>,
): Promise<T> & AsyncIterable<RunEvent> {
  const broadcast = createBroadcast<RunEvent>();
  const promise = execute(broadcast.emit).then(
    (answer) => {
      broadcast.end();
      return answer;
    },
    (thrown: unknown) => {
      const error = DbtRunCacheError.from(thrown);
      broadcast.end(error);
      throw error;
    },
  );
  return Object.assign(promise, {
    [Symbol.asyncIterator]: () => {
      // Whoever iterates gets the error there; the promise need not be awaited as well.
      promise.catch(() => undefined);
      return broadcast.subscribe();
    },
  });
}
