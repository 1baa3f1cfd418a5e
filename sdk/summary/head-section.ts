import type { Explanation, StateTroubleNotice, Verdict } from '../explain/explanation.ts';
import { capitalised, clause, count, counted, duration, listedUpTo } from '../explain/format.ts';
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
  stopped: '⏹️',
  'not-done': '🚫',
};

/** Did it pass? The one thing that is there whatever the room, as long as there is any. */
export function headSection({ headline, totals }: Explanation, _page: Page, room: number): string {
  const nothing = totals.nodes === 0 && totals.selected === 0;
  const doubt = headline.verdict === 'passed' && (totals.warnings > 0 || nothing);
  const icon = doubt ? '⚠️' : VERDICT_ICONS[headline.verdict];
  const title = heading(2, `${icon} ${text(cut(headline.title, 120))}`);
  const whole = title + paragraph(prose(cut(headline.sentence, 600)));
  return [whole, title, heading(2, `${icon} dbt`)].find((candidate) => bytes(candidate) <= room) ?? '';
}

/** dbt State, where there is something a reader must know: it was wanted and not active, or ran into trouble. */
export function stateSection({ state, headline }: Explanation, page: Page, room: number): string {
  if (state.tone !== 'problem' && state.tone !== 'caution') return '';
  if (state.tone === 'problem' && headline.verdict !== 'passed') return stateInBrief(state, page, room);
  const title = heading(3, `⚠️ ${text(cut(state.title, 200))}`);
  const sentence = title + paragraph(text(cut(state.sentence, 400)));
  const fixes = state.troubles.map((trouble) => troubleInBrief(trouble, state.troubles.length > 1));
  const said = state.troubles.map(troubleWords).join('');
  const whole = sentence + fixes.join('') + said;
  if (bytes(whole) <= room) return whole;
  const firstFix = fixes.slice(0, 1).join('');
  const shorter = [sentence + fixes.join(''), sentence + firstFix, title + firstFix, title];
  const fits = shorter.find((candidate) => bytes(candidate) <= room);
  page.leaveOut('details of the dbt State problem');
  return fits ?? '';
}

/** On a run that failed: one line, so that the failure stays in sight, and the rest behind a click. */
function stateInBrief(state: Explanation['state'], page: Page, room: number): string {
  const title = `⚠️ **${text(cut(state.title, 200))}.**`;
  const fix = state.troubles.map((trouble) => ` **What to do:** ${prose(cut(trouble.fix, 1000))}`).join('');
  const more = details(
    'More about dbt State',
    [paragraph(text(cut(state.sentence, 400))), ...state.troubles.map(wordsOf)].join(''),
  );
  const candidates = [paragraph(title + fix) + more, paragraph(title + fix), paragraph(title)];
  const fits = candidates.findIndex((candidate) => bytes(candidate) <= room);
  if (fits !== 0) page.leaveOut('details of the dbt State problem');
  return candidates[fits] ?? '';
}

function wordsOf({ said }: StateTroubleNotice): string {
  const words = said?.trim() ?? '';
  if (words === '') return '';
  if (words.includes('\n')) return paragraph('dbt said:') + codeBlock(cutLines(words, 2000, 40), 'text');
  return paragraph(`dbt said: ${text(cut(words, 2000))}`);
}

function troubleInBrief({ title, fix, nodes }: StateTroubleNotice, named: boolean): string {
  const what = named ? `${text(capitalised(cut(title, 200)))}. ` : '';
  const where =
    nodes.length === 0
      ? ''
      : ` Concerns ${counted(nodes.length, 'node')}: ${text(listedUpTo(nodes.map(shortName), 5))}.`;
  return paragraph(`${what}**What to do:** ${prose(cut(fix, 1000))}${where}`);
}

function shortName(name: string): string {
  return cut(name, 80);
}

function troubleWords({ title, said }: StateTroubleNotice): string {
  const words = said?.trim() ?? '';
  if (words === '') return '';
  return details(
    `What dbt said (${text(cut(title, 200))})`,
    words.includes('\n') ? codeBlock(cutLines(words, 2000, 40), 'text') : paragraph(text(cut(words, 2000))),
  );
}

/** What ran, what was reused, and what that saved. */
export function tallySection({ totals, time }: Explanation, page: Page, room: number): string {
  const timed = totals.lines.some(({ executionMs }) => executionMs !== undefined);
  const head = tableHead([
    { title: 'What happened' },
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
  const saved = savings(time);
  const fits = [table + saved, saved, ''].find((candidate) => bytes(candidate) <= room) ?? '';
  if (table !== '' && !fits.startsWith(table)) page.leaveOut('the table of counts');
  return fits;
}

function savings({ saving, caveat }: Explanation['time']): string {
  return saving === '' ? '' : paragraph(`⏱️ **${text(saving)}** ${text(caveat)}`);
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
