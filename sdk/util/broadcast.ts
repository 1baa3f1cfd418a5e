/** Values handed to any number of readers, each from the moment it subscribes. */
export interface Broadcast<T> {
  emit(value: T): void;
  /** Ends every reader; with an error, each throws it after its last value. */
  end(error?: Error): void;
  /** A reader. Values that were emitted before it was made are not repeated. */
  subscribe(): AsyncIterableIterator<T>;
}

export function createBroadcast<T>(): Broadcast<T> {
  interface Reader {
    queue: T[];
    wake: (() => void) | undefined;
  }
  const readers = new Set<Reader>();
  let ended: { error?: Error } | undefined;

  const wakeAll = (): void => {
    for (const reader of readers) reader.wake?.();
  };

  return {
    emit: (value) => {
      for (const reader of readers) {
        reader.queue.push(value);
        reader.wake?.();
      }
    },
    end: (error) => {
      ended ??= error === undefined ? {} : { error };
      wakeAll();
    },
    subscribe: () => {
      const reader: Reader = { queue: [], wake: undefined };
      readers.add(reader);
      async function* read(): AsyncGenerator<T, undefined> {
        try {
          for (;;) {
            const batch = reader.queue;
            reader.queue = [];
            yield* batch;
            if (reader.queue.length > 0) continue;
            if (ended !== undefined) break;
            await new Promise<void>((resolve) => {
              reader.wake = resolve;
            });
            reader.wake = undefined;
          }
          if (ended.error !== undefined) throw ended.error;
        } finally {
          readers.delete(reader);
        }
        return undefined;
      }
      return read();
    },
  };
}
