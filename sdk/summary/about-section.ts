import type { Explanation, Notice } from '../explain/explanation.ts';
import { count, counted, listed } from '../explain/format.ts';
import { inThatRun } from './dedup-section.ts';
import { isToldElsewhere } from './managed-state-section.ts';
import {
  bytes,
  code,
  codeInCell,
  details,
  heading,
  list,
  paragraph,
  prose,
  row,
  tableHead,
  text,
} from './markdown.ts';
import type { Page } from './page.ts';
import { cut } from './plain-text.ts';

/** What this package itself could not learn or do. It stands open: it qualifies everything else. */
export function problemsSection(explanation: Explanation, page: Page, room: number): string {
  const problems = explanation.notices.filter(
    (notice) => notice.kind === 'problem' && !isToldElsewhere(explanation, notice),
  );
  if (problems.length === 0) return '';
  return asManyAsFit(heading(3, '🔎 What this report could not do'), problems, room, page, 'problem');
}

/** Warnings and deprecations of dbt's, and warnings about settings. */
export function noticesSection(explanation: Explanation, page: Page, room: number): string {
  const { notices } = explanation;
  const said = notices.filter(({ kind }) => kind !== 'problem');
  if (said.length === 0) return '';
  const warnings = said.filter(({ kind }) => kind === 'warning').length;
  const deprecations = said.length - warnings;
  // A warning about a setting is this package's own.
  const isOurs = said.some(({ name }) => name === 'state-setting-invalid');
  const title = `💬 <b>${isOurs ? 'Warnings' : 'What dbt warned about'}${inThatRun(explanation)}</b> · ${listed(
    [
      ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
      ...(deprecations > 0 ? [counted(deprecations, 'deprecation')] : []),
    ],
  )}`;
  const frame = bytes(details(title, ''));
  const markdown = asManyAsFit('', said, room - frame, page, 'warning of dbt’s', 'warnings of dbt’s');
  return markdown === '' ? '' : details(title, markdown);
}

function asManyAsFit(
  title: string,
  notices: readonly Notice[],
  room: number,
  page: Page,
  one: string,
  many = `${one}s`,
): string {
  let left = room - bytes(title) - 1;
  const items: string[] = [];
  for (const notice of notices) {
    const item = noticeItem(notice);
    left -= bytes(item) + 3;
    if (left < 0) break;
    items.push(item);
  }
  if (items.length < notices.length) page.leaveOut(counted(notices.length - items.length, one, many));
  return items.length === 0 ? '' : title + list(items);
}

function noticeItem({ name, message, hint, count: many, uniqueId }: Notice): string {
  const times = many > 1 ? ` (${count(many)} times)` : '';
  const id = code(cut(uniqueId ?? '', 200));
  const about = id === '' ? '' : ` (${id})`;
  const todo = hint === undefined ? '' : ` — **What to do:** ${prose(cut(hint, 500))}`;
  return `${code(cut(name, 120))}${times}: ${prose(cut(message, 1000))}${about}${todo}`;
}

/** The circumstances of the run, and where dbt State stands if that was not said further up. */
export function factsSection({ facts, state }: Explanation, page: Page, room: number): string {
  const rows = facts.map(({ label, value, code }) =>
    row([text(cut(label, 80)), code ? codeInCell(cut(value, 1000)) : text(cut(value, 1000))]),
  );
  if (state.kind !== 'disabled' && (state.tone === 'fine' || state.tone === 'quiet')) {
    const proof = state.proof === undefined ? '' : ` Known from: ${text(cut(state.proof, 300))}.`;
    rows.push(
      row(['dbt State', `${text(cut(state.title, 200))}. ${text(cut(state.sentence, 300))}${proof}`]),
    );
  }
  if (rows.length === 0) return '';
  const markdown = details(
    'ℹ️ <b>About this run</b>',
    tableHead([{ title: 'What' }, { title: 'Value' }]) + rows.join(''),
  );
  if (bytes(markdown) <= room) return markdown;
  page.leaveOut('facts about the run');
  return '';
}

/** What was set for dbt State, where, and what it does. Folded. */
export function settingsSection({ settings }: Explanation, page: Page, room: number): string {
  if (settings.length === 0) return '';
  const head = tableHead([
    { title: 'Setting' },
    { title: 'Value' },
    { title: 'From' },
    { title: 'Overrides' },
    { title: 'Remark' },
  ]);
  const title = `⚙️ <b>dbt State settings</b> · ${count(settings.length)}`;
  let left = room - bytes(details(title, head));
  const rows: string[] = [];
  for (const { setting, value, from, overrides, remark } of settings) {
    const cells = [setting, value, from].map((cell) => codeInCell(cut(cell, 200)));
    const line = row([...cells, text(cut(overrides.join(', '), 400)), text(cut(remark, 400))]);
    left -= bytes(line);
    if (left < 0) break;
    rows.push(line);
  }
  if (rows.length < settings.length) {
    page.leaveOut(counted(settings.length - rows.length, 'setting of dbt State', 'settings of dbt State'));
  }
  return rows.length === 0 ? '' : details(title, head + rows.join(''));
}

/** What qualifies the rest, said once and small. */
export function smallPrintSection({ smallPrint }: Explanation, page: Page, room: number): string {
  if (smallPrint.length === 0) return '';
  const markdown = paragraph(`**Small print.** ${smallPrint.map((line) => text(cut(line, 400))).join(' ')}`);
  if (bytes(markdown) <= room) return markdown;
  page.leaveOut('small print');
  return '';
}
