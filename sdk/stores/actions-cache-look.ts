import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { again } from '../github/again.ts';
import { inWords } from '../github/cache-outcome.ts';
import type { CacheRpc } from '../github/cache-rpc.ts';
import { download, type TransferOptions } from '../github/signed-url.ts';
import { type Content, MAX_CONTENT_BYTES, parseContent } from './object-content.ts';

const FIRST_PAUSE_MS = 100;
const SLOWEST_PAUSE_MS = 5000;
/** Numbers beyond the newest one that a lookup asks for: those of them that were given up are skipped. */
const LOOKS_AHEAD = 3;
const DIGITS = 10;

export interface LookOptions extends TransferOptions {
  /** Longest that a lookup is taken to be behind. Milliseconds. */
  readonly patienceMs: number;
}

/** One version of an entry. It never changes. */
export interface Seen {
  readonly number: number;
  /** Of all its bytes, which no two writes have in common. */
  readonly digest: string;
  readonly content: Content;
  /** By the service's clock. */
  readonly writtenAtMs: number;
}

export type Looked =
  /** `dateMs`: now, by the service's clock. */
  | { readonly kind: 'looked'; readonly seen: Seen | undefined; readonly dateMs: number }
  | { readonly kind: 'unknown'; readonly why: string };

export interface Versions {
  /** The newest version there is, as far as it can be seen; never one before the newest that was seen here. */
  look(base: string): Promise<Looked>;
  /** Waits until a version of this number or a later one is seen; `never`: for as long as patience goes. */
  awaitNumber(base: string, number: number): Promise<Looked | { readonly kind: 'never' }>;
  /** Notes what was written here. */
  note(base: string, seen: Seen): void;
}

/** The key of one version. All numbers have one length, so that no key begins with another. */
export function keyOf(base: string, number: number): string {
  return `${base}@${String(number).padStart(DIGITS, '0')}`;
}

/** What keys of all versions begin with, and no key of another entry: names have no @. */
export function anyOf(base: string): string {
  return `${base}@`;
}

/** Undefined for a key of something else. */
export function numberOf(base: string, key: string): number | undefined {
  const digits = key.startsWith(anyOf(base)) ? key.slice(base.length + 1) : '';
  return digits.length === DIGITS && /^\d+$/.test(digits) ? Number(digits) : undefined;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/** Pauses between looks at what is not seen yet. */
export function pauses(patienceMs: number, signal: AbortSignal): () => Promise<boolean> {
  const until = performance.now() + patienceMs;
  let pauseMs = FIRST_PAUSE_MS;
  return async () => {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return false;
    await delay(Math.min(leftMs, pauseMs * (0.5 + Math.random())), undefined, { signal });
    pauseMs = Math.min(SLOWEST_PAUSE_MS, pauseMs * 1.5);
    return true;
  };
}

/**
 * Finds the newest versions of entries. A lookup may show less than is there, and less than the one before it did. So
 * what was once seen stands until the service has shown something else for longer than lookups are ever behind: then
 * it has been evicted.
 */
export function versionsOf(rpc: CacheRpc, options: LookOptions): Versions {
  const { patienceMs, signal } = options;
  const known = new Map<string, { readonly seen: Seen; readonly checkedAt: number }>();
  const note = (base: string, seen: Seen): void =>
    void known.set(base, { seen, checkedAt: performance.now() });

  async function look(base: string): Promise<Looked> {
    const pause = pauses(patienceMs, signal);
    for (;;) {
      const before = known.get(base);
      const last = before?.seen;
      const lookup = await find(base, last?.number);
      if (lookup.kind === 'unknown') return lookup;
      const { dateMs, number = 0 } = lookup;
      if (last === undefined && number === 0) return { kind: 'looked', seen: undefined, dateMs };
      const stands: Looked = { kind: 'looked', seen: last, dateMs };
      const isFresh = before !== undefined && performance.now() - before.checkedAt < patienceMs;
      if (isFresh && number <= (last?.number ?? 0)) return stands;
      let shown: Seen | undefined;
      if (lookup.url !== undefined) {
        const loaded = await load(lookup.url, number);
        if (loaded.kind === 'unknown') return loaded;
        shown = loaded.seen;
      }
      const isSame = shown !== undefined && shown.digest === last?.digest;
      const isNewer = shown !== undefined && (last === undefined || shown.number > last.number);
      if (shown !== undefined && (isSame || isNewer)) {
        note(base, shown);
        if (isSame) return { kind: 'looked', seen: shown, dateMs };
        // There may be newer ones still.
        continue;
      }
      if (isFresh) return stands;
      if (await pause()) continue;
      if (shown === undefined) known.delete(base);
      else note(base, shown);
      return { kind: 'looked', seen: shown, dateMs };
    }
  }

  async function find(base: string, newest: number | undefined): Promise<Lookup> {
    const ahead =
      newest === undefined
        ? []
        : Array.from({ length: LOOKS_AHEAD }, (_, at) => keyOf(base, newest + at + 1));
    const { answer } = await again(() => rpc.find([...ahead, anyOf(base)]), patienceMs, signal);
    if (answer.kind === 'absent') return { kind: 'lookup', dateMs: answer.dateMs };
    if (answer.kind !== 'found') return { kind: 'unknown', why: inWords(answer) };
    const number = numberOf(base, answer.key);
    if (number === undefined)
      return { kind: 'unknown', why: 'the Actions cache found something that was not asked for' };
    return { kind: 'lookup', number, url: answer.url, dateMs: answer.dateMs };
  }

  async function load(url: string, number: number): Promise<Loaded> {
    const { answer } = await again(() => download(url, MAX_CONTENT_BYTES, options), patienceMs, signal);
    // Evicted between the two requests.
    if (answer.kind === 'gone') return { kind: 'loaded', seen: undefined };
    if (answer.kind === 'too-large')
      return { kind: 'unknown', why: 'the entry is larger than any of this version' };
    if (answer.kind !== 'downloaded') return { kind: 'unknown', why: inWords(answer) };
    const { bytes, writtenAtMs } = answer;
    const content = parseContent(bytes);
    if (content === undefined)
      return { kind: 'unknown', why: 'the entry has a shape this version does not know' };
    if (Number.isNaN(writtenAtMs)) return { kind: 'unknown', why: 'the answer has no time of writing' };
    return { kind: 'loaded', seen: { number, digest: digestOf(bytes), content, writtenAtMs } };
  }

  return {
    look,
    note,
    awaitNumber: async (base, number) => {
      const pause = pauses(patienceMs, signal);
      for (;;) {
        const looked = await look(base);
        if (looked.kind === 'unknown' || (looked.seen?.number ?? 0) >= number) return looked;
        if (!(await pause())) return { kind: 'never' };
      }
    },
  };
}

type Lookup =
  | { readonly kind: 'lookup'; readonly number?: number; readonly url?: string; readonly dateMs: number }
  | { readonly kind: 'unknown'; readonly why: string };

type Loaded =
  | { readonly kind: 'loaded'; readonly seen: Seen | undefined }
  | { readonly kind: 'unknown'; readonly why: string };
