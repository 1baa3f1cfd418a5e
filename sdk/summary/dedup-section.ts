import type { DedupNotice, Explanation, Phrase } from '../explain/explanation.ts';
import { counted } from '../explain/format.ts';
import { listTitle, NAMED_DIFFERENCES } from '../explain/key-differences.ts';
import { bytes, code, details, link, list, paragraph, prose, text } from './markdown.ts';
import type { Page } from './page.ts';
import { cut } from './plain-text.ts';

/** Longest piece of a sentence that came from outside. */
const PIECE_LENGTH = 300;
/** Files of a run that are listed behind a click. */
const LISTED_FILES = 100;
/** Inputs without a value that stand open. */
const OPEN_UNKNOWN = 3;

type Of<Kind extends DedupNotice['kind']> = Extract<DedupNotice, { kind: Kind }>;

/** A sentence of pieces as markdown. */
export function phrases(pieces: readonly Phrase[]): string {
  return pieces
    .map(({ text: raw, code: asCode, url }) => {
      const short = cut(raw, PIECE_LENGTH);
      // Markdown escapes one line at a time and trims it; the blanks between pieces are theirs.
      const [, before = '', after = ''] = /^( ?).*?( ?)$/su.exec(short) ?? [];
      const shown = asCode === true ? code(short) || '(no name)' : text(short);
      return before + link(shown, url) + after;
    })
    .join('');
}

/** What stands right below the title of a run that did not run itself; undefined for one that did. */
export function standIn({ dedup }: Explanation): string | undefined {
  switch (dedup?.kind) {
    case 'replayed':
      return (
        paragraph(phrases(dedup.lead)) +
        paragraph(`**${text(dedup.follows.title)}:** ${prose(cut(dedup.follows.result, 600))}`)
      );
    case 'skipped-in-flight':
      return paragraph(phrases(dedup.lead));
    default:
      return undefined;
  }
}

/** Behind what is told of a run that is repeated, so that nothing passes for something done now. */
export function inThatRun({ dedup }: Explanation): string {
  return dedup?.kind === 'replayed' ? ' in that run' : '';
}

/** Why a run was executed although there is a ledger; which files a replay brought back. */
export function dedupSection({ dedup }: Explanation, page: Page, room: number): string {
  const candidates =
    dedup?.kind === 'executed' ? ofExecuted(dedup) : dedup?.kind === 'replayed' ? ofReplayed(dedup) : [''];
  const fits = candidates.findIndex((candidate) => bytes(candidate) <= room);
  if (fits !== 0) page.leaveOut('details of the ledger');
  return candidates[fits] ?? '';
}

/** Why a run has to be executed, with all that is known of it. */
export function dedupReason(notice: Of<'executed'>): string {
  return ofExecuted(notice)[0] ?? '';
}

function ofExecuted({ title, tone, lead, unknown, differences, differenceCount, caution }: Of<'executed'>) {
  const icon = tone === 'caution' && caution === undefined ? '⚠️' : '🧾';
  const why = paragraph(`${icon} **${text(title)}:** ${phrases(lead)}`);
  const warning = caution === undefined ? '' : paragraph(`⚠️ **Ledger:** ${text(caution)}`);
  const inputs = unknown.map(({ input, why }) => `**${phrases(input)}:** ${prose(cut(why, 500))}`);
  const open = inputs.length === 0 ? '' : list(inputs.slice(0, OPEN_UNKNOWN));
  const more =
    inputs.length <= OPEN_UNKNOWN
      ? ''
      : details(
          `${counted(inputs.length - OPEN_UNKNOWN, 'more input')} not known`,
          list(inputs.slice(OPEN_UNKNOWN)),
        );
  const differing =
    differenceCount <= NAMED_DIFFERENCES || differences.length === 0
      ? ''
      : details(
          listTitle(differences.length, differenceCount),
          list(differences.map(({ what, how }) => `${phrases(what)} — ${text(how)}`)),
        );
  return [why + open + more + differing + warning, why + open + warning, why + warning, warning];
}

function ofReplayed({ files, restored }: Of<'replayed'>) {
  const sentences = files.map((file) => paragraph(`📦 ${phrases(file)}`)).join('');
  const listed = restored.slice(0, LISTED_FILES).map((path) => code(cut(path, PIECE_LENGTH)) || '(no name)');
  const rest = restored.length - listed.length;
  const whole =
    restored.length <= 4
      ? ''
      : details(
          `All ${counted(restored.length, 'file')} that were brought back`,
          list(rest > 0 ? [...listed, `and ${counted(rest, 'more file')}`] : listed),
        );
  return [sentences + whole, sentences];
}
