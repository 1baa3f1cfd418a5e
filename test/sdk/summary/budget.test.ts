import { describe, expect, test } from 'vitest';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import { seededRandom } from '../../support/random.ts';
import {
  decision,
  failedReport,
  report,
  reusedTest,
  skipped,
  testDecision,
} from '../../support/report-builder.ts';

const MIB = 1024 * 1024;

/** A large project: mostly reuse, some builds, few failures, each with a message of 2 KB. */
function large(nodes: number, failures = 40): NodeDecision[] {
  const message = `Database Error in model x (models/x.sql)\n${'  column "größe" does not exist\n'.repeat(60)}`;
  return Array.from({ length: nodes }, (_, index) => {
    if (index < failures) {
      return decision({
        name: `failed_${index}`,
        action: 'failed',
        because: 'error',
        status: 'error',
        failed: true,
        message,
      });
    }
    if (index < 2 * failures)
      return skipped(`skipped_${index}`, `model.jaffle_shop.failed_${index - failures}`);
    if (index % 100 === 0) {
      return testDecision({ name: `warned_${index}`, status: 'warn', failures: 3, message: 'Got 3 results' });
    }
    if (index % 50 === 1) {
      return decision({
        name: `built_${index}`,
        because: 'state-decided',
        detail: `reason ${index}`,
        location: { path: `models/built_${index}.sql`, line: 2 },
        executionMs: index,
      });
    }
    if (index % 3 === 0)
      return reusedTest({ name: `not_null_of_a_long_column_name_${index}`, executionMs: 100 });
    if (index % 3 === 1)
      return testDecision({ name: `unique_of_a_long_column_name_${index}`, executionMs: 100 });
    return decision({
      name: `a_model_with_a_long_name_that_says_what_it_holds_and_where_it_is_from_${index}`,
      action: 'reused',
      because: 'no-changes',
    });
  });
}

function bytes(markdown: string): number {
  return Buffer.byteLength(markdown, 'utf8');
}

describe('50,000 nodes', () => {
  const given = failedReport({ decisions: large(50_000) });

  test('fit into 1 MiB; what says most is kept, and what is left out is said', () => {
    const markdown = renderSummary(explain(given), { reportPath: 'target/report.json' });
    expect(bytes(markdown)).toBeLessThanOrEqual(MIB - 16 * 1024);
    expect(bytes(markdown)).toBeGreaterThan(200 * 1024);
    for (let index = 0; index < 40; index += 1) expect(markdown).toMatch(new RegExp(`failed_${index}\\b`));
    expect(markdown).toContain('`built_101`');
    expect(markdown).toContain('`built_49951`');
    expect(markdown).toContain('`warned_49900`');
    // A part of what did not have to run, or passed, tells nothing: those are listed whole or counted.
    expect(markdown).not.toContain('a_model_with_a_long_name');
    expect(markdown).not.toContain('unique_of_a_long_column_name');
    expect(markdown).toMatch(
      /♻️ <b>Reused<\/b> · 16,\d{3} models\n\n- 16,\d{3}: dbt State found no new changes/,
    );
    expect(markdown).toMatch(/✂️ Left out for lack of room: .*16,\d{3} nodes \(reused\)/);
    expect(markdown).toContain('`target/report.json` has everything.');
  });

  test('twice the nodes take about twice the work, not its square', () => {
    const half = failedReport({ decisions: large(25_000) });
    /** Of this process alone, in ms: others on the machine do not count. */
    const work = (run: () => void): number => {
      const before = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    const best = (run: () => void) => Math.min(work(run), work(run), work(run));
    const told = [explain(half), explain(given)] as const;
    const [small, whole] = [
      best(() => renderSummary(explain(half))),
      best(() => renderSummary(explain(given))),
    ];
    expect(whole).toBeLessThan(small * 4 + 50);
    expect(best(() => renderText(told[1]))).toBeLessThan(best(() => renderText(told[0])) * 4 + 50);
  }, 60_000);

  test('all of them failing still fit, the first ones with their messages', () => {
    const markdown = renderSummary(explain(failedReport({ decisions: large(50_000, 25_000) })));
    expect(bytes(markdown)).toBeLessThanOrEqual(MIB);
    expect(markdown).toContain('#### `failed_0`');
    expect(markdown).toMatch(/✂️ Left out for lack of room: \d\d,\d{3} failures/);
  });
});

test('no size is ever exceeded, and there is something to read from 200 bytes on', () => {
  const explanation = explain(
    failedReport({
      decisions: large(600, 12),
      state: {
        kind: 'inactive',
        trouble: { problem: 'bad-credentials', said: 'x\n'.repeat(50), fix: 'Mend it. '.repeat(30) },
      },
      savings: { nodeMs: 1, nodes: 1 },
      labels: { a: 'ü'.repeat(500) },
      notices: Array.from({ length: 50 }, (_, index) => ({
        kind: 'warning' as const,
        name: `W${index}`,
        message: 'ä'.repeat(index * 40),
        count: 1,
      })),
      selectedCount: 700,
    }),
  );
  const random = seededRandom('summary sizes');
  const sizes = [0, 1, 10, 50, 100, 200, 500, 1000, 2048, 4096, 100_000];
  for (let round = 0; round < 150; round += 1) sizes.push(random.int(0, round * 400));
  for (const maxBytes of sizes) {
    const markdown = renderSummary(explanation, { maxBytes });
    expect(bytes(markdown)).toBeLessThanOrEqual(maxBytes);
    if (maxBytes >= 200) expect(markdown).toContain('## ❌ dbt');
    expect(markdown.split('<details>').length).toBe(markdown.split('</details>').length);
    expect((markdown.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  }
});

test('2 KB hold verdict, counts and the first failure', () => {
  const markdown = renderSummary(explain(failedReport({ decisions: large(5000) })), { maxBytes: 2048 });
  expect(markdown).toContain('## ❌ dbt build failed');
  expect(markdown).toContain('| ❌ **Failed** | 40 |');
  expect(markdown).toContain('`failed_0`');
  expect(markdown).toContain('✂️');
});

test('where all fits nothing is left out', () => {
  const decisions = large(3000);
  const markdown = renderSummary(explain(failedReport({ decisions })));
  expect(markdown).not.toContain('✂️');
  for (const { name } of decisions) expect(markdown).toContain(name);
});

test('the least interesting goes first as room shrinks', () => {
  const decisions = [
    ...Array.from({ length: 40 }, (_, index) => decision({ name: `built_${index}` })),
    ...Array.from({ length: 40 }, (_, index) => testDecision({ name: `tested_${index}` })),
    ...Array.from({ length: 40 }, (_, index) =>
      decision({ name: `reused_${index}`, action: 'reused', because: 'no-changes' }),
    ),
    ...Array.from({ length: 40 }, (_, index) => reusedTest({ name: `stored_${index}` })),
  ];
  const explanation = explain(report({ decisions }));
  const whole = bytes(renderSummary(explanation));
  const kinds = ['built', 'tested', 'reused', 'stored'];
  const seen = new Set<string>();
  for (let maxBytes = whole + 2000; maxBytes > 1000; maxBytes -= 50) {
    const markdown = renderSummary(explanation, { maxBytes });
    const listed = kinds.filter((kind) => markdown.includes(`\`${kind}_0\``));
    seen.add(listed.join());
    expect(listed).toEqual(kinds.slice(0, listed.length));
  }
  expect(seen.size).toBe(kinds.length + 1);
});
