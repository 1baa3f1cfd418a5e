import type { Explanation, Phrase, SelectionNotice } from '../explain/explanation.ts';
import { count } from '../explain/format.ts';
import { plainWords } from '../explain/phrase.ts';
import { cut, plainLine } from './plain-text.ts';
import { type Paint, wrapped } from './terminal.ts';

/** A terminal has no part that opens on a click. */
const NAMED = 3;

/** What this was compared with, and what that selected, in a few lines. */
export function managedStateLines(
  { managedState: told }: Explanation,
  paint: Paint,
  width: number,
): string[] {
  if (told === undefined) return [];
  const say = (words: string, indent = '  '): string[] => wrapped(plainLine(words), width, indent);
  if (told.comparison === 'missing') {
    return [
      ...wrapped(`${paint.yellow('!')} ${said(told.lead)}`, width),
      ...(told.todo.length === 0 ? [] : say(`What to do: ${told.todo.join(' ')}`)),
      ...told.passedOver.slice(0, NAMED).flatMap((one) => say(said(one))),
      ...published(told.published, width),
    ];
  }
  const { selection } = told;
  return [
    ...wrapped(said(told.lead), width),
    ...told.cautions.flatMap((caution) => say(`! ${said(caution)}`)),
    ...(told.selectionUnknown === undefined ? [] : say(told.selectionUnknown)),
    ...(selection === undefined ? [] : selectionLines(selection, paint, width)),
    ...published(told.published, width),
  ];
}

function published(says: readonly Phrase[] | undefined, width: number): string[] {
  return says === undefined ? [] : wrapped(said(says), width);
}

function selectionLines(
  { title, changes, others, addedAll, oversights }: SelectionNotice,
  paint: Paint,
  width: number,
): string[] {
  const shown = changes
    .slice(0, NAMED)
    .map(({ name, what }) => `${plainLine(cut(name, 80))} (${cut(said(what), 80)})`);
  const rest = changes.length - shown.length;
  const which =
    shown.length === 0 ? '' : `: ${shown.join(', ')}${rest > 0 ? ` and ${count(rest)} more` : ''}`;
  const open = oversights.filter(({ tone }) => tone === 'caution');
  const todo = open.slice(0, NAMED).flatMap((one) => one.todo ?? []);
  // Only with something added does a reader ask why.
  const hasAdded = others.some(({ kind }) => kind === 'added');
  const reasons = hasAdded ? oversights.filter(({ tone }) => tone === 'settled').slice(0, NAMED) : [];
  return [
    ...wrapped(`${paint.bold(title)}${which}`, width, '  '),
    ...others.flatMap(({ lead, nodes }) => {
      const some = nodes.slice(0, NAMED).map(({ name }) => plainLine(cut(name, 80)));
      const more = nodes.length - some.length;
      const words = `${said(lead)}: ${some.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
      return wrapped(words, width, '  ');
    }),
    ...reasons.flatMap(({ says }) => wrapped(said(says), width, '    ')),
    ...(addedAll === undefined ? [] : wrapped(`${paint.yellow('!')} ${said(addedAll)}`, width, '  ')),
    ...open.slice(0, NAMED).flatMap(({ says }) => wrapped(`${paint.yellow('!')} ${said(says)}`, width, '  ')),
    ...(open.length > NAMED ? [`  ! and ${count(open.length - NAMED)} more that dbt does not see`] : []),
    ...[...new Set(todo)].flatMap((one) => wrapped(`What to do: ${one}`, width, '    ')),
  ];
}

/** Without addresses: commits and runs are named, and the summary leads to them. */
function said(pieces: readonly Phrase[]): string {
  return plainLine(cut(plainWords(pieces), 800));
}
