import { decodeString, type JinjaToken, readTag } from './jinja-tag.ts';

/** What of the environment a text asks for. */
export interface Mentions {
  /** Names that stand in a call as plain text. */
  readonly names: ReadonlySet<string>;
  /** 1-based lines where which variable is read only shows when dbt runs. */
  readonly unclear: readonly number[];
  /** Whether every `DBT_ENV_CUSTOM_ENV_*` is read. */
  readonly readsMetadata: boolean;
}

/** Text that has none of these asks for nothing. */
export const MENTION_WORDS = ['env_var', 'dbt_metadata_envs'] as const;

/** How text outside of tags counts. */
export type TextKind =
  /** A file: only if something puts it into a tag later, so calls with a plain name count, and the rest is prose. */
  | 'file'
  /** A value in a YAML file: dbt puts what looks like a call as a whole into a tag. */
  | 'yaml'
  /** A string inside a tag: may be a piece of a template. */
  | 'string';

const CALL_TEXT = /(?<!\w)env_var\s*\(\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*[,)]/y;
const LOOKS_LIKE_CALL = /^\s*(?:env_var|ref|var|source|doc)\s*\([\s\S]+\)\s*$/;

/**
 * Finds `env_var()` in a Jinja template as dbt reads it. Comments are left out and nothing else: SQL comments are
 * rendered, and a string may become a template later.
 */
export function scanTemplate(text: string, kind: TextKind): Mentions {
  const names = new Set<string>();
  const unclear: number[] = [];
  let readsMetadata = false;
  const lineAt = lineCounter(text);

  const add = (inner: Mentions, line: number): void => {
    for (const name of inner.names) names.add(name);
    unclear.push(...inner.unclear.map((at) => line + at - 1));
    readsMetadata ||= inner.readsMetadata;
  };
  const plain = (from: number, until: number): void => {
    const part = text.slice(from, until);
    if (part.includes('dbt_metadata_envs') && kind !== 'file') readsMetadata = true;
    for (const { index } of part.matchAll(/(?<!\w)env_var(?!\w)/g)) {
      CALL_TEXT.lastIndex = index;
      const call = CALL_TEXT.exec(part);
      const name = call?.[1] ?? call?.[2];
      if (name !== undefined) names.add(name);
      else if (isCode(text, part.slice(index + 'env_var'.length), kind)) unclear.push(lineAt(from + index));
    }
  };
  const code = (tokens: readonly JinjaToken[]): void => {
    for (const [at, token] of tokens.entries()) {
      if (token.kind === 'string') {
        const value = decodeString(token.text);
        if (value.trim() === 'env_var') unclear.push(lineAt(token.at));
        else if (MENTION_WORDS.some((word) => value.includes(word)))
          add(scanTemplate(value, 'string'), lineAt(token.at));
      } else if (token.text === 'dbt_metadata_envs') {
        readsMetadata = true;
      } else if (token.text === 'env_var') {
        const name = literalArgument(tokens, at);
        if (name === undefined) unclear.push(lineAt(token.at));
        else names.add(name);
      }
    }
  };

  let at = 0;
  while (at < text.length) {
    const open = nextTag(text, at);
    plain(at, open);
    if (open === text.length) break;
    if (text.startsWith('{#', open)) {
      const end = text.indexOf('#}', open + 2);
      if (end !== -1) {
        at = end + 2;
        continue;
      }
      // dbt refuses a comment without an end; better too much than too little.
    }
    const raw = /\{%[-+]?\s*raw\s*[-+]?%\}([\s\S]*?)(?:\{%[-+]?\s*endraw\s*[-+]?%\}|$)/y;
    raw.lastIndex = open;
    const block = raw.exec(text);
    if (block !== null) {
      // Not rendered here, but perhaps later.
      add(scanTemplate(block[1] ?? '', 'string'), lineAt(open));
      at = raw.lastIndex;
      continue;
    }
    const tag = readTag(text, open);
    code(tag.tokens);
    at = tag.end;
  }
  return { names, unclear, readsMetadata };
}

function nextTag(text: string, from: number): number {
  const pattern = /\{[{%#]/g;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

/** Whether a mention outside of tags, which is no call with a plain name, can be a call at all. */
function isCode(whole: string, behind: string, kind: TextKind): boolean {
  if (kind === 'file') return false;
  if (kind === 'yaml') return LOOKS_LIKE_CALL.test(whole);
  // `env_var()` in a message to people says nothing.
  return /^\s*\((?!\s*\))/.test(behind);
}

/** `('NAME')` or `('NAME', …)` after a token: the name. */
function literalArgument(tokens: readonly JinjaToken[], at: number): string | undefined {
  const [open, name, behind] = tokens.slice(at + 1, at + 4);
  if (open?.text !== '(' || name?.kind !== 'string') return undefined;
  if (behind?.kind !== 'other' || (behind.text !== ',' && behind.text !== ')')) return undefined;
  const value = decodeString(name.text);
  // An escape that was not worked out.
  return value.includes('\\') ? undefined : value;
}

function lineCounter(text: string): (at: number) => number {
  let [line, counted] = [1, 0];
  return (at) => {
    if (at < counted) [line, counted] = [1, 0];
    for (; counted < at; counted += 1) if (text.charCodeAt(counted) === 10) line += 1;
    return line;
  };
}
