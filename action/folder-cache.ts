import { AsyncLocalStorage } from 'node:async_hooks';
import type { FolderCache } from '../sdk/index.ts';

export interface FolderCacheOptions {
  /** Told at most once, in one line, why the cache could not be used. */
  readonly tell: (trouble: string) => void;
  /** Longest wait for the answer whether a folder is there. Default 15 s: GitHub's client tries for a minute. */
  readonly lookUpMs?: number;
  /** Longest wait for a folder to be saved. Default 3 minutes. */
  readonly saveMs?: number;
}

const LOOK_UP_MS = 15_000;
const SAVE_MS = 180_000;
/** For 128 MiB of a download. */
const SEGMENT_MS = 60_000;

/**
 * GitHub's own client as a cache of folders. It is loaded when it is needed, and what it prints is not shown: in a log
 * that reads no workflow commands its debug messages would stand as they are.
 */
export function actionsFolderCache(options: FolderCacheOptions): FolderCache {
  const { lookUpMs = LOOK_UP_MS, saveMs = SAVE_MS } = options;
  let told = false;
  const trouble = (why: string): void => {
    if (!told) options.tell(why.replaceAll(/\s+/g, ' ').trim());
    told = true;
  };

  return {
    restore: async (folder, key) => {
      try {
        const cache = await import('@actions/cache');
        if (!cache.isFeatureAvailable()) return false;
        const limits = { segmentTimeoutInMs: SEGMENT_MS };
        // A question may be left unanswered; a folder that is being written must not be left to itself.
        const found = await atMost(
          lookUpMs,
          quietly(() => cache.restoreCache([folder], key, [], { ...limits, lookupOnly: true })),
        );
        if (found === undefined) {
          trouble(`The Actions cache did not answer within ${lookUpMs / 1000} s`);
          return false;
        }
        if (found.complaint !== undefined) trouble(`The Actions cache could not be read: ${found.complaint}`);
        if (found.result !== key) return false;
        const { result, complaint } = await quietly(() => cache.restoreCache([folder], key, [], limits));
        if (complaint !== undefined) trouble(`The Actions cache could not be read: ${complaint}`);
        return result === key;
      } catch (error) {
        trouble(`The Actions cache could not be read: ${String(error)}`);
        return false;
      }
    },

    save: async (folder, key) => {
      try {
        const cache = await import('@actions/cache');
        if (!cache.isFeatureAvailable()) return;
        const saved = await atMost(
          saveMs,
          quietly(() => cache.saveCache([folder], key)),
        );
        if (saved === undefined)
          trouble(`The Actions cache took longer than ${saveMs / 1000} s to save a folder`);
        else if (saved.complaint !== undefined)
          trouble(`The Actions cache could not be written: ${saved.complaint}`);
      } catch (error) {
        trouble(`The Actions cache could not be written: ${String(error)}`);
      }
    },
  };
}

/** Undefined when it takes longer; it then goes on unheard. */
async function atMost<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined);
  });
  // Its end may come when nobody waits for it any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Heard {
  complaint: string | undefined;
}

/** By what asked for it, so that all others go on printing. */
const heardBy = new AsyncLocalStorage<Heard>();
let listening = 0;
let unmuffled: typeof process.stdout.write | undefined;

/** Runs what prints to stdout without its output, and tells the first warning or error among it. */
async function quietly<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly complaint: string | undefined }> {
  const heard: Heard = { complaint: undefined };
  if (listening === 0) muffle();
  listening += 1;
  try {
    const result = await heardBy.run(heard, work);
    return { result, complaint: heard.complaint };
  } finally {
    listening -= 1;
    if (listening === 0 && unmuffled !== undefined) process.stdout.write = unmuffled;
  }
}

function muffle(): void {
  const write = process.stdout.write;
  unmuffled = write;
  const listen = (...args: Parameters<typeof write>): boolean => {
    const heard = heardBy.getStore();
    if (heard === undefined) return write.apply(process.stdout, args);
    heard.complaint ??= complaintIn(String(args[0]));
    const done = args.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  process.stdout.write = listen as typeof write;
}

/** The first line of a warning or an error. */
function complaintIn(text: string): string | undefined {
  const data = /^::(?:warning|error)[^:]*::(.*)/m.exec(text)?.[1];
  return data?.split(/%0[AD]/)[0]?.replaceAll('%25', '%');
}
