import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import type {
  DecisionReason,
  NodeAction,
  NodeDecision,
  StateStatus,
} from '../../../sdk/decisions/decision.ts';
import type { EarlierRun, ExecutedBecause } from '../../../sdk/dedup/dedup-report.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import { ACTIONS, REASONS } from '../../../sdk/explain/wording.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { plainLine } from '../../../sdk/summary/plain-text.ts';
import { renderSummary, type SummaryOptions } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import { hostileText } from '../../support/hostile-text.ts';
import { hostileManagedState } from '../../support/managed-state-report.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { decision, report } from '../../support/report-builder.ts';

const markdownIt = new MarkdownIt({ html: true, linkify: false });

function hostileDecision(random: Random, index: number): NodeDecision {
  const words = () => hostileText(random);
  const maybe = <T>(given: T): T | undefined => (random.int(0, 1) === 0 ? given : undefined);
  return withoutUndefined({
    uniqueId: `${index}.${words()}`,
    name: words(),
    resourceType: random.pick(['model', 'test', 'seed', 'unit_test', 'source', words()]),
    materialized: maybe(words()),
    action: random.pick(Object.keys(ACTIONS) as NodeAction[]),
    because: random.pick(Object.keys(REASONS) as DecisionReason[]),
    detail: maybe(words()),
    status: maybe(random.pick(['pass', 'warn', 'fail', 'error', words()])),
    failed: random.int(0, 3) === 0,
    message: maybe(words() + words()),
    failures: maybe(random.int(0, 5)),
    rowsAffected: maybe(random.int(0, 5000)),
    executionMs: maybe(random.int(0, 100_000)),
    savedMs: maybe(random.int(0, 100_000)),
    location: maybe({ path: words(), line: random.int(1, 9) }),
    basis: random.pick(['reported', 'inferred'] as const),
    evidence: [
      { source: 'event', says: words(), ...(random.int(0, 3) === 0 && { conflicts: true as const }) },
    ],
  }) as NodeDecision;
}

function hostileReport(random: Random): RunReport {
  const words = () => hostileText(random);
  const trouble = () =>
    ({ problem: 'service-errors', said: words(), fix: words(), nodes: [words()] }) as const;
  const states: StateStatus[] = [
    { kind: 'active', proof: words(), version: words(), troubles: [trouble(), trouble()] },
    { kind: 'inactive', trouble: trouble() },
    { kind: 'disabled', by: words() },
    { kind: 'unknown', why: words() },
    { kind: 'absent' },
  ];
  const failing = random.int(0, 2) > 0;
  return report({
    ...(failing && {
      failure: {
        code: random.pick(['nodes-failed', 'dbt-failed', 'timed-out'] as const),
        message: words(),
        hint: words(),
        outputTail: words(),
      },
    }),
    command: random.pick(['build', words()]),
    args: [words(), words()],
    labels: { [`l${words()}`]: words() },
    engine: { kind: 'core', commandPrefix: [words()], dbtVersion: words(), adapterType: words() },
    project: { name: words(), dir: words(), targetPath: words(), targetName: words() },
    state: random.pick(states),
    ...(random.int(0, 1) === 0 && {
      diagnosis: {
        ...{ schemaVersion: 1, checkedAt: words(), status: 'fail' },
        checks: Array.from({ length: random.int(1, 4) }, () => ({
          code: 'service',
          status: random.pick(['pass', 'warn', 'fail', 'unknown'] as const),
          seen: words(),
          fix: words(),
        })),
      } as const,
    }),
    savings: { nodeMs: 1000, nodes: 2 },
    ...hostileDedup(random),
    ...(random.int(0, 1) === 0 && { managedState: hostileManagedState(random) }),
    decisions: Array.from({ length: random.int(0, 12) }, (_, index) => hostileDecision(random, index)),
    notices: [
      { kind: 'problem', name: words(), message: words(), hint: words(), count: 1 },
      { kind: 'warning', name: words(), message: words(), count: 3, uniqueId: words() },
    ],
  });
}

function hostileDedup(random: Random): Pick<RunReport, 'dedup'> {
  const words = () => hostileText(random);
  const url = random.pick([
    undefined,
    `x${words()}`,
    `https://files.example/${words()}`,
    `javascript:${words()}`,
  ]);
  const run: EarlierRun = {
    ...{ startedAt: words(), finishedAt: words(), host: words(), pid: 1, command: words(), wallMs: 1 },
    labels: { [words()]: words() },
    ...(url === undefined ? {} : { url }),
  };
  const differences = Array.from({ length: random.int(0, 20) }, () => ({
    part: random.pick(['code', 'vars', 'packages', 'env', 'engine', 'data', words()]),
    item: words(),
    how: random.pick(['changed', 'added', 'removed', 'unknown'] as const),
  }));
  const causes: readonly ExecutedBecause[] = [
    { kind: 'no-key', unknown: differences.map(({ part, item }) => ({ part, why: item })) },
    { kind: 'no-record', nearest: { run, differences, count: random.int(20, 40) } },
    { kind: 'other-inputs', run, differences },
    { kind: 'distrusted', run, why: words() },
    { kind: 'unusable', run, why: words() },
    { kind: 'not-repeatable', why: words() },
    { kind: 'unavailable', why: words() },
    { kind: 'in-flight', run },
  ];
  const ledger = {
    store: words(),
    key: { kind: 'given', digest: words(), text: words() },
  } as const;
  const paths = Array.from({ length: random.int(0, 9) }, words);
  const omitted = paths.map((path) => ({ path, bytes: random.int(0, 1e9) }));
  const record = random.pick(['kept', 'none', 'lost', 'unknown', 'inputs-changed'] as const);
  return random.pick([
    {},
    { dedup: { ...ledger, kind: 'replayed', run, restored: paths, omitted } },
    { dedup: { ...ledger, kind: 'skipped-in-flight', run } },
    { dedup: { ...ledger, kind: 'executed', because: random.pick(causes), record } },
    { dedup: { ...ledger, kind: 'executed', because: random.pick(causes), record } },
  ] as const);
}

function withoutUndefined(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** The tags our own templates write, and no others. */
const OUR_TAG = /^<(?:\/?(?:details|summary|b|code)|a href="https:\/\/files\.example\/[^"<>]*"|\/a)>$/;

/** Headings begin with a sign of ours, or with a node's name as code. */
const OUR_HEADING = /^(?:[✅❌⚠⏹⏭🚫👉📋🔎🔀]|`)/u;

/** Everything in a page that is not ours to make; empty when all is well. */
function trespasses(markdown: string): string[] {
  const found: string[] = [];
  const tokens = markdownIt.parse(markdown, {});
  const inline = tokens.flatMap((token) => token.children ?? []);
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open' && !OUR_HEADING.test(tokens[index + 1]?.content ?? '')) {
      found.push(`heading ${tokens[index + 1]?.content}`);
    }
    if (['blockquote_open', 'hr', 'ordered_list_open', 'code_block'].includes(token.type))
      found.push(token.type);
  }
  for (const token of inline) {
    if (['image', 'em_open', 's_open', 'softbreak', 'hardbreak'].includes(token.type)) found.push(token.type);
    if (token.type === 'link_open' && !String(token.attrGet('href')).startsWith('https://files.example/')) {
      found.push(`link ${token.attrGet('href')}`);
    }
  }
  const html = [...tokens, ...inline].filter(({ type }) => type === 'html_block' || type === 'html_inline');
  let depth = 0;
  for (const [tag] of html
    .map(({ content }) => content)
    .join('')
    .matchAll(/<[^>]*>?/g)) {
    if (!OUR_TAG.test(tag)) found.push(`tag ${tag}`);
    if (tag === '<details>') depth += 1;
    if (tag === '</details>') depth -= 1;
    if (depth < 0 || depth > 1) found.push(`details at depth ${depth}`);
  }
  if (depth !== 0) found.push('details left open');

  let columns = 0;
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    const mark = /^`{3,}/.exec(line)?.[0];
    if (fence === undefined ? mark !== undefined : line === fence)
      fence = fence === undefined ? mark : undefined;
    if (/^\s*::/u.test(line) || line.includes('##[')) found.push(`command ${line}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(line)) found.push(`control character in ${line}`);
    if (/(?!\uFE0F|\u200D)[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cs}]/u.test(line)) {
      found.push(`invisible character in ${line}`);
    }
    if (fence !== undefined) continue;
    // Neither in code nor in an address does GitHub look for mentions.
    const looked = line.replace(/(`+)[^`].*?\1|<code>.*?<\/code>|https:\/\/files\.example\S*/g, '');
    if (/@[\w-]|(?<!&)#\d/.test(looked)) found.push(`mention in ${line}`);
    if (!line.startsWith('| ')) columns = 0;
    else {
      const cells = line.replaceAll('\\|', '').split('|').length;
      if (columns !== 0 && cells !== columns) found.push(`${cells} cells, not ${columns}: ${line}`);
      columns = cells;
    }
  }
  if (fence !== undefined) found.push('a fence is left open');
  if (!markdown.isWellFormed()) found.push('half a character');
  return found;
}

describe('whatever the names and messages', () => {
  test('the summary has no markup but ours', () => {
    const random = seededRandom('hostile summary');
    const options: SummaryOptions = { fileUrl: (path, line) => `https://files.example/${path}#L${line}` };
    for (let round = 0; round < 400; round += 1) {
      const given = hostileReport(random);
      const size = random.pick([undefined, 300, 1000, 2048, 6000, 20_000]);
      const markdown = renderSummary(explain(given), { ...options, maxBytes: size });
      expect(trespasses(markdown), `round ${round}:\n${markdown}`).toEqual([]);
      if (size !== undefined) expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(size);
    }
  });

  test('every name can still be read', () => {
    const random = seededRandom('hostile names');
    for (let round = 0; round < 300; round += 1) {
      const name = `${hostileText(random)}x${hostileText(random)}`.slice(0, 150);
      const page = markdownIt.render(renderSummary(explain(report({ decisions: [decision({ name })] }))));
      const seen = page
        .replace(/<[^>]*>/g, ' ')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&amp;', '&');
      const expected = plainLine(name)
        .replace(/^(\s*):(?=:)/, '$1: ')
        .replaceAll('##[', '# #[');
      expect(seen).toContain(expected);
    }
  });

  test('the terminal gets no control characters, and a runner no commands', () => {
    const random = seededRandom('hostile text');
    for (let round = 0; round < 400; round += 1) {
      const text = renderText(explain(hostileReport(random)));
      for (const line of text.split('\n')) {
        expect(line).not.toMatch(/^\s*::|##\[/u);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202A-\u202E\u2066-\u2069]/);
      }
    }
  });
});
