import { isAbsolute } from 'node:path';
import { splitWords } from '../plan/split-words.ts';
import { normalizeName } from '../runtimes/package-versions.ts';

/** What one line of requirements asks for. */
export type Asked =
  | {
      readonly kind: 'package';
      /** Normalised, e.g. `dbt-core`. */
      readonly name: string;
      /** e.g. `==1.11.2` or `>=1,<2`, without blanks; empty where there is none. */
      readonly version: string;
      /** Normalised and sorted, e.g. `glue` and `md` of `dbt-duckdb[md,glue]`. */
      readonly extras?: readonly string[];
      /** Instead of a version: where it is had from. */
      readonly address?: string;
      /** When it is installed, e.g. `python_version < "3.12"`. */
      readonly marker?: string;
      /** e.g. `sha256:…`, sorted. */
      readonly hashes: readonly string[];
    }
  | { readonly kind: 'place'; readonly place: string; readonly isEditable: boolean }
  | { readonly kind: 'file'; readonly path: string; readonly isConstraint: boolean }
  | { readonly kind: 'option'; readonly name: string; readonly value?: string };

/** Long names by what people write. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  ...{ '-r': '--requirement', '--requirement': '--requirement' },
  ...{ '-c': '--constraint', '--constraint': '--constraint' },
  ...{ '-e': '--editable', '--editable': '--editable' },
  ...{ '-i': '--index-url', '--index-url': '--index-url', '--pypi-url': '--index-url' },
  ...{ '-f': '--find-links', '--find-links': '--find-links' },
  ...{ '-C': '--config-settings', '--config-settings': '--config-settings' },
  '--extra-index-url': '--extra-index-url',
  '--no-binary': '--no-binary',
  '--only-binary': '--only-binary',
  '--trusted-host': '--trusted-host',
  '--use-feature': '--use-feature',
  '--hash': '--hash',
  '--global-option': '--global-option',
};
const FLAGS: ReadonlySet<string> = new Set(['--no-index', '--prefer-binary', '--require-hashes', '--pre']);

/** Options uv passes over. */
export const PIP_ONLY: ReadonlySet<string> = new Set([
  ...['--pre', '--prefer-binary', '--trusted-host', '--use-feature', '--config-settings', '--global-option'],
]);

const NAMED = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(.*)$/s;
const CLAUSE = /^(?:===|==|~=|!=|<=|>=|<|>)[^\s,;=<>!~()@]+$/;

/** @throws Error with what is wrong about it, not quoting it. */
export function readLine(line: string): Asked[] {
  const at = line.search(/(?:^|\s)-/);
  const [head, options] =
    at === -1 ? [line, []] : [line.slice(0, at).trim(), readOptions(splitWords(line.slice(at)))];
  if (head === '') return options.map(asAsked);
  const hashes = options.filter(({ name }) => name === '--hash').map(({ value = '' }) => value);
  const others = options.filter(({ name }) => name !== '--hash').map(asAsked);
  return [readRequirement(head, hashes.sort()), ...others];
}

interface Option {
  readonly name: string;
  readonly value?: string;
}

function readOptions(words: readonly string[]): Option[] {
  const found: Option[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const long = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word);
    const short = /^(-[a-zA-Z])(.*)$/s.exec(word);
    const written = long?.[1] ?? short?.[1] ?? word;
    const attached = long === null ? short?.[2] || undefined : long[2];
    const name = Object.hasOwn(WITH_VALUE, written) ? WITH_VALUE[written] : undefined;
    if (name !== undefined) {
      if (attached === undefined) at += 1;
      const value = attached ?? words[at];
      if (value === undefined || value === '') throw new Error(`${written} needs a value`);
      found.push({ name, value });
    } else if (FLAGS.has(written) && attached === undefined) {
      found.push({ name: written });
    } else {
      throw new Error(
        written.startsWith('-')
          ? `the option ${written} is not one that stands in requirements`
          : 'something follows an option that belongs to none',
      );
    }
  }
  return found;
}

function asAsked({ name, value }: Option): Asked {
  if (name === '--requirement' || name === '--constraint')
    return { kind: 'file', path: value ?? '', isConstraint: name === '--constraint' };
  if (name === '--editable') return { kind: 'place', place: value ?? '', isEditable: true };
  return { kind: 'option', name, ...(value === undefined ? {} : { value }) };
}

function readRequirement(text: string, hashes: readonly string[]): Asked {
  if (isPlace(text)) return { kind: 'place', place: text, isEditable: false };
  const [, written, inBrackets, rest = ''] = NAMED.exec(text) ?? [];
  if (written === undefined) throw new Error('it begins with no name of a package');
  const named = { name: normalizeName(written), ...extrasOf(inBrackets) };
  if (rest.startsWith('@')) {
    const [, address = '', marker] = /^@\s*(\S+)(?:\s+;\s*(.*))?$/s.exec(rest) ?? [];
    if (address === '') throw new Error('an address must follow the @');
    return { kind: 'package', ...named, version: '', address, hashes, ...markerOf(marker) };
  }
  const semicolon = rest.indexOf(';');
  const clauses = semicolon === -1 ? rest : rest.slice(0, semicolon);
  const version = clauses.replaceAll(/\s+/g, '').replace(/^\((.*)\)$/, '$1');
  const isClauses =
    version === '' ||
    version
      .replace(/,$/, '')
      .split(',')
      .every((one) => CLAUSE.test(one));
  if (!isClauses || /[^\s,(]\s+[^\s,)<>=!~]/.test(clauses.replaceAll(/([<>=!~])\s+/g, '$1')))
    throw new Error('what follows the name is no version, such as ==1.11.2');
  const marker = semicolon === -1 ? undefined : rest.slice(semicolon + 1);
  return { kind: 'package', ...named, version, hashes, ...markerOf(marker) };
}

function extrasOf(inBrackets = ''): { readonly extras?: readonly string[] } {
  const names = inBrackets.replaceAll(/[[\]\s]/g, '').split(',');
  const extras = [...new Set(names.filter((name) => name !== '').map(normalizeName))].sort();
  return extras.length === 0 ? {} : { extras };
}

function markerOf(text: string | undefined): { readonly marker?: string } {
  const marker = text?.trim() ?? '';
  return marker === '' ? {} : { marker };
}

/** An address or a path without a name before it. */
function isPlace(text: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ||
    /^file:/i.test(text) ||
    /^\.{1,2}(?:$|[\\/[])/.test(text) ||
    isAbsolute(text) ||
    /^[^@;<>=!~\s]*[\\/]/.test(text) ||
    /^[^@;<>=!~\s]+\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)$/i.test(text)
  );
}
