import { describe, expect, test } from 'vitest';
import type { Diagnosis } from '../../../sdk/diagnose/diagnosis.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import { renderDiagnosis } from '../../../sdk/summary/render-diagnosis.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { renderText } from '../../../sdk/summary/render-text.ts';
import { hostileText } from '../../support/hostile-text.ts';
import { seededRandom } from '../../support/random.ts';
import { decision, report } from '../../support/report-builder.ts';

const diagnosis: Diagnosis = {
  schemaVersion: 1,
  checkedAt: '2026-11-21T01:25:53.077Z',
  status: 'fail',
  checks: [
    { code: 'dbt-found', status: 'pass', seen: 'dbt Core 1.11.16.' },
    { code: 'no-credentials', status: 'fail', seen: 'dbt said: none.', fix: 'Set `DBT_CLOUD_TOKEN`.' },
    { code: 'service', status: 'unknown', seen: 'Not asked.', fix: 'Ask.' },
    { code: 'git-branch', status: 'warn', seen: 'No branch.', fix: 'Name it.' },
  ],
};

describe('on a terminal', () => {
  test('a line a check, what mends it below, and the outcome at the end', () => {
    expect(renderDiagnosis(diagnosis)).toMatchInlineSnapshot(`
      "✔ dbt-found       dbt Core 1.11.16.
      ✘ no-credentials  dbt said: none.
                        → Set \`DBT_CLOUD_TOKEN\`.
      ? service         Not asked.
                        → Ask.
      ! git-branch      No branch.
                        → Name it.

      Something has to be mended: 1 failed, 1 warning, 1 not known, 1 passed.
      "
    `);
  });

  test('long words are wrapped beside the code; colour only when asked for', () => {
    const long = { ...diagnosis.checks[1], seen: 'word '.repeat(60) } as const;
    const shown = renderDiagnosis({ ...diagnosis, checks: [long as never] }, { width: 60 });
    expect(shown.split('\n').filter((line) => line.length > 60)).toEqual([]);
    expect(shown.split('\n')[1]).toMatch(/^ {18}word/);
    expect(shown).not.toContain('\u001b');
    expect(renderDiagnosis(diagnosis, { color: true })).toContain('\u001b[31m✘');
  });
});

describe('in the report of a run', () => {
  const given = report({ decisions: [decision()], diagnosis });

  test('the summary folds it, what failed first', () => {
    const summary = renderSummary(explain(given));
    const section = summary.slice(summary.indexOf('🩺'));
    expect(section).toContain(
      '<b>Run-cache checklist</b> · 1 failed, 1 warning, 1 not known, 1 passed</summary>',
    );
    expect(section.match(/`(?:no-credentials|git-branch|service|dbt-found)`/g)).toEqual([
      '`no-credentials`',
      '`git-branch`',
      '`service`',
      '`dbt-found`',
    ]);
    expect(section).toContain('**What to do:** Set `DBT_CLOUD_TOKEN`.');
    expect(summary.lastIndexOf('<details>', summary.indexOf('🩺'))).toBeGreaterThan(0);
  });

  test('a run that has none says nothing of it', () => {
    const { diagnosis: _, ...without } = given;
    expect(renderSummary(explain(without)) + renderText(explain(without))).not.toContain('checklist');
  });

  test('with little room it is cut, and said to be', () => {
    const many = Array.from({ length: 200 }, () => diagnosis.checks[1] as never);
    const shown = renderSummary(explain({ ...given, diagnosis: { ...diagnosis, checks: many } }), {
      maxBytes: 8000,
    });
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(8000);
    expect(shown).toMatch(/of the run-cache checklist/);
  });

  test('the text names what did not pass, but not what it has just told', () => {
    const text = renderText(explain(given));
    expect(text).toContain('Run-cache checklist: 1 failed');
    expect(text).toContain('✘ no-credentials  dbt said: none.');
    expect(text).not.toContain('dbt-found');
    const trouble = { problem: 'no-credentials', fix: 'Set them.' } as const;
    const told = renderText(explain({ ...given, state: { kind: 'inactive', trouble } }));
    expect(told).not.toContain('✘ no-credentials');
    expect(told).toContain('! git-branch');
  });
});

test('nothing in it can move the cursor, or be a command to a runner', () => {
  const random = seededRandom('hostile checklists');
  for (let round = 0; round < 300; round += 1) {
    const checks = [
      { code: 'service', status: 'fail', seen: hostileText(random), fix: hostileText(random) },
    ] as const;
    for (const line of renderDiagnosis({ ...diagnosis, checks }).split('\n')) {
      expect(line).not.toMatch(/^\s*::|##\[/u);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there.
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202A-\u202E\u2066-\u2069]/);
    }
  }
});
