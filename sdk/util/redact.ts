const MASK = '***';

/** Starring out secrets in text and in a stream of bytes. */
export interface Redactor {
  /** The text with every secret replaced by `***`. */
  text(value: string): string;
  /** Every string inside a JSON-like value, keys included. Same value when there is nothing to hide. */
  deep<T>(value: T): T;
  /** A filter for one stream of bytes. Bytes are held back only while they may be the beginning of a secret. */
  stream(): ByteFilter;
}

export interface ByteFilter {
  push(chunk: Buffer): Buffer;
  end(): Buffer;
}

/**
 * @param secrets Values to hide. A value of several lines is hidden line by line as well, since logs are read by
 *   line; blank ones and single characters are ignored, as hiding those would hide everything.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const values = spellings(secrets);
  if (values.length === 0) return IDENTITY;
  const pattern = new RegExp(values.map(escapeRegExp).join('|'), 'g');
  const text = (value: string): string => value.replace(pattern, MASK);
  return {
    text,
    deep: (value) => deep(value, text),
    stream: () => byteFilter(values.map((value) => Buffer.from(value))),
  };
}

const IDENTITY: Redactor = {
  text: (value) => value,
  deep: (value) => value,
  stream: () => ({ push: (chunk) => chunk, end: () => Buffer.alloc(0) }),
};

/** Longest first, so that a secret that contains another one goes as a whole. */
function spellings(secrets: readonly string[]): string[] {
  const all = new Set<string>();
  for (const secret of secrets) {
    for (const part of [secret, ...secret.split(/\r?\n/)]) {
      const value = part.trim();
      if (value.length < 2) continue;
      all.add(value);
      all.add(JSON.stringify(value).slice(1, -1));
      // A lone surrogate has no URL form.
      if (value.isWellFormed()) all.add(encodeURIComponent(value));
    }
  }
  return [...all].sort((a, b) => b.length - a.length);
}

function deep<T>(value: T, text: (value: string) => string): T {
  if (typeof value === 'string') return text(value) as T;
  if (Array.isArray(value)) return value.map((item) => deep(item, text)) as T;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), deep(item, text)])) as T;
  }
  return value;
}

function byteFilter(secrets: readonly Buffer[]): ByteFilter {
  let held = Buffer.alloc(0);
  const mask = Buffer.from(MASK);

  const filter = (data: Buffer, isEnd: boolean): Buffer => {
    const out: Buffer[] = [];
    let from = 0;
    let open = openFrom(data, from);
    for (;;) {
      const hit = nextHit(data, from, secrets);
      // A longer secret that begins at or before this one may still be on its way.
      if (hit === undefined || (!isEnd && hit.at >= open)) break;
      out.push(data.subarray(from, hit.at), mask);
      from = hit.at + hit.length;
      if (from > open) open = openFrom(data, from);
    }
    const until = isEnd ? data.length : open;
    out.push(data.subarray(from, until));
    held = Buffer.from(data.subarray(until));
    return Buffer.concat(out);
  };
  const openFrom = (data: Buffer, from: number): number =>
    data.length - openPrefix(data.subarray(from), secrets);

  return {
    push: (chunk) => filter(held.length === 0 ? chunk : Buffer.concat([held, chunk]), false),
    end: () => filter(held, true),
  };
}

function nextHit(
  data: Buffer,
  from: number,
  secrets: readonly Buffer[],
): { at: number; length: number } | undefined {
  let best: { at: number; length: number } | undefined;
  for (const secret of secrets) {
    const at = data.indexOf(secret, from);
    if (at !== -1 && (best === undefined || at < best.at)) best = { at, length: secret.length };
  }
  return best;
}

/** Length of the longest end of `data` that is a beginning of a secret. */
function openPrefix(data: Buffer, secrets: readonly Buffer[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, data.length); length > longest; length -= 1) {
      if (data.subarray(data.length - length).equals(secret.subarray(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}

function escapeRegExp(value: string): string {
  return value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
