import type { Backslash, QuoteRule } from './dialects.ts';

/** Where the quoted text that opens here ends; undefined where it does not, or where that hangs on a setting. */
export function quotedEnd(
  text: string,
  at: number,
  rule: QuoteRule,
  backslash: Backslash = rule.backslash,
): number | undefined {
  const quote = text.charAt(at);
  const triple = rule.tripled && text.startsWith(quote.repeat(3), at);
  const closing = triple ? quote.repeat(3) : quote;
  for (let i = at + closing.length; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\' && backslash !== 'plain') {
      const next = text.charAt(i + 1);
      if (backslash === 'doubtful' && next === quote) return undefined;
      if (!triple && !rule.mayHoldLineEnds && /[\r\n]/.test(next)) return undefined;
      if (backslash === 'escapes' || next === '\\') i++;
    } else if (char === quote) {
      if (rule.doubled && text[i + 1] === quote) i++;
      else if (text.startsWith(closing, i)) return i + closing.length;
    } else if (!triple && !rule.mayHoldLineEnds && (char === '\n' || char === '\r')) {
      return undefined;
    }
  }
  return undefined;
}

const tagged = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/** The opening of a dollar quote (`$$` or `$tag$`) that starts here, if one does. */
export function dollarOpening(
  text: string,
  at: number,
  kind: 'none' | 'untagged' | 'tagged',
): string | undefined {
  if (kind === 'none' || text[at] !== '$') return undefined;
  if (kind === 'untagged') return text.startsWith('$$', at) ? '$$' : undefined;
  tagged.lastIndex = at;
  return tagged.exec(text)?.[0];
}
