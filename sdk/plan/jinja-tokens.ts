export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'symbol';
  /** Of a string its value, without quotes. */
  readonly text: string;
}

const PATTERNS: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /\s+/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /(?:0|[1-9]\d{0,14})(?![\w.])/y],
  ['string', /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y],
  ['symbol', /==|!=|[()|,.~+]/y],
];

/** The pieces of a Jinja expression; undefined when it has any this package does not work with. */
export function tokenize(expression: string): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    const found = matchAt(expression, at);
    if (found === undefined) return undefined;
    at += found.text.length;
    if (found.kind === 'space') continue;
    const text = found.kind === 'string' ? unquote(found.text) : found.text;
    if (text === undefined) return undefined;
    tokens.push({ kind: found.kind, text });
  }
  return tokens;
}

function matchAt(source: string, at: number): { kind: Token['kind'] | 'space'; text: string } | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match !== null) return { kind, text: match[0] };
  }
  return undefined;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
]);

function unquote(quoted: string): string | undefined {
  let isPlain = true;
  const value = quoted.slice(1, -1).replace(/\\([\s\S])/g, (_, char: string) => {
    const meant = ESCAPES.get(char);
    if (meant === undefined) isPlain = false;
    return meant ?? '';
  });
  return isPlain ? value : undefined;
}
