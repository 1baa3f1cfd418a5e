import { describe, expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import type { ManagedStateReport } from '../../../sdk/managed-state/state-report.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import {
  change,
  foundState,
  managedState,
  missingState,
  reasons,
  STATE_COMMIT,
  slimReport,
} from '../../support/managed-state-report.ts';
import { decision, replayedReport, report, testDecision } from '../../support/report-builder.ts';

const id = (name: string) => `model.jaffle_shop.${name}`;
const COMMIT_URL = `https://github.com/acme/shop/commit/${STATE_COMMIT}`;

const SELECTION = reasons({
  changes: [change('stg_orders'), change('orders', { kinds: ['configs'], configs: ['a|b`c'] })],
  downstream: { [id('customers')]: [id('stg_orders')], 'test.jaffle_shop.unique_x.abc': [id('stg_orders')] },
  retried: [id('refunds')],
  oversights: [
    { kind: 'built-in-macro', macro: 'macro.jaffle_shop.current_timestamp' },
    { kind: 'variable', name: 'start', uniqueIds: [id('events')] },
    { kind: 'removed', uniqueId: id('gone') },
    { kind: 'variable', name: 'fine', uniqueIds: [id('customers')] },
  ],
});

function given(managed: Partial<ManagedStateReport>, more: Partial<RunReport> = {}): RunReport {
  const decisions = [
    decision({ name: 'stg_orders', location: { path: 'models/stg_orders.sql' } }),
    decision({ name: 'customers' }),
    testDecision(),
  ];
  return report({ decisions, ...more, managedState: managedState(managed) });
}

const fileUrl = (path: string) => `https://files.example/${path}`;
const summary = (run: RunReport) => renderSummary(explain(run), { fileUrl });
const text = (run: RunReport) => renderText(explain(run));

describe('a slim build', () => {
  const markdown = summary(given({ slim: slimReport({ selection: SELECTION }) }));

  test('says what it was compared with, and shows dbt’s command', () => {
    expect(markdown).toContain(
      `### 🔀 2 nodes changed, 2 nodes below them\n\nCompared with the state of production at [\`1a2b3c4\`](${COMMIT_URL}), the commit this branch starts from (3 commits back).`,
    );
    expect(markdown).toContain('```sh\ndbt build --state /tmp/state --defer --select state:modified+\n```');
  });

  test('has a table of what changed, safe from hostile names', () => {
    expect(markdown).toContain(
      '| Node | Kind | What changed |\n| :--- | :--- | :--- |\n| `orders` | model | config ``a\\|b`c`` |\n| [`stg_orders`](https://files.example/models/stg_orders.sql) | model | its SQL |\n',
    );
  });

  test('what stands below is behind a click, by what it stands below', () => {
    expect(markdown).toContain(
      '<summary>⬇️ <b>2 nodes below them</b> · 1 model and 1 data test</summary>\n\n- below `stg_orders`: `customers`, `unique_x`\n',
    );
  });

  test('what dbt does not see stands open, and what to do is said once', () => {
    const start = markdown.indexOf('⚠️ **What dbt’s comparison does not see**');
    const open = markdown.slice(start, markdown.indexOf('| Node |'));
    expect(start).toBeGreaterThan(0);
    expect(open).not.toContain('<details>');
    expect(open.match(/\*\*What to do:\*\* If that matters here, set `slim: strict`/g)).toHaveLength(1);
    expect(open).toMatch(/- `gone` is gone\. .* \*\*What to do:\*\* Look whether/);
    expect(open).not.toContain('`fine`');
    expect(markdown).toMatch(/made up for<\/b><\/summary>\n\n- The variable `fine` has another value/);
  });

  test('each built node says why it was selected; a passed test does not', () => {
    expect(markdown).toContain('| Node | Why selected |');
    expect(markdown).toContain('| `customers` | below stg_orders |');
    expect(markdown.match(/Why selected/g)).toHaveLength(1);
    expect(summary(report({ decisions: [decision()] }))).not.toContain('Why selected');
  });

  test('a terminal gets it in a few lines, without addresses', () => {
    const printed = text(given({ slim: slimReport({ selection: { ...SELECTION, oversights: [] } }) }));
    const block = printed.split('\n\n').find((part) => part.startsWith('Compared')) ?? '';
    expect(block.split('\n').length).toBeLessThanOrEqual(8);
    expect(block).toContain(
      '\n  2 nodes changed, 2 nodes below them: orders (config a|b`c), stg_orders (its SQL)\n',
    );
    expect(block).not.toContain('http');
    expect(printed).toContain('customers (model, below stg_orders)');
    const warned = text(given({ slim: slimReport({ selection: SELECTION }) }));
    expect(warned).toContain('\n  ! The macro current_timestamp has changed.');
    expect(warned).toContain('\n    What to do: If that matters here');
  });

  test('a terminal tells why strict added nodes', () => {
    const strict = slimReport({ mode: 'strict', added: [id('events')], selection: SELECTION });
    expect(text(given({ slim: strict })).replace(/\s+/g, ' ')).toContain(
      'The variable start has another value now, and dbt does not compare values. It is read by the code of events',
    );
    const selection = { ...SELECTION, oversights: SELECTION.oversights.slice(3) };
    expect(text(given({ slim: slimReport({ mode: 'strict', selection }) }))).not.toContain('fine');
  });

  test('what strict added, and why it selected everything', () => {
    const oversight = { kind: 'project-hook', uniqueId: 'operation.p.p-on-run-end-0' } as const;
    const strict = slimReport({ mode: 'strict', added: [id('events')], addedAll: oversight });
    expect(summary(given({ slim: strict }))).toContain(
      '➕ Strict added 1 node that dbt’s comparison overlooks: `events`.',
    );
    expect(summary(given({ slim: strict }))).toContain('⚠️ Strict selected everything, since nobody can tell');
    expect(text(given({ slim: strict }))).toContain('! Strict selected everything');
  });

  test('in a replay it is marked as the other run’s', () => {
    const replay = {
      ...replayedReport({ decisions: [decision()] }),
      managedState: managedState({ slim: slimReport({ selection: SELECTION }) }),
    };
    expect(summary(replay)).toContain('### 🔀 2 nodes changed, 2 nodes below them in that run');
  });
});

test('a missing state is told at the top with the way out, once', () => {
  const passedOver = [{ commit: STATE_COMMIT, because: 'other-version', detail: 'dbt 1.12.6' }] as const;
  const run = given(
    { comparison: missingState({ because: 'none-fits', passedOver }) },
    { notices: [{ kind: 'problem', name: 'state-missing', message: 'said twice', count: 1 }] },
  );
  const markdown = summary(run);
  expect(markdown.split('\n\n')[2]).toMatch(
    /^⚠️ There was no state to compare with: .* \*\*What to do:\*\* Use the same dbt/,
  );
  expect(markdown).toContain('- state of `1a2b3c4`&#58; dbt 1.12.6, this run has dbt 1.11.16\n');
  expect(markdown).not.toContain('said twice');
  const printed = text(run);
  expect(printed.split('\n\n')[1]).toMatch(/^! There was no state to compare with: [\s\S]*What to do: /);
  expect(printed).not.toContain('said twice');
  // Where nothing else says it, the notice does.
  expect(summary(report({ notices: run.notices }))).toContain('said twice');
});

test('a run in which nothing changed is no cause for doubt', () => {
  const nothing = given({ slim: slimReport() }, { decisions: [], selectedCount: 0 });
  expect(summary(nothing)).toMatch(
    /^## ✅ dbt build: nothing changed, nothing to do\n\nNothing changed since the state of production at 1a2b3c4/,
  );
  expect(text(nothing)).toMatch(/^✔ dbt build: nothing changed/);
  const blind = reasons({ oversights: [{ kind: 'built-in-macro', macro: 'macro.a.b' }] });
  const unsure = given({ slim: slimReport({ selection: blind }) }, { decisions: [], selectedCount: 0 });
  expect(summary(unsure)).toMatch(/^## ⚠️ dbt build did nothing: the comparison selected no nodes\n/);
  expect(text(unsure)).toMatch(/^! dbt build did nothing/);
});

test('a state that was published is one line', () => {
  const { comparison: _, ...alone } = managedState({
    published: { kind: 'published', commit: STATE_COMMIT, isNewest: true },
  });
  const run = report({ decisions: [decision()], managedState: alone });
  expect(summary(run)).toContain('\n\n📤 This run’s state was published for production at `1a2b3c4`.\n\n');
  expect(summary(run)).not.toContain('🔀');
  expect(text(run)).toContain('\nThis run’s state was published for production at 1a2b3c4.\n');
});

test('a large selection obeys every size, and says what it leaves out', () => {
  const many = Array.from({ length: 3000 }, (_, index) => `m${index}_${'ü'.repeat(index % 60)}`);
  const selection = reasons({
    changes: many.map((name) => change(name)),
    downstream: Object.fromEntries(many.map((name, index) => [id(`below_${name}`), [id(`m${index % 200}`)]])),
    retried: many.map(id),
    oversights: many.slice(0, 40).map((name) => ({ kind: 'variable', name, uniqueIds: many.map(id) })),
  });
  const explanation = explain(
    given({
      slim: slimReport({ selection, within: many, args: many }),
      comparison: foundState({ isDirty: true }),
    }),
  );
  for (let maxBytes = 0; maxBytes < 600_000; maxBytes = Math.floor(maxBytes * 1.3) + 61) {
    const markdown = renderSummary(explanation, { maxBytes });
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(maxBytes);
    expect(markdown.split('<details>').length).toBe(markdown.split('</details>').length);
    expect((markdown.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  }
  const small = renderSummary(explanation, { maxBytes: 60_000 });
  expect(small).toMatch(/✂️ Left out for lack of room: .*changed nodes/);
  expect(small).toContain('3,000 nodes changed');
  expect(renderSummary(explanation)).toContain('more changed nodes</summary>');
  expect(renderText(explanation).length).toBeLessThan(20_000);
});
