import type { Checklist, Explanation } from '../explain/explanation.ts';
import { counted } from '../explain/format.ts';
import { bytes, code, details, list, prose, text } from './markdown.ts';
import type { Page } from './page.ts';
import { cut } from './plain-text.ts';

type Check = Checklist['checks'][number];

const ICONS: Readonly<Record<Check['status'], string>> = { pass: '✅', warn: '⚠️', fail: '❌', unknown: '❔' };

/** The operator's checklist of dbt State, behind a click, what failed first. */
export function diagnosisSection({ checklist }: Explanation, page: Page, room: number): string {
  if (checklist === undefined || checklist.checks.length === 0) return '';
  const title = `🩺 <b>Run-cache checklist</b> · ${text(checklist.tally)}`;
  let left = room - bytes(details(title, ''));
  const items: string[] = [];
  for (const check of checklist.checks) {
    const item = itemOf(check);
    left -= bytes(item) + 3;
    if (left < 0) break;
    items.push(item);
  }
  const missing = checklist.checks.length - items.length;
  if (missing > 0) page.leaveOut(`${counted(missing, 'line')} of the run-cache checklist`);
  return items.length === 0 ? '' : details(title, list(items));
}

function itemOf({ code: name, status, seen, fix }: Check): string {
  const todo = fix === undefined ? '' : ` — **What to do:** ${prose(cut(fix, 500))}`;
  return `${ICONS[status]} ${code(name)} ${prose(cut(seen, 500))}${todo}`;
}
