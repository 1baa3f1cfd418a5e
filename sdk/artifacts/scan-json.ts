/**
 * What is wrong with a text that JSON.parse refused.
 * - `truncated`: a proper beginning of JSON that ends too early.
 * - `malformed`: no JSON from the character at `position` (0-based) on.
 * - `non-finite`: JSON but for NaN, Infinity or -Infinity, which Python writes; `text` has null in their place.
 */
export type JsonFault =
  | { readonly kind: 'truncated' }
  | { readonly kind: 'malformed'; readonly position: number }
  | { readonly kind: 'non-finite'; readonly text: string };

/** Only for texts that JSON.parse refused. One pass, no recursion: memory is a bit for each level of nesting. */
export function findJsonFault(text: string): JsonFault {
  const length = text.length;
  const open = levels();
  const kept: string[] = [];
  let keptUpTo = 0;
  let state: 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'done' = 'value';

  for (let i = 0; ; ) {
    while (isSpace(text.charCodeAt(i))) i += 1;
    if (i >= length) break;
    const char = text[i];
    const malformed = { kind: 'malformed', position: i } as const;
    let end: number | undefined;

    if (state === 'done') return malformed;
    if (state === 'colon') {
      if (char !== ':') return malformed;
      state = 'value';
      end = i + 1;
    } else if (state === 'comma-or-end' && char === ',') {
      state = open.top() === 'object' ? 'key' : 'value';
      end = i + 1;
    } else if (char === '}' || char === ']') {
      const closes = char === '}' ? 'object' : 'list';
      const mayEnd =
        state === 'comma-or-end' || state === (closes === 'object' ? 'key-or-end' : 'value-or-end');
      if (!mayEnd || open.top() !== closes) return malformed;
      open.pop();
      state = open.top() === undefined ? 'done' : 'comma-or-end';
      end = i + 1;
    } else if (state === 'key' || state === 'key-or-end') {
      if (char !== '"') return malformed;
      end = skipString(text, i);
      state = 'colon';
    } else if (state === 'comma-or-end') {
      return malformed;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? 'object' : 'list');
      state = char === '{' ? 'key-or-end' : 'value-or-end';
      end = i + 1;
    } else {
      const nonFinite = NON_FINITE.find((word) => text.startsWith(word, i));
      if (nonFinite !== undefined) {
        kept.push(text.slice(keptUpTo, i));
        end = i + nonFinite.length;
        keptUpTo = end;
      } else if (char === '"') {
        end = skipString(text, i);
      } else {
        end = skipWord(text, i) ?? skipNumber(text, i);
      }
      state = open.top() === undefined ? 'done' : 'comma-or-end';
    }
    if (end === undefined) return malformed;
    if (end === CUT_OFF) return { kind: 'truncated' };
    i = end;
  }
  if (state !== 'done') return { kind: 'truncated' };
  kept.push(text.slice(keptUpTo));
  return { kind: 'non-finite', text: kept.join('null') };
}

const NON_FINITE = ['NaN', 'Infinity', '-Infinity'];
const WORDS = ['true', 'false', 'null', ...NON_FINITE];
const LONGEST_WORD = 9;

/** In place of an end: the text stops before the token does. */
const CUT_OFF = -1;

function skipWord(text: string, start: number): number | undefined {
  const next = text.slice(start, start + LONGEST_WORD);
  for (const word of WORDS) {
    if (next.startsWith(word)) return start + word.length;
    if (word.startsWith(next)) return CUT_OFF;
  }
  return undefined;
}

function skipNumber(text: string, start: number): number | undefined {
  let i = text[start] === '-' ? start + 1 : start;
  const whole = text[i] === '0' ? i + 1 : skipDigits(text, i);
  if (whole === i) return undefined;
  i = whole;
  if (text[i] === '.') {
    const fraction = skipDigits(text, i + 1);
    if (fraction === i + 1) return fraction === text.length ? CUT_OFF : undefined;
    i = fraction;
  }
  if (text[i] === 'e' || text[i] === 'E') {
    const sign = text[i + 1] === '+' || text[i + 1] === '-' ? 1 : 0;
    const exponent = skipDigits(text, i + 1 + sign);
    if (exponent === i + 1 + sign) return exponent === text.length ? CUT_OFF : undefined;
    i = exponent;
  }
  return i;
}

function skipDigits(text: string, start: number): number {
  let i = start;
  while (isDigit(text.charCodeAt(i))) i += 1;
  return i;
}

function skipString(text: string, start: number): number | undefined {
  for (let i = start + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code < 0x20) return undefined;
    if (code !== 0x5c) continue;
    i += 1;
    if (i >= text.length) return CUT_OFF;
    if (text[i] === 'u') {
      for (const last = i + 4; i < last; ) {
        i += 1;
        if (i >= text.length) return CUT_OFF;
        if (!isHexDigit(text.charCodeAt(i))) return undefined;
      }
    } else if (!'"\\/bfnrt'.includes(text[i] ?? ' ')) {
      return undefined;
    }
  }
  return CUT_OFF;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

type Level = 'object' | 'list';

/** The brackets that are open, one bit each: a hostile file is nothing but brackets. */
function levels() {
  let bits = new Uint8Array(64);
  let depth = 0;
  return {
    push(level: Level): void {
      const byte = depth >> 3;
      if (byte === bits.length) {
        const larger = new Uint8Array(bits.length * 2);
        larger.set(bits);
        bits = larger;
      }
      const mask = 1 << (depth & 7);
      bits[byte] = level === 'object' ? (bits[byte] ?? 0) | mask : (bits[byte] ?? 0) & ~mask;
      depth += 1;
    },
    pop(): void {
      depth -= 1;
    },
    top(): Level | undefined {
      if (depth === 0) return undefined;
      const last = depth - 1;
      return ((bits[last >> 3] ?? 0) & (1 << (last & 7))) === 0 ? 'list' : 'object';
    },
  };
}
