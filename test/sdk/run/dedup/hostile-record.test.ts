import { expect, test } from 'vitest';
import { saveBundle } from '../../../../sdk/dedup/bundle.ts';
import type { LedgerRecord } from '../../../../sdk/dedup/record.ts';
import type { RunReport } from '../../../../sdk/result.ts';
import { type Fetched, fetchRecord } from '../../../../sdk/run/dedup/fetch-record.ts';
import type { Plan } from '../../../../sdk/run/make-plan.ts';
import type { RunContext } from '../../../../sdk/run/run-context.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { ledgerRecord } from '../../../support/ledger-record.ts';
import { decision, failedReport, report, testDecision } from '../../../support/report-builder.ts';

/** What comes of a record whose report holds this. */
async function fetched(held: object, change: Partial<LedgerRecord> = {}): Promise<Fetched | string> {
  const store = memoryStore();
  const saved = await saveBundle(store, { report: JSON.stringify(held), files: [], retainMs: 60_000 });
  if (saved.kind !== 'saved') throw new Error(saved.kind);
  const { bundle, files } = saved;
  // Nothing else of them is looked at.
  const run = { options: { requireRunCache: false } } as RunContext;
  const plan = { engine: { kind: 'core' } } as Plan;
  return fetchRecord(run, plan, store, ledgerRecord({ bundle, files, ...change }));
}

const FULL: RunReport = report({
  decisions: [
    decision({
      executionMs: 12,
      evidence: [{ source: 'event', says: 'x' }],
      location: { path: 'a.sql', line: 1 },
    }),
    testDecision(),
  ],
  notices: [{ kind: 'warning', name: 'X', message: 'x', hint: 'y', count: 1, uniqueId: 'model.a' }],
  savings: { nodeMs: 1, nodes: 1 },
});

test('a report as runs write it is taken', async () => {
  expect(await fetched(FULL)).toMatchObject({ report: FULL });
  expect(await fetched(failedReport(), { result: 'failed' })).toMatchObject({
    report: { outcome: 'failed' },
  });
});

const [NODE] = FULL.decisions;
const [NOTICE] = FULL.notices;
const HOSTILE: Readonly<Record<string, unknown>> = {
  'a notice that is null': { notices: [null] },
  'a notice without a message': { notices: [{ ...NOTICE, message: undefined }] },
  'a notice with a name that is none': { notices: [{ ...NOTICE, name: 7 }] },
  'a notice of a kind that is none': { notices: [{ ...NOTICE, kind: 'x' }] },
  'a decision that is null': { decisions: [null] },
  'an action that is none': { decisions: [{ ...NODE, action: 'toString' }] },
  'a reason that is none': { decisions: [{ ...NODE, because: 'constructor' }] },
  'a node that ran for a century': { decisions: [{ ...NODE, executionMs: 3.2e12 }] },
  'a time below nothing': { decisions: [{ ...NODE, executionMs: -1 }] },
  'evidence that is no list': { decisions: [{ ...NODE, evidence: {} }] },
  'a message that is a number': { decisions: [{ ...NODE, message: 1 }] },
  'a state that is null': { state: null },
  'a state of troubles that are null': { state: { kind: 'active', proof: 'x', troubles: null } },
  'an engine that is text': { engine: 'core' },
  'savings that are null': { savings: null },
  'checks that are null': { diagnosis: { schemaVersion: 1, checkedAt: '', status: 'pass', checks: [null] } },
  'an exit code that is text': { exitCode: '0' },
  'an outcome that no run leaves': { outcome: 'replayed' },
  'a failure without a message': { failure: { code: 'nodes-failed' } },
};

test.each(Object.entries(HOSTILE))('%s makes a record unusable', async (_, change) => {
  const answer = await fetched({ ...FULL, ...(change as object) });
  expect(answer).toMatch(/^its report cannot be read \(/);
});

test('so does a duration of a century in the record itself, and more decisions than any project has', async () => {
  expect(await fetched(FULL, { wallMs: 3.2e12 })).toBe(
    'its report cannot be read (wallMs: Too big: expected number to be <=31622400000)',
  );
  const decisions = Array.from({ length: 200_001 }, () => 0);
  expect(await fetched({ ...FULL, decisions })).toMatch(/^its report cannot be read \(decisions/);
});
