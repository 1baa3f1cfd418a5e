import type { Explanation, LookAt } from '../explain/explanation.ts';
import { count, counted, listedUpTo } from '../explain/format.ts';
import { inThatRun, phrases } from './dedup-section.ts';
import { bytes, code, codeBlock, details, heading, paragraph, prose, text } from './markdown.ts';
import { nameInHtml, nameInText, placeInHtml, placeInText } from './node-words.ts';
import type { Page } from './page.ts';
import { cut, cutLines, plainText } from './plain-text.ts';
import { repeats } from './run-failure.ts';

/** Failures shown open; the others open on a click. */
const OPEN_FAILURES = 5;
const OPEN_WARNINGS = 5;
/** Lines of a message that stand open; the whole one opens on a click. */
const OPEN_LINES = 15;
const OPEN_OUTPUT_LINES = 20;
const MESSAGE_LENGTH = 8000;
const MESSAGE_LINES = 200;
/** A message of one line stands as a sentence up to here, so that it wraps. */
const ONE_LINE = 1000;
const BRIEF_LENGTH = 300;

/** What stopped the whole run. The headline has said it in a sentence: here is what to do, and what dbt printed. */
export function runFailureSection(explanation: Explanation, page: Page, room: number): string {
  const { lookAt } = explanation;
  const when = inThatRun(explanation);
  const item = lookAt.find(({ kind }) => kind === 'run');
  if (item === undefined) return '';
  const see = item.see === undefined ? '' : paragraph(phrases(item.see));
  const hint =
    (item.hint === undefined ? '' : paragraph(`**What to do:** ${prose(cut(item.hint, 1000))}`)) + see;
  // What dbt printed holds the message already.
  const words = repeats(item) ? '' : item.message.trim();
  const block = words === '' || isOneLine(words, ONE_LINE) ? '' : message(item);
  const shorter =
    words === '' || isOneLine(words, ONE_LINE) ? '' : codeBlock(cutLines(words, 600, 8), 'text');
  const output = item.outputTail ?? '';
  const candidates = [
    hint + block + printed(output, OPEN_OUTPUT_LINES, MESSAGE_LENGTH, when),
    hint + shorter + printed(output, 10, 1000, when),
    hint + shorter,
    hint,
  ];
  const fits = candidates.findIndex((candidate) => bytes(candidate) <= room);
  if (fits !== 0) page.leaveOut('what dbt printed');
  return candidates[fits] ?? '';
}

/** The end of dbt's output stands open, what came before it opens on a click. */
function printed(output: string, openLines: number, length: number, when: string): string {
  const lines = plainText(output.slice(-length)).trim().split('\n');
  if (lines.join('') === '') return '';
  const last =
    paragraph(`The last lines dbt printed${when}:`) + codeBlock(lines.slice(-openLines).join('\n'), 'text');
  if (lines.length <= openLines) return last;
  return (
    last + details(`All ${counted(lines.length, 'line')} that were kept`, codeBlock(lines.join('\n'), 'text'))
  );
}

/** Each failed node with its message and place. */
export function failuresSection(explanation: Explanation, page: Page, room: number): string {
  const { lookAt, totals } = explanation;
  const items = lookAt.filter(({ kind }) => kind === 'failure');
  if (items.length === 0) return '';
  const title = heading(3, `❌ ${counted(totals.failures, 'failure')}${inThatRun(explanation)}`);
  return fill(title, items, OPEN_FAILURES, room, page, 'failure', 'failures');
}

/** Nodes that ended with a warning. */
export function warningsSection(explanation: Explanation, page: Page, room: number): string {
  const { lookAt, totals } = explanation;
  const items = lookAt.filter(({ kind }) => kind === 'warning');
  if (items.length === 0) return '';
  const title = heading(3, `⚠️ ${counted(totals.warnings, 'warning')}${inThatRun(explanation)}`);
  return fill(title, items, OPEN_WARNINGS, room, page, 'warning', 'warnings');
}

/** As many as there is room for, the first ones open, each at the fullest length that fits. */
function fill(
  title: string,
  items: readonly LookAt[],
  open: number,
  room: number,
  page: Page,
  one: string,
  many: string,
): string {
  let left = room - bytes(title);
  const shown: string[] = [];
  const folded: string[] = [];
  const tries = [openItem, shortItem, briefItem];
  for (const [index, item] of items.entries()) {
    const ways = index < open ? tries : [foldedItem, foldedBrief];
    const markdown = ways.map((way) => way(item, page)).find((candidate) => bytes(candidate) <= left);
    if (markdown === undefined) break;
    (index < open ? shown : folded).push(markdown);
    left -= bytes(markdown);
  }
  const missing = items.length - shown.length - folded.length;
  if (missing > 0) page.leaveOut(`${count(missing)} ${missing === 1 ? one : many}`);
  if (shown.length === 0) return left >= 0 ? title : '';
  return title + shown.join('') + folded.join('');
}

function openItem(item: LookAt, page: Page): string {
  return itemHead(item, page, ONE_LINE) + message(item) + itemTail(item);
}

function shortItem(item: LookAt, page: Page): string {
  const words = item.message.trim();
  const block = isOneLine(words, BRIEF_LENGTH) ? '' : codeBlock(cutLines(words, 600, 8), 'text');
  return itemHead(item, page, BRIEF_LENGTH) + block + itemTail(item);
}

function briefItem(item: LookAt, page: Page): string {
  return itemHead(item, page, 0);
}

/** Which node, what happened, where; and its message if that is one line of at most `messageLength`. */
function itemHead({ node, title, message: said }: LookAt, page: Page, messageLength: number): string {
  const words = said.trim();
  const brief = isOneLine(words, messageLength) ? text(words) : '';
  if (node === undefined) return '';
  const line = [placeInText(node, page), brief].filter((part) => part !== '').join(' — ');
  return heading(4, `${nameInText(node)} · ${text(cut(title, 200))}`) + (line === '' ? '' : paragraph(line));
}

function isOneLine(words: string, limit: number): boolean {
  return words !== '' && words.length <= limit && !/[\n\r]/.test(words);
}

function itemTail({ held }: LookAt): string {
  return held === undefined ? '' : paragraph(heldBack(held));
}

function heldBack({ count: many, names }: NonNullable<LookAt['held']>): string {
  const shown = names.map((name) => code(cut(name, 80)));
  const rest = many - shown.length;
  const which = rest > 0 ? `${shown.join(', ')} and ${count(rest)} more` : listedUpTo(shown, shown.length);
  return `Because of it, dbt did not try ${counted(many, 'other node')}: ${which}.`;
}

/** A message of several lines as it is; one of many with the whole behind a click. */
function message({ message: raw }: LookAt): string {
  const words = raw.trim();
  if (words === '' || isOneLine(words, ONE_LINE)) return '';
  const start = plainText(words.slice(0, MESSAGE_LENGTH));
  const lines = start.split('\n');
  const whole = words.length <= MESSAGE_LENGTH;
  if (whole && lines.length <= OPEN_LINES && lines.length > 1 && start.length <= 3000)
    return codeBlock(start, 'text');
  const full = whole ? start.length : words.length;
  const opened =
    lines.length === 1
      ? paragraph(text(cut(start, 600)))
      : codeBlock(cutLines(start, 1500, OPEN_LINES, full), 'text');
  const title =
    whole && lines.length <= MESSAGE_LINES
      ? `The whole message, ${counted(lines.length, 'line')}`
      : 'More of the message';
  return opened + details(title, codeBlock(cutLines(start, MESSAGE_LENGTH, MESSAGE_LINES, full), 'text'));
}

function foldedItem(item: LookAt, page: Page): string {
  const body = codeBlock(cutLines(item.message.trim(), 3000, 60), 'text') + itemTail(item);
  return item.message.trim() === '' ? foldedBrief(item, page) : details(foldedTitle(item, page), body);
}

function foldedBrief(item: LookAt, page: Page): string {
  return item.node === undefined ? '' : paragraph(foldedTitle(item, page));
}

function foldedTitle({ node, title }: LookAt, page: Page): string {
  if (node === undefined) return text(cut(title, 200));
  const where = placeInHtml(node, page);
  return `${nameInHtml(node)} · ${text(cut(title, 200))}${where === '' ? '' : ` · ${where}`}`;
}
