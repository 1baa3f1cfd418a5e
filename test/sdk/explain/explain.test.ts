import { describe, expect, test } from 'vitest';
import type { StateTrouble } from '../../../sdk/decisions/decision.ts';
import { ERROR_CODES } from '../../../sdk/errors.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import type { GroupKey } from '../../../sdk/explain/explanation.ts';
import {
  decision,
  failedReport,
  report,
  reusedTest,
  skipped,
  testDecision,
} from '../../support/report-builder.ts';

const noCredentials: StateTrouble = {
  problem: 'no-credentials',
  said: 'No credentials for dbt State detected.',
  fix: 'Set DBT_CLOUD_TOKEN.',
};

const failedModel = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
  message: 'Database Error\n  boom',
  location: { path: 'models/orders.sql', line: 3 },
});

describe('headline', () => {
  test('a passing run says what happened and how long it took', () => {
    const { headline } = explain(
      report({
        decisions: [
          decision(),
          decision({ name: 'a', action: 'reused', because: 'no-changes' }),
          testDecision(),
          reusedTest({ name: 'b' }),
          reusedTest({ name: 'c' }),
        ],
      }),
    );
    expect(headline).toEqual({
      verdict: 'passed',
      title: 'dbt build passed',
      sentence: '1 built, 1 reused, 1 test run and 2 tests reused, in 12 s.',
    });
  });

  test('warnings are in the title and do not make a run fail', () => {
    const { headline, totals } = explain(
      report({ decisions: [testDecision({ status: 'warn', failures: 2 })] }),
    );
    expect(headline).toMatchObject({ verdict: 'passed', title: 'dbt build passed with 1 warning' });
    expect(totals.warnings).toBe(1);
  });

  test('a failing run says what failed', () => {
    const { headline } = explain(
      failedReport({
        decisions: [
          failedModel,
          testDecision({ status: 'fail', failed: true }),
          skipped('x', failedModel.uniqueId),
        ],
      }),
    );
    expect(headline).toEqual({
      verdict: 'failed',
      title: 'dbt build failed',
      sentence:
        '1 model and 1 data test failed: `orders` and `not_null_customers_id`; 1 node skipped. It took 12 s.',
      code: 'nodes-failed',
    });
  });

  test('few failed nodes are named, all are counted', () => {
    const many = Array.from({ length: 6 }, (_, index) => ({
      ...failedModel,
      name: `m${index}`,
      uniqueId: `m.${index}`,
    }));
    expect(explain(failedReport({ decisions: many })).headline.sentence).toBe(
      '6 models failed: `m0`, `m1`, `m2` and 3 more. It took 12 s.',
    );
  });

  test('what did not run with failures never counts a node twice without saying so', () => {
    const { headline } = explain(
      report({
        failure: { code: 'cancelled', message: 'Cancelled' },
        decisions: [testDecision({ status: 'fail', failed: true }), testDecision({ name: 'b' })],
      }),
    );
    expect(headline.sentence).toBe('Cancelled. In 12 s: 1 failed and 2 tests run (of these 1 failed).');
  });

  test('a stopped run says why and what was done until then', () => {
    const { headline } = explain(
      report({
        failure: { code: 'timed-out', message: 'dbt was stopped after 10 s' },
        decisions: [
          decision(),
          decision({ name: 'b', action: 'interrupted', because: 'stopped-while-running' }),
        ],
      }),
    );
    expect(headline).toMatchObject({
      verdict: 'stopped',
      sentence: 'dbt was stopped after 10 s. In 12 s: 1 interrupted and 1 built.',
    });
  });

  test('nothing selected is said', () => {
    const explanation = explain(report({ selectedCount: 0 }));
    expect(explanation.headline).toMatchObject({
      verdict: 'passed',
      title: 'dbt build did nothing: the selection matched no nodes',
      sentence: 'Nothing ran. It took 12 s.',
    });
    const freshness = explain(report({ command: 'source freshness', selectedCount: 0 }));
    expect(freshness.headline.title).toMatch(/^dbt source freshness did nothing: no source/);
    expect(explanation.advice.map(({ command }) => command)).toEqual(['dbt ls']);
  });

  test('a command without nodes is just done', () => {
    expect(explain(report({ command: 'parse' })).headline).toMatchObject({
      title: 'dbt parse passed',
      sentence: 'Done in 12 s.',
    });
  });

  test.each(ERROR_CODES)('%s is never told as a success', (code) => {
    const { headline, lookAt } = explain(
      report({ failure: { code, message: 'It broke', hint: 'Mend it.' } }),
    );
    expect(headline.verdict).not.toBe('passed');
    expect(headline.code).toBe(code);
    expect(headline.sentence).toContain('It broke.');
    expect(lookAt).toEqual([expect.objectContaining({ kind: 'run', message: 'It broke', hint: 'Mend it.' })]);
  });
});

describe('totals', () => {
  const explanation = explain(
    failedReport({
      decisions: [
        decision(),
        decision({ name: 'seed_a', resourceType: 'seed' }),
        failedModel,
        decision({ name: 'view_a', action: 'reused', because: 'no-changes' }),
        testDecision({ name: 't1' }),
        testDecision({ name: 't2', status: 'fail', failed: true }),
        testDecision({ name: 't3', status: 'warn' }),
        testDecision({ name: 't4', action: 'failed', because: 'error', status: 'error', failed: true }),
        reusedTest({ name: 't5' }),
        reusedTest({ name: 't6', status: 'fail', failed: true }),
        reusedTest({ name: 't7', status: 'warn' }),
        reusedTest({ name: 't8', status: 'reused' }),
      ],
    }),
  );

  test('a test left out with its model has no result', () => {
    const left = reusedTest({ status: 'reused', because: 'model-reused' });
    const { totals, groups } = explain(report({ decisions: [left] }));
    expect(totals.tests.reused).toEqual({ total: 1, passed: 0, warned: 0, failed: 0 });
    expect(groups[0]?.nodes[0]).toMatchObject({
      label: 'reused',
      sentence: expect.stringContaining('did not run'),
    });
  });

  test('tests executed and tests reused are apart', () => {
    expect(explanation.totals.tests).toEqual({
      executed: { total: 4, passed: 1, warned: 1, failed: 2 },
      reused: { total: 4, passed: 2, warned: 1, failed: 1 },
    });
  });

  test('each node is in one line; a failed test is under Failed too, and its line says so', () => {
    const { lines, nodes } = explanation.totals;
    expect(lines.map(({ key, count, detail }) => [key, count, detail])).toEqual([
      ['failed', 4, '1 model and 3 data tests'],
      ['built', 2, '1 model and 1 seed'],
      ['reused', 1, '1 model'],
      ['tests-run', 4, '2 failed (also counted as failed above), 1 warned and 1 passed'],
      ['tests-reused', 4, '1 failed (also counted as failed above), 1 warned and 2 passed'],
    ]);
    expect(lines.reduce((sum, { count, failed = 0 }) => sum + count - failed, 0)).toBe(nodes);
  });

  test('failures, warnings and actions are counted', () => {
    expect(explanation.totals).toMatchObject({ nodes: 12, failures: 4, warnings: 2 });
    expect(explanation.totals.byAction).toEqual({
      built: 2,
      tested: 3,
      checked: 0,
      compiled: 0,
      ran: 0,
      reused: 5,
      cloned: 0,
      'no-op': 0,
      failed: 2,
      skipped: 0,
      interrupted: 0,
      unknown: 0,
    });
  });

  test('a failed test is not passed, whatever its status', () => {
    const { tests } = explain(failedReport({ decisions: [testDecision({ failed: true })] })).totals;
    expect(tests.executed).toEqual({ total: 1, passed: 0, warned: 0, failed: 1 });
  });

  test('sources are told by their freshness', () => {
    const source = (name: string, status: string, failed = false) =>
      decision({
        name,
        resourceType: 'source',
        action: 'checked',
        because: 'not-subject-to-state',
        status,
        failed,
      });
    const { lines } = explain(
      failedReport({
        decisions: [
          source('a', 'pass'),
          source('b', 'warn'),
          source('c', 'error', true),
          source('d', 'runtime error', true),
        ],
      }),
    ).totals;
    expect(lines.map(({ key, detail }) => [key, detail])).toEqual([
      ['failed', '2 sources'],
      [
        'checked',
        '1 could not be measured (also counted as failed above), 1 too old (error; also counted as failed above), 1 old (warning) and 1 fresh',
      ],
    ]);
  });

  test('execution times add up where there are any', () => {
    const { totals, time } = explain(
      report({
        decisions: [decision({ executionMs: 100 }), decision({ name: 'b', executionMs: 50 }), testDecision()],
      }),
    );
    expect(totals.lines.map(({ executionMs }) => executionMs)).toEqual([150, undefined]);
    expect(time.nodeMs).toBe(150);
  });
});

describe('groups', () => {
  test('hold every node once, in reading order, the same for any order of the report', () => {
    const decisions = [
      reusedTest({ name: 'r' }),
      decision({ name: 'b', uniqueId: 'model.a.b' }),
      decision({ name: 'a', uniqueId: 'model.z.a' }),
      decision({ name: 'z', resourceType: 'seed' }),
      decision({ name: 'noop', action: 'no-op', because: 'nothing-to-do' }),
      testDecision({ name: 't', status: 'warn' }),
      skipped('s', failedModel.uniqueId),
      decision({ name: 'i', action: 'interrupted', because: 'stopped-while-running' }),
      failedModel,
      decision({ name: 'u', action: 'unknown', because: 'unknown-status' }),
    ];
    const told = (given: typeof decisions): [GroupKey, string[]][] =>
      explain(failedReport({ decisions: given })).groups.map(({ key, nodes }) => [
        key,
        nodes.map(({ name }) => name),
      ]);
    const expected = [
      ['failed', ['orders']],
      ['interrupted', ['i']],
      ['skipped', ['s']],
      ['unknown', ['u']],
      ['warned', ['t']],
      ['built', ['a', 'b', 'z']],
      ['tests-reused', ['r']],
      ['no-op', ['noop']],
    ];
    expect(told(decisions)).toEqual(expected);
    expect(told(decisions.toReversed())).toEqual(expected);
  });
});

describe('what to look at', () => {
  test('failures before warnings, with message and place', () => {
    const { lookAt } = explain(
      failedReport({
        decisions: [testDecision({ status: 'warn', failures: 1, message: 'Got 1 result' }), failedModel],
      }),
    );
    expect(lookAt.map(({ kind, title, message, node }) => [kind, title, message, node?.location])).toEqual([
      ['failure', 'Model failed', 'Database Error\n  boom', { path: 'models/orders.sql', line: 3 }],
      ['warning', 'Data test warned: 1 row found', 'Got 1 result', undefined],
    ]);
  });

  test('what was held up is counted back to where it began', () => {
    const { lookAt } = explain(
      failedReport({
        decisions: [
          skipped('c', 'model.jaffle_shop.b'),
          skipped('b', failedModel.uniqueId),
          failedModel,
          skipped('other', 'model.elsewhere.x'),
        ],
      }),
    );
    expect(lookAt[0]?.held).toEqual({ count: 2, names: ['c', 'b'] });
  });

  test('names of held nodes are few, their count is whole; circles end', () => {
    const held = Array.from({ length: 9 }, (_, index) => skipped(`s${index}`, failedModel.uniqueId));
    const circle = [skipped('x', 'model.jaffle_shop.y'), skipped('y', 'model.jaffle_shop.x')];
    const { lookAt } = explain(failedReport({ decisions: [failedModel, ...held, ...circle] }));
    expect(lookAt[0]?.held).toEqual({ count: 9, names: ['s0', 's1', 's2', 's3', 's4'] });
  });

  test('a failing stored result is said to be stored', () => {
    const { lookAt, advice } = explain(
      failedReport({ decisions: [reusedTest({ status: 'fail', failed: true, failures: 3 })] }),
    );
    expect(lookAt[0]?.title).toBe('Data test failed: 3 rows found (stored result, it did not run again)');
    expect(advice.map(({ command }) => command)).toContain('RUN_CACHE_CACHE_MODE=WRITE_ONLY');
  });
});

describe('dbt State', () => {
  test('wanted and not active is a problem with cause and fix', () => {
    const { state } = explain(
      report({ state: { kind: 'inactive', trouble: noCredentials, version: '2.62.3' } }),
    );
    expect(state).toMatchObject({
      tone: 'problem',
      title: 'dbt State was not active: no credentials',
      version: '2.62.3',
      troubles: [{ said: noCredentials.said, fix: noCredentials.fix, nodes: [] }],
    });
  });

  test('active is claimed with its proof; with troubles it needs a look', () => {
    expect(explain(report({ state: { kind: 'active', proof: '3 ids', troubles: [] } })).state).toMatchObject({
      tone: 'fine',
      proof: '3 ids',
    });
    const troubled = explain(
      report({ state: { kind: 'active', proof: '3 ids', troubles: [noCredentials] } }),
    ).state;
    expect(troubled).toMatchObject({ tone: 'caution', title: 'dbt State was active, with 1 problem' });
  });

  test('nobody asked: quiet', () => {
    expect(explain(report({ state: { kind: 'absent' } })).state.tone).toBe('quiet');
    expect(explain(report({ state: { kind: 'not-applicable' } })).state.tone).toBe('quiet');
    expect(explain(report({ state: { kind: 'disabled', by: 'RUN_CACHE_DISABLED' } })).state).toMatchObject({
      tone: 'quiet',
      sentence: 'It was switched off by RUN_CACHE_DISABLED, so nothing was reused.',
    });
  });

  test.each([
    ['no-credentials', 'dbt itself was fine: it ran everything that was selected, and nothing was reused.'],
    [
      'plugin-missing',
      'Settings of dbt State are present, but its plugin is not installed beside dbt, so nothing was reused.',
    ],
    [
      'never-asked',
      'dbt State is there and enabled, but no node was submitted to its service, so nothing was reused.',
    ],
  ] as const)('%s has its own true sentence', (problem, sentence) => {
    const { state } = explain(report({ state: { kind: 'inactive', trouble: { problem, fix: 'Do.' } } }));
    expect(state.sentence).toBe(sentence);
    expect(state.troubles[0]).not.toHaveProperty('said');
  });

  test('a run that came to no node is quiet, and says so', () => {
    const why = 'dbt ended before it asked dbt State.';
    expect(explain(report({ state: { kind: 'not-applicable', why } })).state).toMatchObject({
      tone: 'quiet',
      sentence: why,
    });
    const stopped = report({
      state: { kind: 'unknown', why: 'x' },
      failure: { code: 'timed-out', message: 'Late' },
    });
    expect(explain(stopped).state.tone).toBe('quiet');
  });

  test('not known is said, unless nothing ran at all', () => {
    const state = { kind: 'unknown', why: 'no events' } as const;
    expect(explain(report({ state })).state.tone).toBe('caution');
    const notDone = report({ state, failure: { code: 'dbt-not-found', message: 'No dbt' } });
    expect(explain(notDone).state.tone).toBe('quiet');
  });
});

describe('time', () => {
  const reused = decision({ action: 'reused', because: 'no-changes' });

  test('node time saved is the service’s; wall time saved is not claimed', () => {
    const { time } = explain(report({ decisions: [reused], savings: { nodeMs: 33_080, nodes: 27 } }));
    expect(time).toMatchObject({ wallMs: 12_000, saved: { nodeMs: 33_080, nodes: 27 } });
    expect(time.saving).toBe('33 s of node time saved on 27 nodes, as dbt State reports it.');
    expect(time.caveat).toMatch(/took 12 s.*how much sooner it ended is not known/);
  });

  test('no figure is invented', () => {
    const state = { kind: 'active', proof: 'ids', troubles: [] } as const;
    expect(explain(report({ decisions: [reused], state })).time.saving).toBe(
      'dbt State reported no figure for the time it saved.',
    );
    expect(explain(report({ decisions: [decision()], state })).time.saving).toBe('');
    const cloned = decision({ action: 'cloned', because: 'clone-command' });
    expect(explain(report({ command: 'clone', decisions: [cloned] })).time.saving).toBe('');
  });
});

describe('advice', () => {
  test('dbt retry after failed nodes', () => {
    expect(explain(failedReport({ decisions: [failedModel] })).advice).toEqual([
      {
        sentence:
          'Fix it and push. Where this run’s target folder still exists, `dbt retry` runs only what failed or was skipped.',
      },
    ]);
  });

  test('never dbt retry when nodes were left without a result, nor for a command it cannot repeat', () => {
    const stopped = report({
      failure: { code: 'cancelled', message: 'Cancelled' },
      decisions: [failedModel, decision({ action: 'interrupted', because: 'stopped-before-start' })],
    });
    expect(explain(stopped).advice.map(({ command }) => command)).toEqual([undefined]);
    const freshness = failedReport({ command: 'source freshness', decisions: [failedModel] });
    expect(explain(freshness).advice).toEqual([]);
  });

  test('nodes behind their sources are pointed out', () => {
    const behind = decision({ action: 'reused', because: 'within-lag-tolerance' });
    expect(explain(report({ decisions: [behind] })).advice[0]?.sentence).toMatch(
      /^1 node does not hold the newest data/,
    );
  });

  test('nothing to do, no advice', () => {
    expect(explain(report({ decisions: [decision()] })).advice).toEqual([]);
  });
});

describe('facts', () => {
  test('what a person needs to repeat the run', () => {
    const { facts } = explain(
      report({
        args: ['build', '--select', "state:modified+ it's"],
        labels: { tenant: 'acme' },
        exitCode: 0,
      }),
    );
    const byKey = Object.fromEntries(facts.map(({ key, value }) => [key, value]));
    expect(byKey).toEqual({
      command: `dbt build --select 'state:modified+ it'\\''s'`,
      'dbt-version': '1.11.16',
      adapter: 'postgres 1.11.0',
      dbt: 'dbt',
      project: 'jaffle_shop',
      profile: 'jaffle_shop',
      target: 'dev',
      threads: '4',
      'label:tenant': 'acme',
      'invocation-id': '4cc9d475-98e4-4c51-9357-a568296462bc',
      started: '2026-11-21 01:25:41 UTC',
      duration: '12 s',
      'exit-code': '0',
    });
  });
});

test('what came from the file or a variable is told with its place', () => {
  const config = { from: { timeout: 'dbt-runcache.yml', dbt: 'DBT_RUNCACHE_DBT' } };
  expect(explain(report({ config })).facts.find(({ key }) => key === 'config')).toMatchObject({
    label: 'Settings from the file or variables',
    value: 'timeout (dbt-runcache.yml), dbt (DBT_RUNCACHE_DBT)',
  });
});

describe('facts about dbt State', () => {
  const told = (over: Parameters<typeof report>[0]) =>
    explain(report(over)).facts.find(({ key }) => key === 'run-cache')?.value;

  test('who required it or switched it off for this run can be told', () => {
    expect(told({})).toBeUndefined();
    expect(told({ requireRunCache: true })).toBe('required (require-run-cache: true)');
    expect(told({ runCache: 'disabled' })).toBe('switched off (run-cache: disabled)');
  });

  test('dbt v2 is not called dbt Core', () => {
    const engine = { kind: 'fusion', commandPrefix: ['dbt'], dbtVersion: '2.0.0-preview.196' } as const;
    const fact = explain(report({ engine })).facts.find(({ key }) => key === 'dbt-version');
    expect(fact).toMatchObject({ label: 'dbt v2', value: '2.0.0-preview.196' });
  });
});

describe('small print', () => {
  test('what could not be named, was concluded or is disputed', () => {
    const { smallPrint } = explain(
      report({
        selectedCount: 4,
        artifactPaths: {},
        decisions: [
          decision({ basis: 'inferred', because: 'state-unknown' }),
          decision({ name: 'b', evidence: [{ source: 'event', says: 'skip', conflicts: true }] }),
        ],
      }),
    );
    expect(smallPrint).toHaveLength(5);
    expect(smallPrint[0]).toBe('dbt selected 4 nodes; 2 of them could not be named and are not listed.');
  });

  test('where skips come from was worked out', () => {
    const node = { ...skipped('s', failedModel.uniqueId), basis: 'inferred' as const };
    expect(explain(failedReport({ decisions: [failedModel, node] })).smallPrint).toEqual([
      "dbt's results do not say why 1 node was skipped; the cause was worked out from the project graph.",
    ]);
  });

  test('nothing to say for a run that is known in full', () => {
    expect(explain(report({ decisions: [decision()], selectedCount: 1 })).smallPrint).toEqual([]);
  });
});

test('notices: problems of ours first, then warnings, then deprecations', () => {
  const notice = (kind: 'problem' | 'warning' | 'deprecation', name: string) => ({
    kind,
    name,
    message: 'm',
    count: 1,
  });
  const { notices } = explain(
    report({
      notices: [
        notice('deprecation', 'd'),
        notice('warning', 'w'),
        notice('problem', 'p'),
        notice('warning', 'v'),
      ],
    }),
  );
  expect(notices.map(({ name }) => name)).toEqual(['p', 'w', 'v', 'd']);
});

test('the same report gives the same explanation and is left as it was', () => {
  const given = failedReport({ decisions: [failedModel, decision(), reusedTest()] });
  const before = structuredClone(given);
  expect(explain(given)).toEqual(explain(given));
  expect(given).toEqual(before);
});

test('a microbatch model whose batches failed says why, not only how many', () => {
  const { lookAt } = explain(
    failedReport({
      decisions: [
        decision({
          action: 'failed',
          because: 'error',
          failed: true,
          status: 'partial success',
          message: 'PARTIAL SUCCESS (1/3)',
          detail: 'Catalog Error: no such table',
        }),
      ],
    }),
  );
  expect(lookAt[0]?.message).toBe('PARTIAL SUCCESS (1/3)\nCatalog Error: no such table');
});
