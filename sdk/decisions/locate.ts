import type { ManifestNode } from '../artifacts/types.ts';
import type { SourceLocation } from './decision.ts';
import { locateInYaml } from './locate-yaml.ts';

export interface LocateInput {
  /** dbt's message; absent for a failure that has none. */
  readonly message?: string | undefined;
  /** dbt's `original_file_path`. */
  readonly originalFilePath: string;
  /** The file's text. Without it no line is claimed. */
  readonly fileText?: string | undefined;
  /** The manifest's node: needed to find a declaration in YAML. */
  readonly node?: ManifestNode | undefined;
}

/**
 * Where to look, as exactly as it is known. A database counts the lines of compiled SQL, so the line it quotes is
 * looked for in the user's file, and none is claimed unless it stands there exactly once.
 */
export function locateFailure(input: LocateInput): SourceLocation {
  const path = normalPath(input.originalFilePath);
  const line =
    input.fileText === undefined ? undefined : lineOf({ ...input, path, fileText: input.fileText });
  return line === undefined ? { path } : { path, line };
}

/** dbt's paths with forward slashes and without `./` in front. */
export function normalPath(path: string): string {
  return path.replaceAll('\\', '/').replace(/^\.\//, '');
}

function lineOf(input: LocateInput & { path: string; fileText: string }): number | undefined {
  if (/\.ya?ml$/i.test(input.path)) {
    return input.node === undefined ? undefined : locateInYaml(input.fileText, input.node);
  }
  const message = input.message ?? '';
  // The first line names the file an error is in. It may be a macro's, of which this text is not.
  const blamed = /^[^\n]* in [^\n]*\(([^()\n]+\.\w+)\)/.exec(message)?.[1];
  if (blamed !== undefined && normalPath(blamed) !== input.path) return undefined;
  return templateLine(message, input.fileText) ?? quotedLine(message, input.fileText);
}

/** Jinja's `line N`. dbt strips the white space around a file first, so its lines begin where the text does. */
function templateLine(message: string, fileText: string): number | undefined {
  const match = /^\s*line (\d+)\s*$/m.exec(message);
  if (match?.[1] === undefined) return undefined;
  const blankAhead = /^\s*/.exec(fileText)?.[0] ?? '';
  const line = Number(match[1]) + blankAhead.split('\n').length - 1;
  return line >= 1 && line <= fileText.split('\n').length ? line : undefined;
}

/** `LINE 19: ...text...`, as Postgres and DuckDB quote the line of compiled SQL that is wrong. */
function quotedLine(message: string, fileText: string): number | undefined {
  const quoted = /^\s*LINE \d+: ?(.*)$/m.exec(message)?.[1]?.trim();
  if (quoted === undefined) return undefined;
  const text = quoted
    .replace(/^\.\.\./, '')
    .replace(/\.\.\.$/, '')
    .trim();
  if (!/\w/.test(text)) return undefined;
  const lines = fileText.split('\n').map((line) => line.trim());
  const cut = text !== quoted;
  return (cut ? undefined : onlyOne(lines, (line) => line === text)) ?? partOfOne(lines, text);
}

/** A part of a line is taken for it only when it is long enough to mean something. */
function partOfOne(lines: readonly string[], text: string): number | undefined {
  if (text.length < 8 || lines.some((line) => line === text)) return undefined;
  return onlyOne(lines, (line) => line.includes(text));
}

function onlyOne(lines: readonly string[], matches: (line: string) => boolean): number | undefined {
  const first = lines.findIndex(matches);
  if (first < 0 || lines.slice(first + 1).some(matches)) return undefined;
  return first + 1;
}
