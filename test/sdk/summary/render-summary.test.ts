import { describe, expect, test } from 'vitest';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { renderSummary, type SummaryOptions } from '../../../sdk/summary/render-summary.ts';
import {
  decision,
  failedReport,
  report,
  reusedTest,
  skipped,
  testDecision,
} from '../../support/report-builder.ts';

function summary(given: RunReport, options?: SummaryOptions): string {
  return renderSummary(explain(given), options);
}

const failedModel = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
  message: 'Database Error in model orders (models/orders.sql)\n  column "x" does not exist',
  location: { path: 'models/orders.sql', line: 42 },
});

const reusedModel = (name: string) => decision({ name, action: 'reused', because: 'no-changes' });

/** Where each of these stands, to compare their order; fails when one is not there. */
function order(markdown: string, ...parts: readonly string[]): void {
  const places = parts.map((part) => {
    const at = markdown.indexOf(part);
    expect(at, `${part} in\n${markdown}`).toBeGreaterThanOrEqual(0);
    return at;
  });
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}

describe('ten seconds', () => {
  test('a run with reuse, whole', () => {
    const markdown = summary(
      report({
        state: { kind: 'active', version: '2.62.3', proof: '3 decision ids', troubles: [] },
        savings: { nodeMs: 33_080, nodes: 2 },
        decisions: [
          decision({
            materialized: 'table',
            because: 'state-decided',
            executionMs: 1500,
            rowsAffected: 1234,
          }),
          reusedModel('a'),
          testDecision({ because: 'state-decided', executionMs: 400 }),
          reusedTest({ name: 'unique_a' }),
        ],
      }),
    );
    expect(markdown).toMatchInlineSnapshot(`
      "## ✅ dbt build passed

      1 built, 1 reused, 1 test run and 1 test reused, in 12 s.

      | What happened | Nodes | Which | Node time |
      | :--- | ---: | :--- | ---: |
      | 🔨 **Built** | 1 | 1 model | 1.5&nbsp;s |
      | ♻️ **Reused** | 1 | 1 model |  |
      | 🧪 **Tests run** | 1 | 1 passed | 0.4&nbsp;s |
      | ♻️ **Tests reused** | 1 | 1 passed |  |

      ⏱️ **33 s of node time saved on 2 nodes, as dbt State reports it.** The run itself took 12 s; nodes run side by side, so how much sooner it ended is not known.

      ### 📋 All 4 nodes

      <details>
      <summary>🔨 <b>Built</b> · 1 model · 1.5 s</summary>

      | Node | Why | Time | Rows |
      | :--- | :--- | ---: | ---: |
      | \`customers\` | dbt State decided that this model has to run. | 1.5&nbsp;s | 1,234&nbsp;rows |

      </details>

      <details>
      <summary>🧪 <b>Passed tests</b> · 1 data test · 0.4 s</summary>

      | Node | Why | Time |
      | :--- | :--- | ---: |
      | \`not_null_customers_id\` | dbt State decided that this test has to run. | 0.4&nbsp;s |

      </details>

      <details>
      <summary>♻️ <b>Reused</b> · 1 model</summary>

      | Node | Why |
      | :--- | :--- |
      | \`a\` | dbt State found no new changes, so it kept what was there. |

      </details>

      <details>
      <summary>♻️ <b>Tests reused</b> · 1 data test</summary>

      | Node | Why |
      | :--- | :--- |
      | \`unique_a\` | The test did not run: dbt State gave back its stored result: passed. |

      </details>

      <details>
      <summary>ℹ️ <b>About this run</b></summary>

      | What | Value |
      | :--- | :--- |
      | Command | \`dbt build\` |
      | dbt Core | 1.11.16 |
      | Adapter | postgres 1.11.0 |
      | dbt State plugin | 2.62.3 |
      | dbt started as | \`dbt\` |
      | Project | \`jaffle_shop\` |
      | Profile | \`jaffle_shop\` |
      | Target | \`dev\` |
      | Threads | 4 |
      | Invocation id | \`4cc9d475-98e4-4c51-9357-a568296462bc\` |
      | Started | 2026-11-21 01:25:41 UTC |
      | Duration | 12 s |
      | Exit code | 0 |
      | dbt State | dbt State was active. dbt State decided which nodes had to run. Known from: 3 decision ids. |

      </details>
      "
    `);
  });

  test('State wanted and not active comes right under the headline', () => {
    const markdown = summary(
      report({
        decisions: [decision({ because: 'state-inactive' })],
        state: {
          kind: 'inactive',
          trouble: { problem: 'no-credentials', said: 'No credentials', fix: 'Set `DBT_CLOUD_TOKEN`.' },
        },
      }),
    );
    order(
      markdown,
      '## ✅ dbt build passed',
      '### ⚠️ dbt State was not active: no credentials',
      '**What to do:** Set `DBT_CLOUD_TOKEN`.',
      'No credentials',
      '| What happened |',
    );
  });

  test('on a failed run State stays under the headline, in one line, and the failure follows', () => {
    const trouble = { problem: 'no-credentials', said: 'Their words', fix: 'Set `TOKEN`.' } as const;
    const markdown = summary(
      failedReport({ decisions: [failedModel], state: { kind: 'inactive', trouble } }),
    );
    expect(markdown).toContain(
      '⚠️ **dbt State was not active: no credentials.** **What to do:** Set `TOKEN`. (code `no-credentials`)\n\n<details>',
    );
    order(
      markdown,
      '## ❌',
      'failed: `orders`',
      '⚠️ **dbt State',
      'Their words',
      '### ❌ 1 failure',
      '| What happened |',
    );
  });

  test('where State ended dbt, it is the failure: cause and fix stand open, and no words twice', () => {
    const said = 'Error logging in with client credentials.';
    const markdown = summary(
      report({
        outcome: 'failed',
        exitCode: 2,
        failure: { code: 'dbt-failed', message: `Runtime Error\n  ${said}` },
        state: {
          kind: 'inactive',
          trouble: { problem: 'bad-credentials', said, fix: 'Set `SECRET`.', endedRun: true },
        },
      }),
    );
    order(
      markdown,
      '## 🚫 dbt build could not be done',
      'Error logging in',
      '### ⚠️ dbt State stopped dbt: its credentials were refused',
      'dbt ended with exit code 2 before it came to any node, so nothing was built.',
      '**What to do:** Set `SECRET`. (code `bad-credentials`)',
    );
    expect(markdown).not.toContain('dbt said');
  });

  test('where State was required, its fix is the fix of the run, told once', () => {
    const fix = 'Set `track_commit_timestamp = on`.';
    const markdown = summary(
      report({
        outcome: 'failed',
        failure: { code: 'run-cache-required', message: 'dbt State was required', hint: fix },
        decisions: [decision({ because: 'state-inactive' })],
        state: {
          kind: 'inactive',
          trouble: { problem: 'commit-timestamps-off', said: 'x'.repeat(400), fix, nodes: ['seed.shop.a'] },
        },
      }),
    );
    order(
      markdown,
      '## ❌ dbt build ran, but without dbt State',
      '### ⚠️ dbt State was not active: Postgres does not record commit timestamps',
      'dbt itself was fine: it ran everything that was selected, and nothing was reused.',
      '**What to do:** Set `track_commit_timestamp = on`. (code `commit-timestamps-off`)',
      'dbt said: xxx',
      '<summary>All that dbt said',
      '| What happened |',
    );
    expect(markdown.match(/What to do/g)).toHaveLength(1);
    // It is about the server, not about the nodes that met it.
    expect(markdown).not.toContain('Concerns');
  });

  test('a service that nobody reaches has cost time at each node', () => {
    const trouble = { problem: 'service-unreachable', fix: 'Reach it.' } as const;
    const waited = 'It waited for the service at every node';
    const shown = (nodes?: readonly string[]) =>
      summary(
        report({
          decisions: [decision()],
          state: { kind: 'inactive', trouble: nodes === undefined ? trouble : { ...trouble, nodes } },
        }),
      );
    expect(shown(['model.shop.a'])).toContain(waited);
    // The login was tried once, before the first node.
    expect(shown()).not.toContain(waited);
  });

  test('switched off is said in a line, and by what', () => {
    const state = { kind: 'disabled', by: 'RUN_CACHE_DISABLED' } as const;
    const markdown = summary(report({ decisions: [decision()], state }));
    order(
      markdown,
      '## ✅ dbt build passed',
      '**dbt State:** it was switched off by RUN_CACHE_DISABLED, so nothing was reused.',
      '| What happened |',
    );
    expect(markdown.match(/switched off by/g)).toHaveLength(1);
  });

  test('nobody is quoted who said nothing', () => {
    const trouble = { problem: 'never-asked', fix: 'Check.' } as const;
    expect(summary(report({ decisions: [decision()], state: { kind: 'inactive', trouble } }))).not.toContain(
      'dbt said',
    );
  });

  test('a run of nothing is no green pass', () => {
    const markdown = summary(report({ selectedCount: 0 }));
    order(markdown, '## ⚠️ dbt build did nothing: the selection matched no nodes', '`dbt ls`');
  });

  test('skipped nodes have no time', () => {
    const node = { ...skipped('customers', failedModel.uniqueId), executionMs: 0 };
    const markdown = summary(failedReport({ decisions: [failedModel, node] }));
    expect(markdown).not.toMatch(/0&nbsp;s|\b0 s\b|Node time/);
  });

  test('a message that dbt printed is not shown twice', () => {
    const message = 'Compilation Error\n  Model x depends on y which was not found';
    const outputTail = `01:02:03  Encountered an error:\n${message.replaceAll('\n', '\n01:02:03  ')}`;
    const markdown = summary(
      report({
        failure: { code: 'dbt-failed', message, hint: 'Read the end of what it printed.', outputTail },
      }),
    );
    // Once in the headline, once in what dbt printed.
    expect(markdown.match(/depends on y/g)).toHaveLength(2);
    expect(markdown).not.toContain('What to do');
  });

  test('failures come before warnings, advice and the folded nodes, with message, file and line', () => {
    const markdown = summary(
      failedReport({
        decisions: [
          testDecision({ name: 'w', status: 'warn', failures: 2, message: 'Got 2 results' }),
          failedModel,
          skipped('customers', failedModel.uniqueId),
        ],
      }),
    );
    order(
      markdown,
      '## ❌ dbt build failed',
      '### ❌ 1 failure',
      '#### `orders` · Model failed',
      '`models/orders.sql:42`',
      'column "x" does not exist',
      'did not try 1 other node: `customers`',
      '| What happened |',
      '### ⚠️ 1 warning',
      'Got 2 results',
      '`dbt retry`',
      '### 📋 All 3 nodes',
      '❌ <b>Failed</b>',
      '⏭️ <b>Skipped</b>',
    );
  });

  test('tests run and tests reused stand apart', () => {
    const markdown = summary(
      report({ decisions: [testDecision(), reusedTest({ name: 'a' }), reusedTest({ name: 'b' })] }),
    );
    expect(markdown).toContain('| 🧪 **Tests run** | 1 | 1 passed |');
    expect(markdown).toContain('| ♻️ **Tests reused** | 2 | 2 passed |');
  });

  test('a run that could not be done shows the hint and the end of the output', () => {
    const markdown = summary(
      report({
        failure: {
          code: 'dbt-failed',
          message: 'dbt could not read the project',
          hint: 'Correct dbt_project.yml.',
          outputTail: Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n'),
        },
      }),
    );
    order(
      markdown,
      '## 🚫',
      'dbt could not read the project.',
      'Correct dbt_project.yml.',
      'line 29',
      'All 30 lines',
    );
    expect(markdown.match(/dbt could not read the project/g)).toHaveLength(1);
  });

  test('troubles of an active State are said before the counts', () => {
    const markdown = summary(
      report({
        decisions: [decision()],
        state: {
          kind: 'active',
          proof: 'ids',
          troubles: [
            { problem: 'service-errors', said: 'one\ntwo', fix: 'Try again.', nodes: ['a', 'b'] },
            { problem: 'commit-timestamps-off', said: '', fix: 'Turn it on.' },
          ],
        },
      }),
    );
    order(
      markdown,
      '### ⚠️ dbt State was active, with 2 problems',
      'It answered with errors. **What to do:** Try again. Concerns 2 nodes: a and b. (code `service-errors`)',
      'dbt said: one two',
      '**What to do:** Turn it on.',
      '| What happened |',
    );
  });
});

describe('nodes', () => {
  test('a reason all share is said once', () => {
    const markdown = summary(report({ decisions: [decision(), decision({ name: 'b' })] }));
    expect(markdown.match(/Without dbt State, dbt runs every selected node\./g)).toHaveLength(1);
    expect(markdown).toContain('| Node |\n| :--- |\n| `b` |\n| `customers` |');
  });

  test('different reasons stand with their nodes; doubt is marked', () => {
    const markdown = summary(
      report({
        decisions: [decision({ because: 'state-decided', basis: 'inferred' }), decision({ name: 'b' })],
      }),
    );
    expect(markdown).toContain(
      '| `customers` | dbt State decided that this model has to run. (worked out: no source says so) |',
    );
    expect(markdown).toContain('**Small print.** For 1 node no source says');
  });

  test('the same reason, reported for one and concluded for another, is not said once', () => {
    const markdown = summary(
      report({ decisions: [decision({ basis: 'inferred' }), decision({ name: 'b' })] }),
    );
    expect(markdown).toContain('| `b` | Without dbt State, dbt runs every selected node. |');
    expect(markdown).toContain('every selected node. (worked out: no source says so) |');
  });

  test('columns nobody fills are left out', () => {
    expect(summary(report({ decisions: [decision()] }))).not.toMatch(/\| (Time|Rows|Saved|File) \|/);
    const full: Partial<NodeDecision> = { executionMs: 1, rowsAffected: 2, savedMs: 3 };
    const head = '| Node | Why | Time | Rows | Saved |';
    expect(summary(report({ decisions: [decision(full)] }))).toContain(head);
  });

  test('names link to their files where an address is given', () => {
    const markdown = summary(failedReport({ decisions: [failedModel] }), {
      fileUrl: (path, line) => `https://example.org/blob/abc/${path}#L${line}`,
    });
    expect(markdown).toContain('[`orders`](https://example.org/blob/abc/models/orders.sql#L42)');
    expect(markdown).not.toContain('| File |');
    expect(summary(failedReport({ decisions: [failedModel] }))).toContain('| File |');
    expect(markdown).toContain(
      '[`models/orders.sql:42`](https://example.org/blob/abc/models/orders.sql#L42)',
    );
  });

  test('failures beyond the first few are folded, and all are there', () => {
    const failures = Array.from({ length: 12 }, (_, index) => ({
      ...failedModel,
      name: `m${index}`,
      uniqueId: `m.${index}`,
    }));
    const markdown = summary(failedReport({ decisions: failures }));
    expect(markdown.match(/^#### /gm)).toHaveLength(5);
    for (const { name } of failures) expect(markdown).toMatch(new RegExp(`${name}\\b.*Model failed`));
  });
});

test('a long message is cut, with its length said, and opens whole', () => {
  const message = Array.from({ length: 60 }, (_, index) => `line ${index}`).join('\n');
  const markdown = summary(failedReport({ decisions: [{ ...failedModel, message }] }));
  order(markdown, 'line 14', '… (', 'The whole message, 60 lines', 'line 59');
  const huge = summary(failedReport({ decisions: [{ ...failedModel, message: 'x'.repeat(100_000) }] }));
  expect(huge).toContain('… (92,000 more characters)');
  expect(huge.length).toBeLessThan(20_000);
});

test('notices: ours open, dbt’s folded, with how often', () => {
  const markdown = summary(
    report({
      notices: [
        {
          kind: 'problem',
          name: 'artifact-truncated',
          message: 'manifest.json ends early',
          hint: 'Free the disk.',
          count: 1,
        },
        { kind: 'warning', name: 'UnusedConfig', message: 'a\nb', count: 3, uniqueId: 'model.x.y' },
        { kind: 'deprecation', name: 'Old', message: 'c', count: 1 },
      ],
    }),
  );
  expect(markdown).toContain(
    '- `artifact-truncated`: manifest.json ends early — **What to do:** Free the disk.',
  );
  expect(markdown).toContain('<b>What dbt warned about</b> · 1 warning and 1 deprecation');
  expect(markdown).toContain('- `UnusedConfig` (3 times): a b (`model.x.y`)');
});
