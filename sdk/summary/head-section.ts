import type { Explanation, StateTroubleNotice, Verdict } from '../explain/explanation.ts';
import { capitalised, clause, count, counted, duration, listedUpTo } from '../explain/format.ts';
import { inThatRun, standIn } from './dedup-section.ts';
import {
  bytes,
  code,
  codeBlock,
  details,
  heading,
  list,
  paragraph,
  prose,
  row,
  tableHead,
  text,
  unbroken,
} from './markdown.ts';
import type { Page } from './page.ts';
import { cut, cutLines } from './plain-text.ts';

const VERDICT_ICONS: Readonly<Record<Verdict, string>> = {
  passed: '✅',
  failed: '❌',
  skipped: '⏭️',
  stopped: '⏹️',
  'not-done': '🚫',
};

/** Did it pass? The one thing that is there whatever the room, as long as there is any. */
export function headSection(explanation: Explanation, _page: Page, room: number): string {
  const { headline, totals, managedState } = explanation;
  const nothing = totals.nodes === 0 && totals.selected === 0 && managedState?.nothingChanged !== true;
  const doubt = headline.verdict === 'passed' && (totals.warnings > 0 || nothing);
  const icon = doubt ? '⚠️' : VERDICT_ICONS[headline.verdict];
  const title = heading(2, `${icon} ${text(cut(headline.title, 120))}`);
  const told = standIn(explanation);
  const short = title + paragraph(prose(cut(headline.sentence, 600)));
  return (
    [...(told === undefined ? [] : [title + told]), short, title, heading(2, `${icon} dbt`)].find(
      (candidate) => bytes(candidate) <= room,
    ) ?? ''
  );
}

/**
 * dbt State, where there is something a reader must know: it was wanted and not active, ran into trouble, or was
 * switched off.
 */
export function stateSection({ state, headline }: Explanation, page: Page, room: number): string {
  if (state.kind === 'disabled') return fitting([paragraph(offInBrief(state))], page, room);
  if (state.tone !== 'problem' && state.tone !== 'caution') return '';
  const isTheFailure =
    headline.code === 'run-cache-required' || state.troubles.some(({ endedRun }) => endedRun === true);
  if (state.kind !== 'unknown' && headline.verdict !== 'passed' && !isTheFailure) {
    return stateInBrief(state, page, room);
  }
  const title = heading(3, `⚠️ ${text(cut(state.title, 200))}`);
  const sentence = title + paragraph(text(cut(state.sentence, 400)));
  const several = state.troubles.length > 1;
  const fixes = state.troubles.map((trouble) => troubleInBrief(trouble, several));
  const whole = state.troubles.map(
    (trouble, index) => (fixes[index] ?? '') + wordsInBrief(trouble, headline.sentence),
  );
  const firstFix = fixes.slice(0, 1).join('');
  return fitting(
    [sentence + whole.join(''), sentence + fixes.join(''), sentence + firstFix, title + firstFix, title],
    page,
    room,
  );
}

function offInBrief({ sentence }: Explanation['state']): string {
  return `⏸️ **dbt State:** ${text(cut(sentence.replace(/^It/, 'it'), 400))}`;
}

/** On a run that failed for another reason: one line, so that the failure stays in sight, the rest behind a click. */
function stateInBrief(state: Explanation['state'], page: Page, room: number): string {
  const title = `⚠️ **${text(cut(state.title, 200))}.**`;
  const fix = state.troubles
    .map((trouble) => ` **What to do:** ${prose(cut(trouble.fix, 1000))} ${codeOf(trouble)}`)
    .join('');
  const more = details(
    'More about dbt State',
    [
      paragraph(text(cut(state.sentence, 400))),
      ...state.troubles.flatMap(({ said = '' }) =>
        said.trim() === '' ? [] : [paragraph('dbt said:'), wordsOf(said)],
      ),
    ].join(''),
  );
  return fitting([paragraph(title + fix) + more, paragraph(title + fix), paragraph(title)], page, room);
}

/** The first of them that there is room for. */
function fitting(candidates: readonly string[], page: Page, room: number): string {
  const fits = candidates.findIndex((candidate) => bytes(candidate) <= room);
  if (fits !== 0) page.leaveOut('details of the dbt State problem');
  return candidates[fits] ?? '';
}

/** What was said stands as one line up to here; the whole of it opens on a click. */
const SAID_LENGTH = 300;

/** @param told What the page has said above: nobody reads the same words twice. */
function wordsInBrief(trouble: StateTroubleNotice, told: string): string {
  const words = trouble.said?.trim() ?? '';
  if (words === '' || told.includes(clause(words))) return '';
  const line = paragraph(`dbt said: ${text(cut(words, SAID_LENGTH))}`);
  if (words.length <= SAID_LENGTH) return line;
  return line + details(`All that dbt said (${text(cut(trouble.title, 200))})`, wordsOf(words));
}

function wordsOf(said: string): string {
  const words = said.trim();
  return words.includes('\n')
    ? codeBlock(cutLines(words, 2000, 40), 'text')
    : paragraph(text(cut(words, 2000)));
}

function troubleInBrief(trouble: StateTroubleNotice, named: boolean): string {
  const what = named ? `${text(capitalised(cut(trouble.title, 200)))}. ` : '';
  return paragraph(
    `${what}**What to do:** ${prose(cut(trouble.fix, 1000))}${concerned(trouble)} ${codeOf(trouble)}`,
  );
}

/** What keeps State from every node is about none of them. */
const ABOUT_ALL: ReadonlySet<StateTroubleNotice['problem']> = new Set([
  'commit-timestamps-off',
  'service-unreachable',
]);

function concerned({ problem, nodes }: StateTroubleNotice): string {
  if (nodes.length === 0 || ABOUT_ALL.has(problem)) return '';
  return ` Concerns ${counted(nodes.length, 'node')}: ${text(listedUpTo(nodes.map(shortName), 5))}.`;
}

/** The code under which the runbook and `diagnose` know the problem. */
function codeOf({ problem }: StateTroubleNotice): string {
  return `(code ${code(problem)})`;
}

function shortName(name: string): string {
  return cut(name, 80);
}

/** What ran, what was reused, and what that saved. */
export function tallySection(explanation: Explanation, page: Page, room: number): string {
  const { totals } = explanation;
  const timed = totals.lines.some(({ executionMs }) => executionMs !== undefined);
  const head = tableHead([
    { title: `What happened${inThatRun(explanation)}` },
    { title: 'Nodes', right: true },
    { title: 'Which' },
    ...(timed ? [{ title: 'Node time', right: true }] : []),
  ]);
  const rows = totals.lines.map((line) =>
    row([
      `${line.icon} **${text(line.label)}**`,
      count(line.count),
      text(cut(line.detail, 300)),
      ...(timed ? [line.executionMs === undefined ? '' : unbroken(duration(line.executionMs))] : []),
    ]),
  );
  const table = rows.length === 0 ? '' : `${head}${rows.join('')}\n`;
  const saved = savings(explanation);
  const fits = [table + saved, saved, ''].find((candidate) => bytes(candidate) <= room) ?? '';
  if (table !== '' && !fits.startsWith(table)) page.leaveOut('the table of counts');
  return fits;
}

function savings({ time: { saving, caveat }, dedup }: Explanation): string {
  // What another run saved is no news of this one.
  const said = dedup?.kind === 'replayed' ? text(saving) : `**${text(saving)}**`;
  return saving === '' ? '' : paragraph(`⏱️ ${said} ${text(caveat)}`);
}

/** What to do next. */
export function adviceSection({ advice }: Explanation, page: Page, room: number): string {
  if (advice.length === 0) return '';
  const items = advice.map(({ sentence, command }) =>
    command === undefined ? prose(sentence) : `${prose(clause(sentence))}: ${code(cut(command, 500))}`,
  );
  const markdown = heading(3, '👉 Next') + list(items);
  if (bytes(markdown) <= room) return markdown;
  page.leaveOut('advice');
  return '';
}
