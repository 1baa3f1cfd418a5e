import { readFile } from 'node:fs/promises';
import {
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type YAMLParseError,
  type ErrorCode as YamlErrorCode,
} from 'yaml';
import { DbtRunCacheError } from '../errors.ts';

export interface YamlFile {
  readonly path: string;
  /** The parser here stumbled where dbt's may not: nothing of the content is known, and only dbt can tell. */
  readonly isDoubtful: boolean;
  /** The content as plain data; the root is a map, empty when doubtful. */
  readonly root: Readonly<Record<string, unknown>>;
  /** 1-based line of the value at these keys, or of the nearest thing above it. */
  lineOf(...keys: readonly string[]): number | undefined;
  /** How the number, word or text at these keys is written; undefined where it stands somewhere else. */
  sourceOf(...keys: readonly string[]): string | undefined;
}

/** Larger than any such file is; a larger one was given by mistake. */
const MAX_BYTES = 16 << 20;

/** The YAML rules dbt has: version 1.1, and a repeated key replaces. */
export const DBT_YAML = {
  version: '1.1',
  uniqueKeys: false,
  strict: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;
/** More aliases than a file of dbt's has, fewer than would fill the memory. */
export const DBT_ALIASES = { maxAliasCount: 10_000 } as const;

/**
 * Reads a configuration file of dbt's, by dbt's YAML rules.
 * Errors never quote the file, which may hold passwords: not in the message and not in a cause.
 * @returns undefined when there is no such file.
 * @throws DbtRunCacheError with `code` when it cannot be read, is no YAML, or its root is no map.
 */
export async function readYamlFile(
  path: string,
  code: 'project-invalid' | 'profile-invalid',
): Promise<YamlFile | undefined> {
  const text = await readText(path, code);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, {
    ...DBT_YAML,
    lineCounter: lines,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    if (mayBeFineForDbt(error, text))
      return { path, isDoubtful: true, root: {}, lineOf: () => undefined, sourceOf: () => undefined };
    const { line, col } = lines.linePos(error.pos[0]);
    throw invalid(code, `${path}:${line}:${col}`, causeOf(error));
  }
  let root: unknown;
  try {
    root = document.toJS(DBT_ALIASES);
  } catch {
    // Aliases that contain themselves, or far too many of them.
    return { path, isDoubtful: true, root: {}, lineOf: () => undefined, sourceOf: () => undefined };
  }
  if (!isMap(root))
    throw invalid(code, path, root === null ? 'the file is empty' : 'its content is not a map');
  return {
    path,
    isDoubtful: false,
    root,
    lineOf: (...keys) => {
      for (let depth = keys.length; depth > 0; depth -= 1) {
        const node: unknown = document.getIn(keys.slice(0, depth), true);
        const start = isNode(node) ? node.range?.[0] : undefined;
        if (start !== undefined) return lines.linePos(start).line;
      }
      return undefined;
    },
    sourceOf: (...keys) => {
      const node: unknown = document.getIn(keys, true);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

/**
 * dbt's parser lets brackets close and quoted text go on (a pasted private key) left of where they began; the one
 * here does not.
 */
function mayBeFineForDbt(error: YAMLParseError, text: string): boolean {
  const rest = text.slice(error.pos[0]);
  if (error.code === 'BAD_INDENT') return error.message.startsWith('Flow ') && /[\]}]/.test(rest);
  if (error.code !== 'MISSING_CHAR') return false;
  const quote = /^Missing closing (['"])/.exec(error.message)?.[1];
  if (quote === undefined) return false;
  const close = quote === '"' ? /^(?:[^"\\]|\\[\s\S])*"(.*)/ : /^(?:[^']|'')*'(?!')(.*)/;
  const behind = close.exec(rest)?.[1];
  return behind !== undefined && /^\s*(?:#.*|[,\]}:].*)?$/.test(behind);
}

async function readText(
  path: string,
  code: 'project-invalid' | 'profile-invalid',
): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    // To dbt a folder of that name is no such file either.
    if (reason === 'ENOENT' || reason === 'ENOTDIR' || reason === 'EISDIR') return undefined;
    throw invalid(code, path, `it cannot be read (${reason ?? 'unknown reason'})`);
  }
  if (bytes.length > MAX_BYTES) throw invalid(code, path, `it is larger than ${MAX_BYTES >> 20} MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(code, path, 'it is not UTF-8 text');
  }
}

/** An error about a configuration file: where, and what is wrong in words of ours. */
export function invalid(
  code: 'project-invalid' | 'profile-invalid',
  where: string,
  what: string,
  hint?: string,
): DbtRunCacheError {
  return new DbtRunCacheError(`${where}: ${what}`, {
    code,
    hint: hint ?? `Correct the file; dbt could not read it either.`,
  });
}

/** The parser's own messages may repeat the text they stumble over. */
const CAUSES: Readonly<Partial<Record<YamlErrorCode, string>>> = {
  BAD_ALIAS: 'an alias (*) names no anchor',
  BAD_DIRECTIVE: 'a directive (%) is malformed',
  BAD_DQ_ESCAPE: 'a double-quoted text holds an unknown escape',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  BAD_SCALAR_START: 'a plain text begins with a character YAML reserves: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a map begins in the middle of a line: put text with ": " in quotes',
  BLOCK_IN_FLOW: 'a block begins inside brackets or braces',
  MISSING_CHAR: 'a quote, bracket, brace, colon or space is missing',
  MULTILINE_IMPLICIT_KEY: 'a key runs over several lines, or a colon is missing after it',
  MULTIPLE_ANCHORS: 'a value has two anchors (&)',
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
  MULTIPLE_TAGS: 'a value has two tags (!)',
  TAB_AS_INDENT: 'a tab is used as indentation: use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!) cannot be resolved',
  UNEXPECTED_TOKEN: 'something stands where YAML does not allow it',
};

/** What a parser's error means, without the file's text. */
export function causeOf(error: YAMLParseError): string {
  return CAUSES[error.code] ?? 'this is not valid YAML';
}

/** Whether a value is a map of keys, as YAML gives it. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A key's value; never one of JavaScript's own. */
export function valueAt(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
