import { expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import { parseCacheSmallPrint } from '../../../sdk/explain/parse-cache.ts';
import type { ParseCacheReport } from '../../../sdk/parse-cache/parse-cache-report.ts';
import { renderSummary } from '../../../sdk/summary/render-summary.ts';
import { decision, report } from '../../support/report-builder.ts';

test.each([
  [{ kind: 'restored', dbtAnswer: 'used', saved: 'unchanged' }, ['dbt parsed only the files that changed']],
  [
    { kind: 'restored', dbtAnswer: 'full-parse', why: 'profile has changed' },
    ['no use for it: profile has changed.'],
  ],
  // Whether dbt took it is not known, so nothing is said.
  [{ kind: 'restored', saved: 'unchanged' }, []],
  [{ kind: 'absent', saved: 'saved' }, []],
  [{ kind: 'not-applicable', detail: 'dbt v2 has none' }, []],
  [
    { kind: 'corrupt', detail: 'it cannot be decompressed' },
    ['could not be brought back: it cannot be decompressed.'],
  ],
  [
    {
      kind: 'unavailable',
      detail: 'no answer',
      saved: 'not-saved',
      notSavedBecause: 'the run may only read.',
    },
    ['could not be brought back: no answer.', 'not kept for later runs: the run may only read.'],
  ],
] satisfies readonly (readonly [ParseCacheReport, readonly string[]])[])('%j', (parseCache, expected) => {
  const said = parseCacheSmallPrint(report({ parseCache }));
  expect(said).toHaveLength(expected.length);
  for (const [at, words] of expected.entries()) expect(said[at]).toContain(words);
});

test('it stands in the small print of the summary', () => {
  const parseCache = { kind: 'restored', dbtAnswer: 'used' } as const;
  const page = renderSummary(explain(report({ decisions: [decision()], parseCache })));
  expect(page).toContain('dbt parsed only the files that changed');
  expect(renderSummary(explain(report({ decisions: [decision()] })))).not.toContain('dbt parsed only');
});
