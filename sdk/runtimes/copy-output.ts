import type { Redactor } from '../util/redact.ts';

/**
 * How long nothing may come after the program has ended before its output counts as over: a process it left behind
 * may hold it open for ever. Also how long a stopped run waits for whoever takes the output.
 */
export const DRAIN_MS = 1000;

export interface OutputCopy {
  /** Resolves when all is handed over, or given up. Never rejects. */
  readonly done: Promise<void>;
  /** The program has ended: from now on silence means that nothing more comes. */
  sourceExited(): void;
  /** Waits for nobody any more. */
  giveUp(): void;
}

/**
 * Copies a stream into another, byte for byte but for secrets, at the speed that one takes it, as a pipe between the
 * two would. A sink that breaks or goes away (`| head`) is left out from then on.
 * @param keep Gets every byte as well.
 */
export function copyOutput(
  from: NodeJS.ReadableStream,
  to: NodeJS.WritableStream | undefined,
  redactor: Redactor,
  keep: (chunk: Buffer) => void,
): OutputCopy {
  const filter = redactor.stream();
  let sink = to;
  let exited = false;
  let gaveUp = false;
  /** What the wait that is under way does when the program exits, and when it is given up. */
  let waiting: { onExit?: () => void; onGiveUp?: () => void } = {};

  const nextChunk = async (chunks: AsyncIterator<unknown>): Promise<Buffer | undefined> => {
    if (gaveUp) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      const startTimer = (): void => {
        timer = setTimeout(resolve, DRAIN_MS, undefined);
      };
      waiting = { onExit: startTimer, onGiveUp: () => resolve(undefined) };
      if (exited) startTimer();
    });
    const chunk = chunks.next().then(
      ({ done, value }) => (done === true ? undefined : (value as Buffer)),
      () => undefined,
    );
    const next = await Promise.race([chunk, silence]);
    clearTimeout(timer);
    waiting = {};
    return next;
  };

  const emit = async (chunk: Buffer): Promise<void> => {
    if (chunk.length === 0) return;
    keep(chunk);
    if (sink === undefined || gaveUp) return;
    if (isGone(sink)) sink = undefined;
    else if (!sink.write(chunk)) await room(sink);
  };

  const room = (stream: NodeJS.WritableStream): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        stream.off('drain', done).off('error', done).off('close', done);
        waiting = {};
        resolve();
      };
      stream.on('drain', done).on('error', done).on('close', done);
      waiting = { onGiveUp: done };
      if (isGone(stream)) done();
    });

  const copy = async (): Promise<void> => {
    const release = guardErrors(to, () => {
      sink = undefined;
    });
    const chunks = from[Symbol.asyncIterator]();
    for (;;) {
      const chunk = await nextChunk(chunks);
      if (chunk === undefined) break;
      await emit(filter.push(chunk));
    }
    await emit(filter.end());
    release();
  };

  return {
    done: copy(),
    sourceExited: () => {
      exited = true;
      waiting.onExit?.();
    },
    giveUp: () => {
      gaveUp = true;
      waiting.onGiveUp?.();
    },
  };
}

function isGone(stream: NodeJS.WritableStream): boolean {
  return stream.writable === false || (stream as { destroyed?: boolean }).destroyed === true;
}

/** One listener a stream for all that is copied into it: a process may run many dbts at once. */
const guarded = new WeakMap<NodeJS.WritableStream, { listeners: Set<() => void>; onError: () => void }>();

/** Without a listener an error of a stream would end this process. @returns Ends the guarding. */
function guardErrors(stream: NodeJS.WritableStream | undefined, onBroken: () => void): () => void {
  if (stream === undefined) return () => undefined;
  let guard = guarded.get(stream);
  if (guard === undefined) {
    const listeners = new Set<() => void>();
    const onError = (): void => {
      for (const listener of listeners) listener();
    };
    guard = { listeners, onError };
    guarded.set(stream, guard);
    stream.on('error', onError);
  }
  const { listeners, onError } = guard;
  listeners.add(onBroken);
  return () => {
    listeners.delete(onBroken);
    if (listeners.size > 0) return;
    stream.off('error', onError);
    guarded.delete(stream);
  };
}
