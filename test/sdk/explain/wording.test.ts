import { describe, expect, test } from 'vitest';
import type { DecisionReason, NodeAction, NodeDecision } from '../../../sdk/decisions/decision.ts';
import { errorInBrief } from '../../../sdk/explain/error-in-brief.ts';
import { explainNode, groupOf } from '../../../sdk/explain/explain-node.ts';
import { ACTIONS, REASONS, STATE_PROBLEMS, type Surroundings } from '../../../sdk/explain/wording.ts';
import { decision, reusedTest, skipped, testDecision } from '../../support/report-builder.ts';

const around: Surroundings = {
  nameOf: (id) => (id === 'model.jaffle_shop.orders' ? 'orders' : id),
  adapterType: 'postgres',
};

function sentence(node: NodeDecision): string {
  return explainNode(node, around).sentence;
}

describe('every reason', () => {
  const reasons = Object.keys(REASONS) as DecisionReason[];
  const kinds = [
    decision(),
    testDecision(),
    decision({ resourceType: 'source' }),
    decision({ resourceType: 'odd_thing' }),
  ];
  const variants: Partial<NodeDecision>[] = [
    {},
    { detail: 'x is so' },
    { detail: 'Two\nlines.' },
    { status: 'weird' },
  ];

  test.each(reasons)('%s gives whole sentences, whatever else is known', (because) => {
    for (const kind of kinds) {
      for (const variant of variants) {
        const words = sentence({ ...kind, ...variant, because });
        expect(words).toMatch(/^[A-Zd].*\.$/);
        expect(words).not.toMatch(/undefined|null|\n|\.\.| {2}/);
      }
    }
  });

  test('no two reasons read the same', () => {
    const words = reasons.map((because) => sentence(decision({ because })));
    expect(new Set(words).size).toBe(reasons.length);
  });
});

describe('sentences', () => {
  test.each<[string, NodeDecision, string]>([
    ['without State', decision(), 'Without dbt State, dbt runs every selected node.'],
    [
      'State inactive',
      decision({ because: 'state-inactive' }),
      'dbt State was not active, so dbt ran every selected node.',
    ],
    [
      'State decided, with the explanation of the service',
      decision({ because: 'state-decided', detail: 'its SQL has changed.' }),
      'dbt State decided that this model has to run: its SQL has changed.',
    ],
    [
      'a view on Postgres',
      decision({ because: 'state-not-asked', materialized: 'view' }),
      'dbt State does not decide about views on Postgres; dbt always builds them.',
    ],
    [
      'a table that was not asked about',
      decision({ because: 'state-not-asked', materialized: 'table' }),
      'dbt State was not asked about this model, so dbt ran it.',
    ],
    [
      'no changes, where the detail only repeats it',
      decision({ action: 'reused', because: 'no-changes', detail: 'No new changes' }),
      'dbt State found no new changes, so it kept what was there.',
    ],
    [
      'kept, and why is in words not known to us',
      decision({ action: 'reused', because: 'no-changes', basis: 'inferred', message: 'Still good.' }),
      'dbt State kept what was there: Still good.',
    ],
    [
      'kept, and nobody says why',
      decision({ action: 'reused', because: 'no-changes', basis: 'inferred' }),
      'dbt State kept what was there: why is not told.',
    ],
    [
      'within the lag tolerance, in the words of dbt v2',
      decision({
        action: 'reused',
        because: 'within-lag-tolerance',
        message: 'New changes detected. Did not meet lag_tolerance of 45m',
      }),
      'There are new changes upstream, still within the lag tolerance of 45m, so dbt State kept what was there.',
    ],
    [
      'no changes, where the service says more',
      decision({ action: 'reused', because: 'no-changes', detail: 'query unchanged' }),
      'dbt State found no new changes, so it kept what was there: query unchanged.',
    ],
    [
      'lag tolerance with its length',
      decision({
        action: 'reused',
        because: 'within-lag-tolerance',
        detail: 'New changes detected within lag tolerance of 45 minutes',
      }),
      'There are new changes upstream, still within the lag tolerance of 45 minutes, so dbt State kept what was there.',
    ],
    [
      'lag tolerance without its length',
      decision({ action: 'reused', because: 'within-lag-tolerance', detail: 'NO-OP (within tolerance)' }),
      'There are new changes upstream, still within the lag tolerance, so dbt State kept what was there.',
    ],
    [
      'lag tolerance whose length stands in the message, with the words of the service',
      decision({
        action: 'reused',
        because: 'within-lag-tolerance',
        detail: 'one table is newer',
        message: 'New changes detected within lag tolerance of 2 hours',
      }),
      'There are new changes upstream, still within the lag tolerance of 2 hours, so dbt State kept what was there: one table is newer.',
    ],
    [
      'an error of which only the log told',
      decision({ action: 'failed', because: 'error', failed: true, detail: 'it blew up' }),
      'Ended in an error: it blew up.',
    ],
    [
      'a stored failing test',
      reusedTest({ status: 'fail', failed: true, failures: 3 }),
      'The test did not run: dbt State gave back its stored result: failed with 3 rows.',
    ],
    [
      'a stored passing test',
      reusedTest(),
      'The test did not run: dbt State gave back its stored result: passed.',
    ],
    [
      'a failed clone',
      decision({ because: 'clone-failed', detail: 'no such table' }),
      'dbt State tried to copy it from another place, that failed, so dbt built it: no such table.',
    ],
    [
      'an upstream of this run by its name',
      skipped('customers', 'model.jaffle_shop.orders'),
      'Not tried, because orders, which comes before it, did not succeed.',
    ],
    [
      'an upstream of elsewhere by its id',
      skipped('customers', 'model.other.x'),
      'Not tried, because model.other.x, which comes before it, did not succeed.',
    ],
    [
      'an ephemeral model',
      decision({ action: 'no-op', because: 'nothing-to-do', materialized: 'ephemeral' }),
      'An ephemeral model is not built: its SQL becomes part of the models that use it.',
    ],
    [
      'an exposure',
      decision({ action: 'no-op', because: 'nothing-to-do', resourceType: 'exposure' }),
      'dbt has nothing to do for this exposure.',
    ],
    [
      'a status nobody knows',
      decision({ action: 'unknown', because: 'unknown-status', status: 'half-baked' }),
      'dbt reported the status “half-baked”, which this version of dbt-runcache does not know.',
    ],
    [
      'an error in brief',
      decision({
        action: 'failed',
        because: 'error',
        failed: true,
        message:
          'Database Error in model customers (models/customers.sql)\n  column "x" does not exist\n  LINE 3',
      }),
      'Ended in an error: Database Error: column "x" does not exist.',
    ],
    [
      'a test that failed now',
      testDecision({ because: 'state-decided', status: 'fail', failed: true, failures: 1 }),
      'The test failed with 1 row.',
    ],
    [
      'an old source',
      decision({
        resourceType: 'source',
        action: 'checked',
        because: 'not-subject-to-state',
        status: 'warn',
      }),
      'The data is older than the source allows (warning). Measured now; freshness is never reused.',
    ],
    [
      'a source that could not be measured',
      decision({
        resourceType: 'source',
        action: 'checked',
        because: 'not-subject-to-state',
        status: 'runtime error',
        failed: true,
      }),
      'Freshness could not be measured. Measured now; freshness is never reused.',
    ],
  ])('%s', (_, node, expected) => {
    expect(sentence(node)).toBe(expected);
  });

  test('views elsewhere than on Postgres are not said to be always built', () => {
    const node = decision({ because: 'state-not-asked', materialized: 'view' });
    expect(explainNode(node, { ...around, adapterType: 'snowflake' }).sentence).not.toContain('Postgres');
  });
});

describe('labels and groups', () => {
  test.each(Object.keys(ACTIONS) as NodeAction[])('%s has a label and a sign', (action) => {
    const node = explainNode(decision({ action }), around);
    expect(node.label).not.toBe('');
    expect(node.icon).not.toBe('');
  });

  test.each<[string, NodeDecision, string, string]>([
    ['built', decision(), 'built', 'built'],
    ['test passed', testDecision(), 'tested', 'test passed'],
    [
      'test failed',
      testDecision({ status: 'fail', failed: true, failures: 2 }),
      'failed',
      'test failed with 2 rows',
    ],
    ['test warned', testDecision({ status: 'warn', failures: 1 }), 'warned', 'test warned with 1 row'],
    ['reused test', reusedTest(), 'tests-reused', 'stored result: passed'],
    ['reused failing test', reusedTest({ status: 'fail', failed: true }), 'failed', 'stored result: failed'],
    ['reused model', decision({ action: 'reused', because: 'no-changes' }), 'reused', 'reused'],
    [
      'stopped, whatever its status',
      decision({ action: 'interrupted', failed: true }),
      'interrupted',
      'interrupted',
    ],
  ])('%s', (_, node, group, label) => {
    expect(groupOf(node)).toBe(group);
    expect(explainNode(node, around).label).toBe(label);
  });

  test('what sources contradict is carried', () => {
    const node = decision({
      evidence: [
        { source: 'run-results', says: 'success' },
        { source: 'event', says: 'skip', conflicts: true },
      ],
    });
    expect(explainNode(node, around).conflicts).toEqual(['event: skip']);
  });
});

test('no problem of State is without words', () => {
  for (const words of Object.values(STATE_PROBLEMS)) expect(words.length).toBeGreaterThan(5);
  expect(new Set(Object.values(STATE_PROBLEMS)).size).toBe(Object.keys(STATE_PROBLEMS).length);
});

describe('errorInBrief', () => {
  test.each([
    [undefined, ''],
    ['', ''],
    ['\n\n  \n', ''],
    ['Got 3 results, configured to fail if != 0', 'Got 3 results, configured to fail if != 0'],
    ['Runtime Error\n  Parsing went wrong.', 'Runtime Error: Parsing went wrong'],
    ['Database Error in model a (models/a.sql)', 'Database Error in model a (models/a.sql)'],
    ['first\nsecond', 'first'],
  ])('%j', (message, brief) => {
    expect(errorInBrief(message)).toBe(brief);
  });
});
