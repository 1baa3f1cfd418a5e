import { rowsInWords } from '../explain/explain-node.ts';
import type {
  ExplainedNode,
  Explanation,
  GroupKey,
  LookAt,
  NodeGroup,
  SettingRow,
  Verdict,
} from '../explain/explanation.ts';
import { capitalised, clause, count, counted, duration, listed, listedUpTo } from '../explain/format.ts';
import { dedupLines, standInLines } from './dedup-lines.ts';
import { managedStateLines } from './managed-state-lines.ts';
import { isToldElsewhere } from './managed-state-section.ts';
import { doubtInWords, nameOf, place } from './node-words.ts';
import { cut, cutLines, plainLine, plainText, quietCommands } from './plain-text.ts';
import { checkLines } from './render-diagnosis.ts';
import { repeats } from './run-failure.ts';
import { type Paint, paints, wrapped } from './terminal.ts';

export interface TextOptions {
  /** Whether to colour. Default false. */
  readonly color?: boolean | undefined;
  /** Columns to wrap sentences at; names and messages are never broken. Default 100. */
  readonly width?: number | undefined;
}

/** Groups that have been told above, node by node. */
const TOLD: ReadonlySet<GroupKey> = new Set(['failed', 'warned']);

/** Groups whose nodes are only counted, by reason. */
const COUNTED: ReadonlySet<GroupKey> = new Set(['compiled', 'tested', 'reused', 'tests-reused', 'no-op']);

const LISTED_NODES = 50;
const LISTED_FAILURES = 20;
const LISTED_NOTICES = 10;
/** How much of a message is read at all. */
const BLOCK_READ = 4000;

/** The run for a terminal: what failed and what changed node by node, the rest counted. Ends with a line break. */
export function renderText(explanation: Explanation, options: TextOptions = {}): string {
  const paint = paints(options.color ?? false);
  const width = Math.max(20, options.width ?? 100);
  const { state: told } = explanation;
  const stateFirst =
    told.tone === 'problem' ||
    told.kind === 'disabled' ||
    (told.kind === 'active' && told.tone === 'caution');
  const state = stateLines(explanation, paint, width);
  const compared = managedStateLines(explanation, paint, width);
  const missesState = explanation.managedState?.comparison === 'missing';
  const sections = [
    headLines(explanation, paint, width),
    missesState ? compared : [],
    stateFirst ? state : [],
    runLines(explanation, paint, width),
    lookAtLines(explanation, 'failure', paint, width),
    tallyLines(explanation, paint),
    savingLines(explanation, width),
    missesState ? [] : compared,
    stateFirst ? [] : state,
    dedupLines(explanation, paint, width),
    lookAtLines(explanation, 'warning', paint, width),
    ...explanation.groups.map((group) => groupLines(group, paint, width)),
    noticeLines(explanation, paint, width),
    checklistLines(explanation, paint, width),
    listLines('dbt State settings', explanation.settings.map(settingInWords), paint, width),
    listLines(
      'Next',
      explanation.advice.map(({ sentence, command }) =>
        command === undefined ? sentence : `${clause(sentence)}: ${command}`,
      ),
      paint,
      width,
    ),
    listLines('Small print', explanation.smallPrint, paint, width),
  ].filter((lines) => lines.length > 0);
  return `${sections.map((lines) => lines.map(quietCommands).join('\n')).join('\n\n')}\n`;
}

const SIGNS: Readonly<Record<Verdict, { readonly sign: string; readonly paint: keyof Paint }>> = {
  passed: { sign: '✔', paint: 'green' },
  failed: { sign: '✘', paint: 'red' },
  skipped: { sign: '-', paint: 'yellow' },
  stopped: { sign: '■', paint: 'red' },
  'not-done': { sign: '✘', paint: 'red' },
};

const DOUBT = { sign: '!', paint: 'yellow' } as const;

function headLines(explanation: Explanation, paint: Paint, width: number): string[] {
  const { headline, totals, managedState } = explanation;
  const nothing =
    headline.verdict === 'passed' &&
    totals.nodes === 0 &&
    totals.selected === 0 &&
    managedState?.nothingChanged !== true;
  const { sign, paint: color } = nothing ? DOUBT : SIGNS[headline.verdict];
  return [
    paint[color](paint.bold(`${sign} ${line(headline.title, 120)}`)),
    ...(standInLines(explanation, paint, width) ?? wrapped(line(headline.sentence, 600), width, '  ')),
  ];
}

function stateLines({ state, headline }: Explanation, paint: Paint, width: number): string[] {
  const brief = headline.verdict !== 'passed' && headline.code !== 'run-cache-required';
  if (state.kind === 'disabled')
    return wrapped(`dbt State: ${line(state.sentence.replace(/^It/, 'it'), 400)}`, width);
  if (state.tone === 'quiet') return [];
  if (state.tone === 'fine')
    return wrapped(`${line(state.title, 200)} (${line(state.proof ?? '', 300)}).`, width);
  return [
    paint.yellow(paint.bold(`! ${line(state.title, 200)}`)),
    ...(brief ? [] : wrapped(line(state.sentence, 400), width, '  ')),
    ...state.troubles.flatMap(({ problem, title, said, fix, nodes }) => [
      ...(state.troubles.length > 1 ? wrapped(`${capitalised(line(title, 200))}.`, width, '  ') : []),
      ...wrapped(`What to do: ${line(fix, 1000)} (code ${problem})`, width, '  '),
      ...(nodes.length > 0
        ? wrapped(
            `Concerns: ${listedUpTo(
              nodes.map((name) => line(name, 80)),
              5,
            )}`,
            width,
            '  ',
          )
        : []),
      ...(brief || said === undefined || said.trim() === ''
        ? []
        : wrapped(`dbt said: ${line(said, 600)}`, width, '  ').map(paint.dim)),
    ]),
  ];
}

function runLines({ lookAt }: Explanation, paint: Paint, width: number): string[] {
  const run = lookAt.find(({ kind }) => kind === 'run');
  if (run === undefined) return [];
  const printed = plainText((run.outputTail ?? '').slice(-8000)).trim();
  return [
    ...(run.message.trim().includes('\n') && !repeats(run) ? block(run.message) : []),
    ...(run.hint === undefined ? [] : wrapped(`What to do: ${line(run.hint, 1000)}`, width)),
    ...(printed === '' ? [] : [paint.bold('The last lines dbt printed')]),
    ...(printed === ''
      ? []
      : printed
          .split('\n')
          .slice(-20)
          .map((words) => `  ${words}`)),
  ];
}

function tallyLines({ totals }: Explanation, paint: Paint): string[] {
  const labels = Math.max(0, ...totals.lines.map(({ label }) => label.length));
  const counts = Math.max(0, ...totals.lines.map((tally) => count(tally.count).length));
  return totals.lines.map(({ label, count: many, detail, executionMs }) => {
    const time =
      executionMs === undefined ? '' : `${detail === '' ? '' : ', '}${duration(executionMs)} of node time`;
    return `  ${label.padEnd(labels)}  ${paint.bold(count(many).padStart(counts))}  ${line(detail, 300)}${time}`;
  });
}

function savingLines({ time }: Explanation, width: number): string[] {
  return time.saving === '' ? [] : wrapped(line(`${time.saving} ${time.caveat}`, 600), width);
}

function lookAtLines({ lookAt }: Explanation, kind: LookAt['kind'], paint: Paint, width: number): string[] {
  const items = lookAt.filter((item) => item.kind === kind);
  if (items.length === 0) return [];
  const color = kind === 'failure' ? paint.red : paint.yellow;
  const rest = items.length - LISTED_FAILURES;
  return [
    color(paint.bold(counted(items.length, kind))),
    ...items.slice(0, LISTED_FAILURES).flatMap((item) => itemLines(item, paint, width)),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
  ];
}

function itemLines({ node, title, message, held }: LookAt, paint: Paint, width: number): string[] {
  const where = node === undefined ? '' : place(node);
  return [
    [
      `  ${paint.bold(node === undefined ? '' : plainLine(nameOf(node)))}`,
      line(title, 200),
      ...(where === '' ? [] : [line(where, 240)]),
    ].join('  '),
    ...block(message).map((words) => `  ${words}`),
    ...(held === undefined
      ? []
      : wrapped(
          `Because of it, dbt did not try ${counted(held.count, 'other node')}: ` +
            `${listedUpTo(
              held.names.map((name) => line(name, 80)),
              held.names.length,
              held.count,
            )}.`,
          width,
          '    ',
        )),
  ];
}

function groupLines(group: NodeGroup, paint: Paint, width: number): string[] {
  if (TOLD.has(group.key)) return [];
  const time = group.executionMs === undefined ? '' : `, ${duration(group.executionMs)}`;
  const title = `${paint.bold(group.title)}: ${line(group.makeup, 200)}${time}`;
  if (COUNTED.has(group.key)) return [title, ...countedReasons(group, width)];
  const shown = group.nodes.slice(0, LISTED_NODES);
  const rest = group.nodes.length - shown.length;
  // A reason that holds for several nodes is said once, before them.
  const byReason = Map.groupBy(shown, reason);
  return [
    title,
    ...[...byReason].flatMap(([why, nodes]) => [
      ...wrapped(why, width, '  ').map(paint.dim),
      ...nodes.map((node) => `    ${plainLine(nameOf(node))} ${paint.dim(`(${nodeFacts(node)})`)}`),
    ]),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
  ];
}

function reason(node: ExplainedNode): string {
  return line(node.sentence, 400) + (node.basis === 'inferred' ? ` ${doubtInWords(node)}` : '');
}

function nodeFacts(node: ExplainedNode): string {
  const rows = rowsInWords(node);
  return [
    line(node.kind, 60),
    ...(node.executionMs === undefined ? [] : [duration(node.executionMs)]),
    ...(rows === '' ? [] : [rows]),
    ...(node.selectedFor === undefined ? [] : [line(node.selectedFor, 120)]),
  ].join(', ');
}

function countedReasons(group: NodeGroup, width: number): string[] {
  const reasons = new Map<string, number>();
  for (const { sentence } of group.nodes) reasons.set(sentence, (reasons.get(sentence) ?? 0) + 1);
  const most = [...reasons].sort(([, a], [, b]) => b - a);
  return [
    ...most
      .slice(0, 5)
      .flatMap(([sentence, many]) => wrapped(`${count(many)}: ${line(sentence, 300)}`, width, '  ')),
    ...(most.length > 5 ? [`  and ${counted(most.length - 5, 'other reason')}`] : []),
  ];
}

function noticeLines(explanation: Explanation, paint: Paint, width: number): string[] {
  const notices = explanation.notices.filter((notice) => !isToldElsewhere(explanation, notice));
  const rest = notices.length - LISTED_NOTICES;
  const items = notices.slice(0, LISTED_NOTICES).map(({ kind, name, message, hint, count: many }) => {
    const times = many > 1 ? ` (${count(many)} times)` : '';
    const todo = hint === undefined ? '' : ` What to do: ${line(hint, 500)}`;
    return `${kind} ${line(name, 120)}${times}: ${line(message, 400)}${todo}`;
  });
  return listLines('Also said', rest > 0 ? [...items, `and ${count(rest)} more`] : items, paint, width);
}

function settingInWords({ setting, value, from, overrides, remark }: SettingRow): string {
  const outranked = overrides.length === 0 ? '' : `; overrides ${listed(overrides)}`;
  const said = remark === '' ? '' : ` ${remark}`;
  return `${setting} = ${value}, from ${from}${outranked}.${said}`;
}

/** What did not pass and was not told above; the rest is counted. A terminal has no part that opens on a click. */
function checklistLines({ checklist, state }: Explanation, paint: Paint, width: number): string[] {
  if (checklist === undefined || checklist.status === 'pass') return [];
  const told = state.troubles.map(({ problem }) => problem);
  const shown = checklist.checks.filter(
    ({ code, status }) =>
      (status === 'fail' || status === 'warn') && !told.some((problem) => problem === code),
  );
  if (shown.length === 0) return [];
  const codes = Math.max(...shown.map(({ code }) => code.length));
  return [
    `${paint.bold('Run-cache checklist')}: ${checklist.tally}`,
    ...shown.flatMap((check) => checkLines(check, codes, paint, width - 2)).map((one) => `  ${one}`),
  ];
}

function listLines(title: string, items: readonly string[], paint: Paint, width: number): string[] {
  if (items.length === 0) return [];
  return [paint.bold(title), ...items.flatMap((item) => wrapped(line(item, 2000), width, '  '))];
}

function block(message: string): string[] {
  const whole = message.trim();
  const words = plainText(whole.slice(0, BLOCK_READ));
  if (words === '') return [];
  const full = whole.length <= BLOCK_READ ? words.length : whole.length;
  return cutLines(words, 2000, 20, full)
    .split('\n')
    .map((part) => `  ${part}`);
}

function line(text: string, limit: number): string {
  return plainLine(cut(text, limit));
}
