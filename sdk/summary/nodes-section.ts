import { rowsInWords } from '../explain/explain-node.ts';
import type { ExplainedNode, Explanation, GroupKey, NodeGroup } from '../explain/explanation.ts';
import { count, counted, duration } from '../explain/format.ts';
import { inThatRun } from './dedup-section.ts';
import {
  bytes,
  codeInCell,
  details,
  heading,
  list,
  paragraph,
  row,
  tableHead,
  text,
  unbroken,
} from './markdown.ts';
import { nameInCell, nameLinks, place, reason } from './node-words.ts';
import type { Page } from './page.ts';
import { cut } from './plain-text.ts';

/** Who gets room first. What ran says more than what did not have to. */
const BY_INTEREST: readonly GroupKey[] = [
  'failed',
  'interrupted',
  'unknown',
  'warned',
  'skipped',
  'built',
  'cloned',
  'ran',
  'checked',
  'compiled',
  'tested',
  'reused',
  'tests-reused',
  'no-op',
];

/** Groups of which a part says little: listed whole or only counted. */
const WHOLE_OR_COUNTED: ReadonlySet<GroupKey> = new Set(['tested', 'reused', 'tests-reused', 'no-op']);

/** Groups whose nodes a reader will want to open. */
const WITH_FILES: ReadonlySet<GroupKey> = new Set(['failed', 'interrupted', 'warned', 'unknown', 'checked']);

/** Every node, folded by what happened to it. */
export function nodesSection(explanation: Explanation, page: Page, room: number): string {
  const { groups, totals } = explanation;
  if (groups.length === 0) return '';
  const title = heading(
    3,
    `📋 ${totals.nodes === 1 ? 'The node' : `All ${counted(totals.nodes, 'node')}`}${inThatRun(explanation)}`,
  );
  const collapsed = new Map(groups.map((group) => [group.key, countedGroup(group)]));
  // Every group is at least counted before any is listed.
  let left = room - bytes(title);
  for (const key of BY_INTEREST) {
    const line = collapsed.get(key);
    if (line === undefined) continue;
    if (bytes(line) <= left) left -= bytes(line);
    else {
      collapsed.delete(key);
      const group = groups.find((one) => one.key === key);
      if (group !== undefined)
        page.leaveOut(`${counted(group.nodes.length, 'node')} (${group.title.toLowerCase()})`);
    }
  }
  if (collapsed.size === 0) return '';
  for (const key of BY_INTEREST) {
    const group = groups.find((one) => one.key === key);
    const line = collapsed.get(key);
    if (group === undefined || line === undefined) continue;
    const available = left + bytes(line);
    const table = nodeTable(group, page, available);
    if (table !== undefined) collapsed.set(key, table);
    else page.leaveOut(`${counted(group.nodes.length, 'node')} (${group.title.toLowerCase()})`);
    left = available - bytes(collapsed.get(key) ?? '');
  }
  return title + groups.map(({ key }) => collapsed.get(key) ?? '').join('');
}

function groupTitle(group: NodeGroup): string {
  const time = group.executionMs === undefined ? '' : ` · ${duration(group.executionMs)}`;
  return `${group.icon} <b>${text(group.title)}</b> · ${text(cut(group.makeup, 200))}${time}`;
}

/** A group in a few lines: how many of what, and for which reasons. */
function countedGroup(group: NodeGroup): string {
  const reasons = new Map<string, number>();
  for (const { sentence } of group.nodes) reasons.set(sentence, (reasons.get(sentence) ?? 0) + 1);
  const most = [...reasons].sort(([, a], [, b]) => b - a).slice(0, 3);
  const lines = most.map(([sentence, many]) => `${count(many)}: ${text(cut(sentence, 200))}`);
  if (reasons.size > most.length) lines.push(`${counted(reasons.size - most.length, 'other reason')}`);
  return paragraph(groupTitle(group)) + (lines.length > 1 || reasons.size === 1 ? list(lines) : '');
}

/**
 * A group as a table, as long as there is room.
 * @returns undefined when too little of it fits to be worth it.
 */
function nodeTable(group: NodeGroup, page: Page, room: number): string | undefined {
  const columns = columnsOf(group, page);
  const shared = columns.shared === '' ? '' : paragraph(columns.shared);
  const head = shared + tableHead(columns.list);
  // The room a closing line and the fold itself need.
  let left = room - bytes(details(groupTitle(group), head)) - 120;
  const rows: string[] = [];
  for (const node of group.nodes) {
    const line = row(columns.list.map(({ cell }) => cell(node)));
    left -= bytes(line);
    if (left < 0) break;
    rows.push(line);
  }
  const missing = group.nodes.length - rows.length;
  if (missing > 0 && (rows.length === 0 || WHOLE_OR_COUNTED.has(group.key))) return undefined;
  const rest =
    missing === 0 ? '' : `\n${count(missing)} more of ${count(group.nodes.length)} are not listed.\n`;
  if (missing > 0) page.leaveOut(`${counted(missing, 'node')} (${group.title.toLowerCase()})`);
  return details(groupTitle(group), head + rows.join('') + rest);
}

interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly cell: (node: ExplainedNode) => string;
}

/** The columns that have anything to show. What is the same for every node is said once, above the table. */
function columnsOf(
  { key, nodes }: NodeGroup,
  page: Page,
): { readonly list: readonly Column[]; readonly shared: string } {
  const first = nodes[0];
  const sameReason =
    first !== undefined &&
    nodes.length > 1 &&
    nodes.every(
      (node) => node.sentence === first.sentence && node.basis === first.basis && node.conflicts.length === 0,
    );
  const list: Column[] = [{ title: 'Node', cell: (node) => nameInCell(node, page) }];
  if (new Set(nodes.map(({ kind }) => kind)).size > 1) {
    list.push({ title: 'Kind', cell: (node) => unbroken(cut(node.kind, 40)) });
  }
  if (!sameReason) list.push({ title: 'Why', cell: reason });
  if (!WHOLE_OR_COUNTED.has(key) && nodes.some(({ selectedFor }) => selectedFor !== undefined)) {
    list.push({ title: 'Why selected', cell: ({ selectedFor = '' }) => text(cut(selectedFor, 120)) });
  }
  if (nodes.some(({ executionMs }) => executionMs !== undefined)) {
    list.push({
      title: 'Time',
      right: true,
      cell: ({ executionMs }) => (executionMs === undefined ? '' : unbroken(duration(executionMs))),
    });
  }
  if (nodes.some((node) => rowsInWords(node) !== '')) {
    list.push({ title: 'Rows', right: true, cell: (node) => unbroken(rowsInWords(node)) });
  }
  if (nodes.some(({ savedMs }) => savedMs !== undefined)) {
    list.push({
      title: 'Saved',
      right: true,
      cell: ({ savedMs }) => (savedMs === undefined ? '' : unbroken(duration(savedMs))),
    });
  }
  if (WITH_FILES.has(key) && nodes.some((node) => place(node) !== '' && !nameLinks(node, page))) {
    list.push({ title: 'File', cell: (node) => codeInCell(cut(place(node), 240)) });
  }
  return { list, shared: sameReason ? reason(first) : '' };
}
