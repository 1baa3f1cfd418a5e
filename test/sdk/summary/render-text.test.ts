import { describe, expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { renderText, type TextOptions } from '../../../sdk/summary/render-text.ts';
import {
  decision,
  failedReport,
  report,
  reusedTest,
  skipped,
  testDecision,
} from '../../support/report-builder.ts';

function text(given: RunReport, options?: TextOptions): string {
  return renderText(explain(given), options);
}

const failedModel = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
  message: 'Database Error\n  column "x" does not exist',
  location: { path: 'models/orders.sql', line: 42 },
});

describe('renderText', () => {
  test('a run with reuse, whole', () => {
    const shown = text(
      report({
        state: { kind: 'active', proof: '3 decision ids', troubles: [] },
        savings: { nodeMs: 33_080, nodes: 2 },
        decisions: [
          decision({
            materialized: 'table',
            because: 'state-decided',
            executionMs: 1500,
            rowsAffected: 1234,
          }),
          decision({ name: 'a', action: 'reused', because: 'no-changes' }),
          testDecision({ because: 'state-decided' }),
          reusedTest({ name: 'unique_a' }),
        ],
      }),
    );
    expect(shown).toMatchInlineSnapshot(`
      "✔ dbt build passed
        1 built, 1 reused, 1 test run and 1 test reused, in 12 s.

        Built         1  1 model, 1.5 s of node time
        Reused        1  1 model
        Tests run     1  1 passed
        Tests reused  1  1 passed

      33 s of node time saved on 2 nodes, as dbt State reports it. The run itself took 12 s; nodes run
      side by side, so how much sooner it ended is not known.

      dbt State was active (3 decision ids).

      Built: 1 model, 1.5 s
        dbt State decided that this model has to run.
          customers (table model, 1.5 s, 1,234 rows)

      Passed tests: 1 data test
        1: dbt State decided that this test has to run.

      Reused: 1 model
        1: dbt State found no new changes, so it kept what was there.

      Tests reused: 1 data test
        1: The test did not run: dbt State gave back its stored result: passed.
      "
    `);
  });

  test('failures with place, message and what they held up; then what was skipped', () => {
    const shown = text(
      failedReport({ decisions: [failedModel, skipped('customers', failedModel.uniqueId)] }),
    );
    expect(shown).toContain(
      [
        '1 failure',
        '  orders  Model failed  models/orders.sql:42',
        '    Database Error',
        '      column "x" does not exist',
        '    Because of it, dbt did not try 1 other node: customers.',
      ].join('\n'),
    );
    expect(shown).toContain(
      'Skipped: 1 model\n  Not tried, because orders, which comes before it, did not succeed.\n    customers (model)',
    );
    expect(shown).not.toContain('Failed: 1 model');
    expect(shown).toContain('`dbt retry` runs only');
    expect(shown.indexOf('1 failure')).toBeLessThan(shown.indexOf('Skipped  1'));
  });

  test('a State problem comes right after the headline', () => {
    const trouble = { problem: 'no-credentials', said: 'No credentials', fix: 'Set them.' } as const;
    const lines = text(report({ decisions: [decision()], state: { kind: 'inactive', trouble } })).split('\n');
    expect(lines[3]).toBe('! dbt State was not active: no credentials');
    expect(lines.slice(3, 8).join('\n')).toContain('What to do: Set them. (code no-credentials)');
  });

  test('troubles of an active State, and what switched it off, come before the counts too', () => {
    const trouble = { problem: 'service-errors', fix: 'Look.' } as const;
    const active = { kind: 'active', proof: 'ids', troubles: [trouble] } as const;
    const lines = text(report({ decisions: [decision()], state: active })).split('\n');
    expect(lines[3]).toBe('! dbt State was active, with 1 problem');
    const off = text(
      report({ decisions: [decision()], state: { kind: 'disabled', by: 'RUN_CACHE_DISABLED' } }),
    );
    expect(off.split('\n')[3]).toBe(
      'dbt State: it was switched off by RUN_CACHE_DISABLED, so nothing was reused.',
    );
  });

  test('more nodes than are named are counted, never “others”', () => {
    const held = Array.from({ length: 21 }, (_, index) => skipped(`s${index}`, failedModel.uniqueId));
    expect(text(failedReport({ decisions: [failedModel, ...held] }))).toContain(
      's0, s1, s2, s3, s4 and 16 more.',
    );
  });

  test('a run of nothing is no pass; what was printed is not announced', () => {
    expect(text(report({ selectedCount: 0 }))).toMatch(/^! dbt build did nothing/);
    const failure = {
      code: 'dbt-failed',
      message: 'Bad\n  thing',
      hint: 'Read the end of what it printed.',
      outputTail: 'Bad\n  thing',
    } as const;
    const shown = text(report({ failure }));
    expect(shown).not.toContain('What to do');
    expect(shown.match(/ {2}thing/g)).toHaveLength(1);
  });

  test('colour is only there when asked for', () => {
    const given = failedReport({ decisions: [failedModel] });
    expect(text(given)).not.toContain('\u001b');
    expect(text(given, { color: true })).toContain(
      '\u001b[31m\u001b[1m✘ dbt build failed\u001b[22m\u001b[39m',
    );
  });

  test('sentences are wrapped at the width', () => {
    const given = report({ decisions: [decision({ because: 'state-decided', detail: 'word '.repeat(60) })] });
    const lines = text(given, { width: 40 }).split('\n');
    expect(lines.some((line) => line.length > 30)).toBe(true);
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
    expect(
      text(given)
        .split('\n')
        .some((line) => line.length > 90),
    ).toBe(true);
  });

  test('a run that could not be done ends with what dbt printed', () => {
    const shown = text(
      report({
        failure: { code: 'dbt-failed', message: 'No project', hint: 'Make one.', outputTail: 'a\nb' },
      }),
    );
    expect(shown).toContain('✘ dbt build could not be done\n  No project.\n');
    expect(shown).toContain('What to do: Make one.\nThe last lines dbt printed\n  a\n  b\n');
  });

  test('long lists are counted', () => {
    const many = Array.from({ length: 70 }, (_, index) => decision({ name: `m${index}` }));
    expect(text(report({ decisions: many }))).toContain('  and 20 more');
    const failures = many.map((node) => ({ ...failedModel, name: node.name, uniqueId: node.uniqueId }));
    expect(text(failedReport({ decisions: failures }))).toContain('  and 50 more');
  });
});
