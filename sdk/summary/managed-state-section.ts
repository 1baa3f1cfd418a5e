import type {
  ChangedNode,
  Explanation,
  ManagedStateNotice,
  NamedNode,
  Notice,
  OversightNotice,
  Phrase,
  SelectionNotice,
} from '../explain/explanation.ts';
import { count, counted } from '../explain/format.ts';
import { typesCounted } from '../explain/resource-type.ts';
import { inThatRun, phrases } from './dedup-section.ts';
import {
  bytes,
  code,
  codeBlock,
  codeInCell,
  details,
  heading,
  link,
  list,
  paragraph,
  prose,
  row,
  tableHead,
  text,
} from './markdown.ts';
import type { Page } from './page.ts';
import { cut, plainLine } from './plain-text.ts';

const NAME_LENGTH = 160;
/** Changed nodes that stand open; the others open on a click. */
const OPEN_CHANGES = 20;
/** Names in one group of nodes, and in one line of them. */
const GROUP_NAMES = 60;
const LINE_NAMES = 8;
const BELOW_NAMES = 4;
/** Kept free for the lines that say what a fold leaves out. */
const FOLD_BYTES = 120;

/** There was nothing to compare with: right at the top, since it is why everything ran. */
export function stateMissingSection({ managedState: told }: Explanation, page: Page, room: number): string {
  if (told?.comparison !== 'missing') return '';
  const lead = `⚠️ ${phrases(told.lead)}`;
  const todo = told.todo.length === 0 ? '' : ` **What to do:** ${told.todo.map(prose).join(' ')}`;
  const passed = passedOver(told, 'States that were not taken');
  return fitting(
    [paragraph(lead + todo) + passed, paragraph(lead + todo), paragraph(lead)],
    'why there was no state',
    page,
    room,
  );
}

/** What this was compared with, what that selected and why, and what dbt does not see. */
export function managedStateSection(explanation: Explanation, page: Page, room: number): string {
  const { managedState: told } = explanation;
  if (told === undefined) return '';
  const published = told.published === undefined ? '' : paragraph(`📤 ${phrases(told.published)}`);
  if (told.comparison !== 'found') return fitting([published], 'what became of its state', page, room);
  const { selection } = told;
  const title = heading(
    3,
    `🔀 ${text(selection?.title ?? `Compared with ${cut(told.environment, 80)}`)}${inThatRun(explanation)}`,
  );
  const cautions = told.cautions.map((caution) => paragraph(`⚠️ ${phrases(caution)}`)).join('');
  const unknown = told.selectionUnknown === undefined ? '' : paragraph(text(told.selectionUnknown));
  const lead = paragraph(phrases(told.lead));
  const head = fitting(
    [title + lead + cautions + unknown, title + lead, title],
    'the comparison',
    page,
    room,
  );
  let left = room - bytes(head);
  const ask = (markdown: (left: number) => string): string => {
    const made = head === '' ? '' : markdown(left);
    left -= bytes(made);
    return made;
  };
  // Asked for in the order of importance, shown in that of reading.
  const unseen = ask((free) => unseenPart(selection, page, Math.floor(free * 0.6)));
  const changes = ask((free) => changesPart(selection, page, Math.floor(free * 0.7)));
  const fate = ask((free) => fitting([published], 'what became of its state', page, free));
  const command = ask((free) => fitting([commandPart(told)], 'dbt’s command line', page, free));
  const others = ask((free) => fitting([othersPart(selection)], 'nodes of other reasons', page, free));
  const below = ask((free) => belowPart(selection, page, free));
  const settled = ask((free) => fitting([settledPart(selection)], 'what dbt overlooks', page, free));
  const passed = ask((free) =>
    fitting(
      [passedOver(told, 'Nearer states that were not taken')],
      'states that were not taken',
      page,
      free,
    ),
  );
  return head + unseen + changes + below + others + settled + command + passed + fate;
}

/** A problem that is told with the comparison. */
export function isToldElsewhere({ managedState: told }: Explanation, { kind, name }: Notice): boolean {
  if (kind !== 'problem') return false;
  if (name === 'state-missing') return told?.comparison === 'missing';
  return name === 'state-not-published' && told?.published !== undefined;
}

/** The first of them that there is room for. */
function fitting(candidates: readonly string[], what: string, page: Page, room: number): string {
  const fits = candidates.findIndex((candidate) => bytes(candidate) <= room);
  if (fits !== 0) page.leaveOut(what);
  return candidates[fits] ?? '';
}

function unseenPart(selection: SelectionNotice | undefined, page: Page, room: number): string {
  if (selection === undefined) return '';
  const all = selection.addedAll === undefined ? '' : paragraph(`⚠️ ${phrases(selection.addedAll)}`);
  const open = selection.oversights.filter(({ tone }) => tone === 'caution');
  const title = paragraph('⚠️ **What dbt’s comparison does not see**');
  const whole = open.length === 0 ? '' : title + calledOut(open);
  const brief =
    open.length === 0
      ? ''
      : paragraph(
          `⚠️ **What dbt’s comparison does not see:** ${counted(open.length, 'thing')}, which may leave nodes unbuilt.`,
        );
  return fitting([all + whole, all + brief, brief], 'what dbt does not see', page, room);
}

/** What is to be done about several is said once, below them. */
function calledOut(oversights: readonly OversightNotice[]): string {
  const byTodo = [...Map.groupBy(oversights, ({ todo = '' }) => todo)];
  const shared = byTodo.filter(([, some]) => some.length > 1);
  const single = byTodo.flatMap(([, some]) => (some.length === 1 ? some : []));
  const parts = shared.map(
    ([todo, some]) =>
      list(some.map(({ says }) => phrases(says))) + (todo === '' ? '' : paragraph(todoInWords(todo))),
  );
  const items = single.map(
    ({ says, todo }) => phrases(says) + (todo === undefined ? '' : ` ${todoInWords(todo)}`),
  );
  return parts.join('') + (items.length === 0 ? '' : list(items));
}

function todoInWords(todo: string): string {
  return `**What to do:** ${prose(todo)}`;
}

function changesPart(selection: SelectionNotice | undefined, page: Page, room: number): string {
  if (selection === undefined || selection.changes.length === 0) return '';
  const { changes } = selection;
  const head = tableHead([{ title: 'Node' }, { title: 'Kind' }, { title: 'What changed' }]);
  let left = room - 2 * bytes(head) - FOLD_BYTES;
  const rows: string[] = [];
  for (const change of changes) {
    const line = changeRow(change, page);
    left -= bytes(line);
    if (left < 0) break;
    rows.push(line);
  }
  const missing = changes.length - rows.length;
  if (missing > 0) page.leaveOut(counted(missing, 'changed node'));
  if (rows.length === 0) return '';
  const folded = rows.slice(OPEN_CHANGES);
  return (
    paragraph((head + rows.slice(0, OPEN_CHANGES).join('')).trimEnd()) +
    (folded.length === 0
      ? ''
      : details(`${counted(folded.length, 'more changed node')}`, head + folded.join('')))
  );
}

function changeRow(change: ChangedNode, page: Page): string {
  const { location } = change;
  const url = location === undefined ? undefined : page.fileUrl(location.path);
  return row([
    link(codeInCell(nameOf(change)), url),
    text(cut(change.kind, 40)),
    phrases(change.what).replaceAll('|', '\\|'),
  ]);
}

function nameOf({ name, uniqueId }: NamedNode): string {
  const found = [name, uniqueId].map((one) => cut(one, NAME_LENGTH)).find((one) => plainLine(one) !== '');
  return found ?? '(no name)';
}

function belowPart(selection: SelectionNotice | undefined, page: Page, room: number): string {
  if (selection === undefined || selection.belowCount === 0) return '';
  const nodes = selection.below.flatMap((group) => group.nodes);
  const makeup = typesCounted(
    nodes.map(({ uniqueId }) => ({ resourceType: uniqueId.split('.', 1)[0] ?? '' })),
  );
  const title = `⬇️ <b>${counted(selection.belowCount, 'node')} below ${selection.changes.length === 1 ? 'it' : 'them'}</b> · ${text(cut(makeup, 200))}`;
  let left = room - bytes(details(title, '')) - FOLD_BYTES;
  const items: string[] = [];
  let shown = 0;
  for (const { below, nodes: members } of selection.below) {
    const roots = names(
      below.map((name) => ({ name, uniqueId: '' })),
      BELOW_NAMES,
    );
    const item = `below ${roots}: ${names(members, GROUP_NAMES)}`;
    left -= bytes(item) + 3;
    if (left < 0) break;
    items.push(item);
    shown += members.length;
  }
  const missing = selection.belowCount - shown;
  if (missing > 0) page.leaveOut(`${counted(missing, 'node')} below changed ones`);
  if (items.length === 0) {
    const line = paragraph(title);
    return bytes(line) <= room ? line : '';
  }
  return details(title, list(missing === 0 ? items : [...items, `and ${counted(missing, 'more node')}`]));
}

function names(
  nodes: readonly NamedNode[] | readonly { name: string; uniqueId: string }[],
  limit: number,
): string {
  const shown = nodes.slice(0, limit).map((node) => code(nameOf({ kind: '', ...node })));
  const rest = nodes.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` and ${count(rest)} more` : '');
}

const SIGNS: Readonly<Record<SelectionNotice['others'][number]['kind'], string>> = {
  retried: '🔁',
  fresher: '🕑',
  added: '➕',
};

function othersPart(selection: SelectionNotice | undefined): string {
  return (selection?.others ?? [])
    .map(({ kind, lead, nodes }) =>
      paragraph(`${SIGNS[kind]} ${phrases(lead)}: ${names(nodes, LINE_NAMES)}.`),
    )
    .join('');
}

function settledPart(selection: SelectionNotice | undefined): string {
  const settled = (selection?.oversights ?? []).filter(({ tone }) => tone === 'settled');
  if (settled.length === 0) return '';
  return details(
    '✔️ <b>Overlooked by dbt, and made up for</b>',
    list(settled.map(({ says }) => phrases(says))),
  );
}

function commandPart({ command }: ManagedStateNotice): string {
  return command === undefined ? '' : paragraph('dbt’s command line:') + codeBlock(cut(command, 4000), 'sh');
}

function passedOver({ passedOver: states }: ManagedStateNotice, title: string): string {
  if (states.length === 0) return '';
  return details(
    `${title} · ${count(states.length)}`,
    list(states.slice(0, 20).map((state: readonly Phrase[]) => phrases(state))),
  );
}
