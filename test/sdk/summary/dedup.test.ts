import { describe, expect, test } from 'vitest';
import type { KeyDifference } from '../../../sdk/dedup/key.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import {
  decision,
  earlierRun,
  executedDedup,
  replayedReport,
  report,
  skippedReport,
} from '../../support/report-builder.ts';

const URL = 'https://github.com/acme/shop/actions/runs/123/attempts/1';
const failed = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
});
const summary = (given: RunReport) => renderSummary(explain(given));
const text = (given: RunReport) => renderText(explain(given));
const head = (rendered: string) => rendered.split('\n\n').slice(0, 3);

describe('a replay', () => {
  const given = replayedReport(
    {
      decisions: [decision({ name: 'orders' }), decision({ name: 'warned', status: 'warn' })],
      savings: { nodeMs: 5000, nodes: 2 },
      notices: [{ kind: 'warning', name: 'W', message: 'm', count: 1 }],
    },
    { restored: ['a', 'b', 'c', 'd', 'e'], omitted: [{ path: 'catalog.json', bytes: 3_400_000 }] },
  );

  test('says first that nothing ran, with a link, and whose result follows', () => {
    expect(head(summary(given))).toEqual([
      '## ⚠️ dbt build: replayed, nothing ran (1 warning in the earlier run)',
      `Taken from the ledger: this is the result of [an identical run that finished at 2026-11-20 18:02:11 UTC](${URL}). That run took 3 min 20 s, this one 1.4 s: 3 min 19 s saved.`,
      '**What follows is that run’s result:** 2 built.',
    ]);
    expect(summary(replayedReport({ decisions: [decision()] }))).toMatch(
      /^## ✅ dbt build: replayed, nothing ran\n/,
    );
  });

  test('whom the ledger shows is known, so it is small print, not something unknown', () => {
    const scoped = replayedReport({ decisions: [decision()] }, { store: 'actions-cache', scope: 'branch' });
    expect(summary(scoped)).toContain('**Small print.** The ledger in the Actions cache shows a run');
    expect(text(scoped)).toMatch(/^Small print:?\n.*The ledger in the Actions cache shows a run/m);
    expect(summary(scoped) + text(scoped)).not.toMatch(/not known/i);
  });

  test('every part of it is marked as that run’s', () => {
    const markdown = summary(given);
    for (const words of [
      '| What happened in that run |',
      '### ⚠️ 1 warning in that run',
      '### 📋 All 2 nodes in that run',
      'What dbt warned about in that run</b>',
      '⏱️ In that run, 5.0 s of node time was saved on 2 nodes, as dbt State reported it. That was saved once',
      '📦 Brought back to the target folder: `a`, `b`, `c`, `d` and 1 more.',
      '📦 Too large to be kept, so not brought back: `catalog.json` (3.4 MB).',
      'All 5 files that were brought back',
    ]) {
      expect(markdown).toContain(words);
    }
    expect(summary(report({ decisions: [decision()] }))).not.toContain('in that run');
  });

  test('a failure is red, and an earlier run’s', () => {
    const markdown = summary(
      replayedReport({ decisions: [failed], failure: { code: 'nodes-failed', message: 'x' } }),
    );
    expect(markdown).toMatch(
      /^## ❌ dbt build failed earlier: replayed, nothing ran\n\nTaken from the ledger: this is the failure of \[/,
    );
    expect(markdown).toContain('### ❌ 1 failure in that run');
    expect(
      summary(replayedReport({ failure: { code: 'dbt-failed', message: 'x', outputTail: 'one\ntwo' } })),
    ).toContain('The last lines dbt printed in that run:');
  });

  test('in a terminal the address stands behind its run', () => {
    const lines = text(given).split('\n');
    expect(lines[0]).toBe('✔ dbt build: replayed, nothing ran (1 warning in the earlier run)');
    expect(text(given).replace(/\s+/g, ' ')).toContain(
      `identical run that finished at 2026-11-20 18:02:11 UTC (${URL}). That run took 3 min 20 s, this one 1.4 s: 3 min 19 s saved. Brought back`,
    );
    expect(text(given)).toContain('\nWhat follows is that run’s result: 2 built.\n');
  });

  test('where the link does not fit the words do', () => {
    const run = earlierRun({ url: `https://x.example/${'y'.repeat(1500)}` });
    const explanation = explain(replayedReport({ decisions: [decision()] }, { run }));
    const small = renderSummary(explanation, { maxBytes: 1200 });
    expect(Buffer.byteLength(small)).toBeLessThanOrEqual(1200);
    expect(small).toMatch(
      /^## ✅ dbt build: replayed, nothing ran\n\nTaken from the ledger: this is the result of an identical/,
    );
  });
});

test('a skipped run looks like no result', () => {
  const given = skippedReport(earlierRun());
  expect(summary(given)).toMatch(
    /^## ⏭️ dbt build: skipped, no result\n\nNothing ran: \[an identical run that /,
  );
  expect(summary(given)).toContain('There is no result here, and nothing is proven');
  expect(summary(given)).not.toMatch(/✅|passed/);
  expect(text(given)).toMatch(/^- dbt build: skipped, no result\n/);
  expect(text(given)).not.toMatch(/✔|passed/);
});

describe('an executed run', () => {
  const nearest = (differences: readonly KeyDifference[], count = differences.length): RunReport =>
    report({
      decisions: [decision()],
      dedup: executedDedup({ kind: 'no-record', nearest: { run: earlierRun(), differences, count } }),
    });
  const files = (many: number): KeyDifference[] =>
    Array.from({ length: many }, (_, index) => ({
      part: 'code',
      item: `models/m${index}.sql`,
      how: 'changed',
    }));

  test('few differences stand open, without a fold', () => {
    const markdown = summary(nearest([...files(1), { part: 'vars', item: 'start_date', how: 'added' }]));
    expect(markdown).toContain(
      `🧾 **Why it ran:** The ledger has no result for this run. This run differs from [the run that finished at 2026-11-20 18:02:11 UTC](${URL}) only in \`models/m0.sql\` (changed) and \`vars.start_date\` (added). This result is now in the ledger: an identical run can take it instead of running dbt.`,
    );
    expect(markdown).not.toContain('differences');
  });

  test('many are counted, and listed behind a click as far as they are known', () => {
    const markdown = summary(nearest(files(20), 40));
    expect(markdown).toContain('`models/m2.sql` and 37 more.');
    expect(markdown).toContain('<summary>The first 20 of 40 differences</summary>');
    expect(markdown).toContain('- `models/m19.sql` — changed');
    expect(summary(nearest(files(5)))).toContain('<summary>All 5 differences</summary>');
    const printed = text(nearest(files(20), 40));
    expect(printed).toContain('  changed    models/m9.sql\n  and 30 more\n');
    expect(printed).not.toContain('models/m10.sql');
  });

  test('inputs that are not known stand open, the fourth behind a click', () => {
    const unknown = ['data', 'warehouse', 'code', 'vars'].map((part) => ({ part, why: `no ${part}` }));
    const given = report({
      decisions: [decision()],
      dedup: { store: 'file', kind: 'executed', record: 'none', because: { kind: 'no-key', unknown } },
    });
    const markdown = summary(given);
    expect(markdown).toContain(
      '- **The data in the warehouse:** No data.\n- **The warehouse:** No warehouse.',
    );
    expect(markdown).toContain(
      '<summary>1 more input not known</summary>\n\n- **The project’s vars:** No vars.',
    );
    expect(text(given)).toContain('  The project’s vars: No vars.');
  });

  test('a record that was not kept is told', () => {
    const given = report({
      decisions: [decision()],
      dedup: executedDedup({ kind: 'no-record' }, 'inputs-changed'),
    });
    expect(summary(given)).toContain('⚠️ **Ledger:** Files of the project changed while dbt ran');
    expect(text(given)).toContain('! Ledger: Files of the project changed');
  });

  test('with 20 long differences no size is exceeded, and what is left out is said', () => {
    const long = Array.from(
      { length: 20 },
      (_, index): KeyDifference => ({
        part: 'code',
        item: `models/${'ü'.repeat(1000)}/${index}.sql`,
        how: 'added',
      }),
    );
    const explanation = explain(nearest(long, 500));
    let leftOut = 0;
    for (let maxBytes = 0; maxBytes < 30_000; maxBytes += 171) {
      const markdown = renderSummary(explanation, { maxBytes });
      expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(maxBytes);
      expect(markdown.split('<details>').length).toBe(markdown.split('</details>').length);
      if (markdown.includes('details of the ledger')) leftOut += 1;
    }
    expect(leftOut).toBeGreaterThan(0);
    expect(renderSummary(explanation)).toContain('The first 20 of 500 differences');
  });
});

test('a run that another one stands in the way of leads to it', () => {
  const failure = { code: 'dedup-in-flight', message: 'dbt was not started', hint: 'Run it again.' } as const;
  const given = report({ failure, ledger: { store: 'redis', run: earlierRun() } });
  expect(summary(given)).toMatch(
    /\*\*What to do:\*\* Run it again\.\n\nLook at \[the other run that finished at [^\]]*\]\(/,
  );
  expect(summary(given)).toContain(`](${URL})`);
});
