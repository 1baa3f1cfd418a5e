import type { DedupNotice, Explanation, Phrase } from '../explain/explanation.ts';
import { count } from '../explain/format.ts';
import { NAMED_DIFFERENCES } from '../explain/key-differences.ts';
import { cut, plainLine } from './plain-text.ts';
import { type Paint, wrapped } from './terminal.ts';

/** A terminal has no part that opens on a click. */
const LISTED_DIFFERENCES = 10;

/** A sentence of pieces on one line: an address stands behind what it is the address of. */
export function phrasesInText(pieces: readonly Phrase[]): string {
  return plainLine(
    pieces.map(({ text, url }) => cut(text, 300) + (url === undefined ? '' : ` (${cut(url, 500)})`)).join(''),
  );
}

/** What stands right below the title of a run that did not run itself; undefined for one that did. */
export function standInLines({ dedup }: Explanation, paint: Paint, width: number): string[] | undefined {
  if (dedup === undefined || dedup.kind === 'executed') return undefined;
  const lead = wrapped(phrasesInText(dedup.lead), width, '  ');
  if (dedup.kind === 'skipped-in-flight') return lead;
  const { title, result } = dedup.follows;
  return [
    ...lead,
    ...dedup.files.flatMap((file) => wrapped(phrasesInText(file), width, '  ')),
    '',
    ...wrapped(`${paint.bold(`${title}:`)} ${plainLine(cut(result, 600))}`, width),
  ];
}

/** Why a run was executed although there is a ledger. */
export function dedupLines({ dedup }: Explanation, paint: Paint, width: number): string[] {
  if (dedup?.kind !== 'executed') return [];
  const { title, lead, unknown, caution } = dedup;
  return [
    ...wrapped(`${paint.bold(`${title}:`)} ${phrasesInText(lead)}`, width),
    ...unknown.flatMap(({ input, why }) =>
      wrapped(`${phrasesInText(input)}: ${plainLine(cut(why, 500))}`, width, '  '),
    ),
    ...differenceLines(dedup),
    ...(caution === undefined ? [] : wrapped(`${paint.yellow('! Ledger:')} ${caution}`, width)),
  ];
}

function differenceLines(dedup: Extract<DedupNotice, { kind: 'executed' }>): string[] {
  const { differences, differenceCount } = dedup;
  if (differenceCount <= NAMED_DIFFERENCES) return [];
  const shown = differences.slice(0, LISTED_DIFFERENCES);
  const rest = differenceCount - shown.length;
  return [
    ...shown.map(({ what, how }) => `  ${how.padEnd(9)}  ${phrasesInText(what)}`),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
  ];
}
