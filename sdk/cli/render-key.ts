import { createHash } from 'node:crypto';
import type { KeyPartDescription, RunKeyDescription } from '../index.ts';
import { counted } from './counted.ts';
import { oneLine } from './tame.ts';

/** Parts that are made of files, of which there may be thousands. */
const OF_FILES: ReadonlySet<string> = new Set(['code', 'packages']);
const DIGITS = 12;

/** The key in words, for a terminal. @param options.all Whether every file is shown. */
export function renderKey(described: RunKeyDescription, options: { readonly all: boolean }): string {
  const known = described.parts.filter(({ digest }) => digest !== null);
  const unknown = described.parts.filter(({ digest }) => digest === null);
  return [
    ...headOf(described),
    // Without a key, its head has said why.
    ...(described.kind === 'none' ? [] : unknown.flatMap((part) => ['', ...blockOf(part, options.all)])),
    ...known.flatMap((part) => ['', ...blockOf(part, options.all)]),
    '',
  ].join('\n');
}

function headOf({ kind, digest, why, target, parts }: RunKeyDescription): string[] {
  const writes = target === undefined ? [] : [`Writes to: ${oneLine(targetInWords(target))}`];
  if (kind !== 'none') return [`Key: ${oneLine(digest ?? '')} (${kind})`, ...writes];
  const reasons = why.map((reason) => `  ${oneLine(reason)}`);
  // A command that has no key has none by another name either.
  const wayOut = parts.length === 0 ? [] : ['Or name the run yourself: --idempotency-key <key>.'];
  return ['There is no key:', ...reasons, ...wayOut, ...writes];
}

function blockOf(part: KeyPartDescription, all: boolean): string[] {
  const { name, digest, why, items, leftOut } = part;
  const head =
    digest === null ? `not known: ${oneLine(why ?? 'no reason is told')}` : digest.slice(0, DIGITS);
  return [
    `${oneLine(name)}  ${head}${digest === null ? '' : `  ${counted(items.length, 'item')}`}`,
    ...(OF_FILES.has(name) && !all ? foldersOf(items) : items.map(lineOf)),
    ...leftOut.map((left) => `  left out: ${oneLine(left.name)}: ${oneLine(left.why)}`),
  ];
}

type Item = KeyPartDescription['items'][number];

function lineOf({ name, value }: Item): string {
  const shown = /^[0-9a-f]{40,}$/.test(value) ? value.slice(0, DIGITS) : oneLine(value);
  return `  ${oneLine(name)}: ${shown === '' ? '(nothing)' : shown}`;
}

/** One line for each top-level folder; files beside them stand alone. */
function foldersOf(items: readonly Item[]): string[] {
  const folders = Map.groupBy(items, ({ name }) => (name.includes('/') ? name.split('/', 1)[0] : undefined));
  return [...folders].flatMap(([folder, inside]) => {
    if (folder === undefined) return inside.map(lineOf);
    const digest = createHash('sha256').update(JSON.stringify(inside)).digest('hex').slice(0, DIGITS);
    return [`  ${oneLine(folder)}/: ${digest} (${counted(inside.length, 'file')})`];
  });
}

/** It comes as pairs of names and values, as JSON; what does not is shown as it is. */
function targetInWords(target: string): string {
  try {
    const pairs = JSON.parse(target) as readonly (readonly [string, string])[];
    return pairs.map(([name, value]) => `${name} ${value}`).join(', ');
  } catch {
    return target;
  }
}
