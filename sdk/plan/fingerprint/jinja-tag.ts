export interface JinjaToken {
  readonly kind: 'name' | 'string' | 'other';
  /** As written; of a string with its quotes. */
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
}

const TOKEN =
  /(\s+)|([\p{L}\p{Nl}_][\p{L}\p{N}\p{M}\p{Pc}]*)|('(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*")|[\s\S]/uy;
const OPENS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/**
 * The tokens of the `{{ … }}` or `{% … %}` that begins at `open`, and where it ends: as in Jinja neither inside a string
 * nor inside brackets. Without an end, the rest of the text is the tag.
 */
export function readTag(
  text: string,
  open: number,
): { readonly tokens: readonly JinjaToken[]; readonly end: number } {
  const close = text.startsWith('{%', open) ? '%}' : '}}';
  const tokens: JinjaToken[] = [];
  const brackets: string[] = [];
  let at = open + 2;
  while (at < text.length) {
    if (brackets.length === 0 && text.startsWith(close, at)) return { tokens, end: at + 2 };
    TOKEN.lastIndex = at;
    const [whole = '', space, name, string] = TOKEN.exec(text) ?? [];
    const closing = OPENS.get(whole);
    if (closing !== undefined) brackets.push(closing);
    else if (brackets.at(-1) === whole) brackets.pop();
    if (space === undefined) {
      tokens.push({
        kind: name !== undefined ? 'name' : string !== undefined ? 'string' : 'other',
        text: whole,
        at,
      });
    }
    at += Math.max(whole.length, 1);
  }
  return { tokens, end: text.length };
}

const PLAIN: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\n': '' };

/** A string's value. An escape not worked out here stays as it is, backslash included. */
export function decodeString(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g,
      (whole, two?: string, four?: string, char?: string) => {
        const code = two ?? four;
        if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
        if (char === undefined) return whole;
        if (char === '\\' || char === "'" || char === '"') return char;
        return PLAIN[char] ?? whole;
      },
    );
}
