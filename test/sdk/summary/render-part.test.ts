import { expect, test } from 'vitest';
import { explainClaim, explainFinish, renderPart } from '../../../sdk/index.ts';

const NOTICE = { kind: 'problem', name: 'dedup-inputs-changed', message: '', count: 1 } as const;
type Finished = Parameters<typeof explainFinish>[0];
const OUTSIDE: Finished = { outcome: 'built', command: 'build', record: 'none', notices: [] };
const FINISHED: Finished = { ...OUTSIDE, record: 'kept', keyDigest: 'a'.repeat(64) };

test('a claim says why dbt has to run, and who waits for it', () => {
  const claim = {
    command: 'build',
    dedup: { store: 'file', because: { kind: 'no-record' } },
    notices: [],
  } as const;
  const page = renderPart(explainClaim({ ...claim, kind: 'claimed' }));
  expect(page).toMatch(/^## ▶️ dbt build has to run\n\nIt is claimed: identical runs wait/);
  expect(page).toContain('**Why dbt has to run:** The ledger has no result for this run');
  const outside = {
    ...claim,
    kind: 'unclaimed',
    dedup: {
      store: 'file',
      because: { kind: 'no-key', unknown: [{ part: 'data', why: 'you said nothing' }] },
    },
  } as const;
  expect(renderPart(explainClaim(outside))).toMatch(/outside of the ledger[\s\S]*You said nothing\./);
});

test.each([
  [FINISHED, /^## ✅ dbt build was run, and passed\n\nKept: an identical run can take this result\.\n\n$/],
  [{ ...FINISHED, record: 'lost' }, /^## ✅[\s\S]*Not kept: the key was no longer its own\./],
  [
    { ...FINISHED, outcome: 'failed', why: 'The job failed', record: 'none' },
    /^## ❌[\s\S]*The job failed\. Its key is free again/,
  ],
  [
    { ...FINISHED, outcome: 'unproven', why: 'No report.', record: 'none' },
    /^## ❌[\s\S]*not known to have passed\n\nNo report\. Its/,
  ],
  [OUTSIDE, /^## ✅[\s\S]*outside of the ledger/],
] satisfies [Finished, RegExp][])('the end: %j', (finished, page) => {
  expect(renderPart(explainFinish(finished))).toMatch(page);
});

test('names of files and words of a report stay words', () => {
  const message = 'inputs changed: <img src=x>.sql\n# [a](http://b) @org/team';
  const page = renderPart(
    explainFinish({ ...FINISHED, outcome: 'failed', why: message, notices: [{ ...NOTICE, message }] }),
  );
  expect(page).not.toContain('<img');
  expect(page).not.toContain('](http');
  expect(page).not.toMatch(/^# /m);
  expect(page).not.toContain('@org');
});
