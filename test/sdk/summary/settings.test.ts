import { expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import type { RunReport } from '../../../sdk/result.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import { report } from '../../support/report-builder.ts';

const stateSettings: RunReport['stateSettings'] = [
  {
    field: 'ALLOW_CLONES',
    value: 'true',
    source: { kind: 'environment', name: 'RUN_CACHE_ALLOW_CLONES' },
    overrides: [{ value: '', source: { kind: 'profile', name: 'profiles.yml: run_cache_allow_clones' } }],
  },
  {
    field: 'LOG_PREFIX',
    value: 'a|b`c',
    source: { kind: 'environment', name: 'DBT_ENGINE_STATE_LOG_PREFIX' },
    overrides: [],
    ignored: 'dbt State does not support duckdb.',
    note: 'dbt Core warns of this name (D036).',
  },
];

test('a folded table: setting, value, where from, what it overrides, why it does nothing', () => {
  const markdown = renderSummary(explain(report({ stateSettings })));
  const table = markdown.slice(markdown.indexOf('<summary>⚙️'));
  expect(table.slice(0, table.indexOf('</details>'))).toMatchInlineSnapshot(`
    "<summary>⚙️ <b>dbt State settings</b> · 2</summary>

    | Setting | Value | From | Overrides | Remark |
    | :--- | :--- | :--- | :--- | :--- |
    | \`ALLOW_CLONES\` | \`true\` | \`RUN_CACHE_ALLOW_CLONES\` | profiles.yml: run_cache_allow_clones (empty) |  |
    | \`LOG_PREFIX\` | \`\`a\\|b\`c\`\` | \`DBT_ENGINE_STATE_LOG_PREFIX\` |  | Has no effect: dbt State does not support duckdb. dbt Core warns of this name (D036). |

    "
  `);
});

test('the same in text', () => {
  const text = renderText(explain(report({ stateSettings })), { width: 400 });
  expect(text).toContain(
    [
      'dbt State settings',
      '  ALLOW_CLONES = true, from RUN_CACHE_ALLOW_CLONES; overrides profiles.yml: run_cache_allow_clones (empty).',
      '  LOG_PREFIX = a|b`c, from DBT_ENGINE_STATE_LOG_PREFIX. Has no effect: dbt State does not support duckdb. dbt Core warns of this name (D036).',
    ].join('\n'),
  );
});

test('without settings nothing is said of them, and what does not fit is counted', () => {
  expect(renderSummary(explain(report({})))).not.toContain('dbt State settings');
  const many = Array.from({ length: 400 }, () => stateSettings).flat();
  const markdown = renderSummary(explain(report({ stateSettings: many })), { maxBytes: 20_000 });
  expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(20_000);
  expect(markdown).toMatch(/Left out.*settings of dbt State/);
});
