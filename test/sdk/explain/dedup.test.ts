import { describe, expect, test } from 'vitest';
import type { EarlierRun, ExecutedBecause, RecordFate } from '../../../sdk/dedup/dedup-report.ts';
import type { KeyDifference } from '../../../sdk/dedup/key.ts';
import { explain } from '../../../sdk/explain/explain.ts';
import type { DedupNotice, Explanation } from '../../../sdk/explain/explanation.ts';
import { plainWords } from '../../../sdk/explain/phrase.ts';
import type { RunReport } from '../../../sdk/result.ts';
import {
  decision,
  earlierRun,
  executedDedup,
  failedReport,
  replayedReport,
  report,
  reusedTest,
  skippedReport,
} from '../../support/report-builder.ts';

const URL = 'https://github.com/acme/shop/actions/runs/123/attempts/1';
const built = decision({ name: 'orders' });
const reused = decision({ name: 'customers', action: 'reused', because: 'no-changes' });
const failed = decision({
  name: 'orders',
  action: 'failed',
  because: 'error',
  status: 'error',
  failed: true,
});

function noticeOf<Kind extends DedupNotice['kind']>(
  { dedup }: Explanation,
  kind: Kind,
): Extract<DedupNotice, { kind: Kind }> {
  expect(dedup?.kind).toBe(kind);
  return dedup as Extract<DedupNotice, { kind: Kind }>;
}

function executed(because: ExecutedBecause, record: RecordFate = 'kept', given: Partial<RunReport> = {}) {
  return noticeOf(
    explain(report({ decisions: [built], dedup: executedDedup(because, record), ...given })),
    'executed',
  );
}

function without(run: EarlierRun, ...keys: (keyof EarlierRun)[]): EarlierRun {
  return Object.fromEntries(
    Object.entries(run).filter(([key]) => !keys.includes(key as keyof EarlierRun)),
  ) as unknown as EarlierRun;
}

test('without a ledger there is nothing about one', () => {
  const explanation = explain(report({ decisions: [built] }));
  expect(explanation.dedup).toBeUndefined();
  expect(explanation.facts.filter(({ key }) => key.startsWith('ledger'))).toEqual([]);
});

describe('a replayed success', () => {
  const given = replayedReport({
    decisions: [built, reused],
    state: { kind: 'active', proof: 'it said so', troubles: [] },
    savings: { nodeMs: 61_000, nodes: 2 },
  });
  const explanation = explain(given);

  test('says first that nothing ran, which run it repeats, and what each took', () => {
    expect(explanation.headline).toEqual({
      verdict: 'passed',
      title: 'dbt build: replayed, nothing ran',
      sentence:
        'Taken from the ledger: this is the result of an identical run that finished at 2026-11-20 18:02:11 UTC. ' +
        'That run took 3 min 20 s, this one 1.4 s: 3 min 19 s saved. What follows is that run’s result: 1 built and 1 reused.',
    });
    const { lead } = noticeOf(explanation, 'replayed');
    expect(lead.filter(({ url }) => url !== undefined)).toEqual([
      { text: 'an identical run that finished at 2026-11-20 18:02:11 UTC', url: URL },
    ]);
  });

  test('a run without an address is named by process and host', () => {
    for (const url of [
      undefined,
      'javascript:alert(1)',
      'file:///etc/passwd',
      'data:text/html,x',
      'https://',
      ` ${URL}`,
      `https://x/${'y'.repeat(2100)}`,
    ]) {
      const run = { ...without(earlierRun(), 'url'), ...(url === undefined ? {} : { url }) };
      const { lead } = noticeOf(explain(replayedReport({}, { run })), 'replayed');
      expect(lead.some((phrase) => 'url' in phrase)).toBe(false);
      expect(plainWords(lead)).toContain('UTC (process 4711 on runner-3). That run');
    }
  });

  test.each([
    [1000, 'That run took 1.0 s, this one 1.4 s.'],
    [1400, 'That run took 1.4 s, this one 1.4 s.'],
    [2399, 'That run took 2.4 s, this one 1.4 s.'],
    [2400, 'That run took 2.4 s, this one 1.4 s: 1.0 s saved.'],
    [41_400, 'That run took 41 s, this one 1.4 s: 40 s saved.'],
    [Number.NaN, 'That run took unknown, this one 1.4 s.'],
  ])('a run of %d ms saves what it says', (wallMs, words) => {
    const explanation = explain(replayedReport({}, { run: earlierRun({ wallMs }) }));
    expect(plainWords(noticeOf(explanation, 'replayed').lead)).toContain(` UTC. ${words}`);
    // That is wall time: no node ran, so none of it is node time.
    expect(explanation.time).toEqual({ wallMs: 1400, saving: '', caveat: '' });
  });

  test('waiting is told', () => {
    const { lead } = noticeOf(explain(replayedReport({ wallMs: 45_000 }, { waitedMs: 42_000 })), 'replayed');
    expect(plainWords(lead)).toContain(
      'That run took 3 min 20 s, this one 45 s (42 s of it waiting for that run to end): 2 min 35 s saved.',
    );
  });

  test('a run of which no duration is known is no run of zero', () => {
    const { lead } = noticeOf(
      explain(replayedReport({}, { run: without(earlierRun(), 'wallMs') })),
      'replayed',
    );
    expect(plainWords(lead)).toMatch(/UTC\. This one took 1\.4 s\.$/);
  });

  test('warnings and an empty selection stay in sight', () => {
    const warned = decision({ status: 'warn' });
    expect(explain(replayedReport({ decisions: [warned] })).headline.title).toBe(
      'dbt build: replayed, nothing ran (1 warning in the earlier run)',
    );
    expect(explain(replayedReport({ selectedCount: 0 })).headline.sentence).toMatch(
      /What follows is that run’s result: the selection matched no nodes\.$/,
    );
  });

  test('dbt State had no part in it, and what it saved once is not saved again', () => {
    expect(explanation.state).toEqual({
      kind: 'not-applicable',
      tone: 'quiet',
      title: 'dbt State had no part in this',
      sentence: 'Nothing ran, so it was not asked. The report of that run says: dbt State was active.',
      troubles: [],
    });
    expect(explanation.time).toEqual({
      wallMs: 1400,
      saving: 'In that run, 1 min 1 s of node time was saved on 2 nodes, as dbt State reported it.',
      caveat: 'That was saved once: this run adds nothing to it.',
    });
  });

  test('what was to be mended about State in that run is not told of this one', () => {
    const { state, advice, checklist, settings } = explain(
      replayedReport({
        state: { kind: 'inactive', trouble: { problem: 'no-credentials', fix: 'Set a token.' } },
        diagnosis: {
          schemaVersion: 1,
          checkedAt: '2026-11-20T18:02:11Z',
          status: 'fail',
          checks: [{ code: 'service', status: 'fail', seen: 'x', fix: 'y' }],
        },
        stateSettings: [
          { field: 'API_TOKEN', value: 'set', source: { kind: 'env', name: 'X' }, overrides: [] },
        ] as never,
        decisions: [
          reusedTest({ status: 'fail', failed: true }),
          decision({ action: 'reused', because: 'within-lag-tolerance' }),
        ],
        failure: { code: 'nodes-failed', message: 'x' },
      }),
    );
    expect(state).toMatchObject({ tone: 'quiet', troubles: [] });
    expect(state.sentence).toContain('That run'.toLowerCase());
    expect(checklist).toBeUndefined();
    expect(settings).toEqual([]);
    expect(advice).toEqual([
      { sentence: expect.stringMatching(/^Fix it and push: .*`dedup-on: success`\.$/) },
    ]);
  });

  test('files that were brought back, and those that were too large', () => {
    const { files, restored } = noticeOf(
      explain(
        replayedReport(
          {},
          {
            restored: ['a', 'b', 'c', 'd', 'e', 'f'],
            omitted: [{ path: 'catalog.json', bytes: 122_000_000 }],
          },
        ),
      ),
      'replayed',
    );
    expect(files.map(plainWords)).toEqual([
      'Brought back to the target folder: a, b, c, d and 2 more.',
      'Too large to be kept, so not brought back: catalog.json (122 MB).',
    ]);
    expect(restored).toHaveLength(6);
    const none = noticeOf(explain(replayedReport({}, { restored: [] })), 'replayed');
    expect(none.files.map(plainWords)).toEqual(['None of its files were brought back to the target folder.']);
  });

  test('facts: ledger, key, and what is of the other run is marked', () => {
    const labels = explain(
      replayedReport({}, { key: { kind: 'given', digest: 'ab'.repeat(32), text: 'nightly' } }),
    ).facts.map(({ label, value, code }) => `${label}: ${value}${code ? ' (code)' : ''}`);
    expect(labels).toEqual(
      expect.arrayContaining([
        'Ledger (identical runs share one result): redis',
        'Key in the ledger (made from the given key): abababababab (code)',
        'The given key: nightly (code)',
        'Process of the identical run: 4711 on the machine runner-3',
        'Duration: 1.4 s',
        'Exit code (that run): 0',
        'dbt Core (that run): 1.11.16',
      ]),
    );
    expect(labels).not.toContain('Exit code: 0');
  });
});

describe('a replayed failure', () => {
  test('is a failure, and an earlier run’s', () => {
    const { headline, dedup } = explain(
      replayedReport({ decisions: [failed], failure: { code: 'nodes-failed', message: 'x' } }),
    );
    expect(headline).toMatchObject({
      verdict: 'failed',
      title: 'dbt build failed earlier: replayed, nothing ran',
      code: 'nodes-failed',
    });
    expect(headline.sentence).toMatch(
      /^Taken from the ledger: this is the failure of an identical run that .* result: 1 model failed: `orders`\.$/,
    );
    expect(dedup?.kind).toBe('replayed');
  });

  test('whatever its code, it is no run that was stopped or not started', () => {
    for (const code of ['dbt-failed', 'timed-out', 'run-cache-required'] as const) {
      const { headline } = explain(replayedReport({ failure: { code, message: 'It broke' } }));
      expect(headline).toMatchObject({ verdict: 'failed', code });
      expect(headline.sentence).toMatch(/that run’s result: It broke\.$/);
    }
  });
});

describe('a run that was skipped', () => {
  test('has no result, good or bad, and says who is at it', () => {
    const { headline, dedup, state, advice, totals } = explain(
      skippedReport(without(earlierRun(), 'finishedAt', 'wallMs', 'result')),
    );
    expect(headline).toEqual({
      verdict: 'skipped',
      title: 'dbt build: skipped, no result',
      sentence:
        'Nothing ran: an identical run that began at 2026-11-20 17:58:51 UTC is still at it. ' +
        'There is no result here, and nothing is proven: only that run will tell.',
    });
    expect(dedup).toMatchObject({ lead: expect.arrayContaining([expect.objectContaining({ url: URL })]) });
    expect(state.tone).toBe('quiet');
    expect(totals.nodes).toBe(0);
    expect(advice).toHaveLength(1);
  });

  test('also where nobody knows who', () => {
    expect(explain(skippedReport(undefined)).headline.sentence).toMatch(
      /^Nothing ran: an identical run is still at it\. There is no result here/,
    );
  });
});

const changed = (part: string, item?: string): KeyDifference => ({
  part,
  how: 'changed',
  ...(item === undefined ? {} : { item }),
});

describe('why a run was executed', () => {
  const run = earlierRun();
  const causes: readonly ExecutedBecause[] = [
    { kind: 'no-key', unknown: [{ part: 'data', why: 'nobody said' }] },
    { kind: 'not-repeatable', why: 'What dbt retry does hangs on the run before it.' },
    { kind: 'no-record' },
    { kind: 'no-record', nearest: { run, differences: [changed('code', 'a.sql')], count: 1 } },
    { kind: 'nested' },
    { kind: 'target-changed', run },
    { kind: 'distrusted', run, why: 'the database is in memory' },
    { kind: 'unusable', run, why: 'its report cannot be read (x)' },
    { kind: 'failed-before', run },
    { kind: 'other-inputs', run, differences: [changed('vars', 'a')] },
    { kind: 'in-flight' },
    { kind: 'in-flight', run: without(run, 'finishedAt') },
    { kind: 'unavailable', why: 'connect ECONNREFUSED' },
    { kind: 'unavailable', why: 'There is none.', unusable: true },
    { kind: 'read-only', why: 'no scope' },
    { kind: 'read-only', why: 'no scope', instead: { kind: 'no-record' } },
    { kind: 'unknown' },
  ];

  const SAY_LEDGER = new Set([
    ...['no-key', 'no-record', 'nested', 'target-changed', 'distrusted', 'unusable', 'unavailable'],
    ...['read-only', 'unknown'],
  ]);

  test('in whole sentences, each its own, with the run where there is one', () => {
    const told = causes.map((because) => {
      const { lead, title } = executed(because);
      expect(title).toBe('Why it ran');
      expect(plainWords(lead)).toMatch(/^[A-Z].*\.$/s);
      if (SAY_LEDGER.has(because.kind)) expect(plainWords(lead)).toContain('ledger');
      expect(plainWords(lead)).not.toMatch(/undefined|\.\.| {2}| \./);
      const known = 'run' in because || ('nearest' in because && because.nearest !== undefined);
      expect(lead.some(({ url }) => url === URL)).toBe(known);
      return plainWords(lead);
    });
    expect(new Set(told).size).toBe(causes.length);
  });

  test('the nearest miss: the run, and what differs by its human name', () => {
    const differences = [changed('code', 'models/orders.sql'), changed('vars', 'start_date')];
    const { lead, differences: lines } = executed({
      kind: 'no-record',
      nearest: { run, differences, count: 2 },
    });
    expect(plainWords(lead)).toBe(
      'The ledger has no result for this run. This run differs from the run that finished at 2026-11-20 18:02:11 UTC ' +
        'only in models/orders.sql (changed) and vars.start_date (changed). ' +
        'This result is now in the ledger: an identical run can take it instead of running dbt.',
    );
    expect(lead).toContainEqual({ text: 'models/orders.sql', code: true });
    expect(lines).toHaveLength(2);
  });

  test.each<[KeyDifference, string]>([
    [changed('code', 'models/a.sql'), 'models/a.sql'],
    [{ part: 'code', item: 'models/a.sql', how: 'added' }, 'models/a.sql'],
    [{ part: 'code', item: 'models/a.sql', how: 'removed' }, 'models/a.sql'],
    [changed('code'), 'the files of the project'],
    [changed('packages', 'dbt_utils'), 'the package dbt_utils'],
    [changed('packages', 'dbt_utils/macros/a.sql'), 'the package file dbt_utils/macros/a.sql'],
    [changed('command', '--full-refresh'), '--full-refresh'],
    [changed('command', 'DBT_WARN_ERROR'), 'the variable DBT_WARN_ERROR'],
    [changed('command', 'key-ignore'), 'the paths of key-ignore'],
    [changed('selection', '--select'), '--select'],
    [changed('vars', 'x'), 'vars.x'],
    [changed('vars', 'the whole text'), 'the text of --vars'],
    [changed('env', 'DBT_SCHEMA'), 'the variable DBT_SCHEMA'],
    [changed('engine', 'dbt'), 'the dbt version'],
    [changed('engine', 'adapter'), 'the version of the adapter'],
    [changed('engine', 'package sqlglot'), 'the Python package sqlglot'],
    [{ part: 'engine', item: 'package dbt-utils x', how: 'added' }, 'the Python package dbt-utils x'],
    [changed('engine', 'user_settings.yml: flags'), 'user_settings.yml: flags'],
    [changed('target', 'target'), 'the name of the target'],
    [changed('profile', 'schema'), 'the profile’s schema'],
    [changed('profile', 'variable TZ'), 'the variable TZ'],
    [changed('profile', 'profiles.yml: x'), 'profiles.yml: x'],
    [changed('state', 'mode'), 'whether dbt State was left on'],
    [changed('state', 'setting CACHE_MODE'), 'dbt State’s setting CACHE_MODE'],
    [changed('data', 'version'), 'the data version'],
    [changed('data', '__proto__'), 'the data of __proto__'],
    [changed('warehouse', 'host'), 'the warehouse’s host'],
    [changed('data', 'source.shop.raw.orders'), 'the data of source.shop.raw.orders'],
    [{ part: 'data', how: 'unknown' }, 'the data in the warehouse'],
    [changed('moon', 'phase'), 'moon.phase'],
    [changed('__proto__', 'x'), '__proto__.x'],
    [changed('constructor'), 'constructor'],
  ])('%j is %s', (difference, words) => {
    const { lead } = executed({ kind: 'no-record', nearest: { run, differences: [difference], count: 1 } });
    const how = difference.how === 'unknown' ? 'not known' : difference.how;
    expect(plainWords(lead)).toContain(` UTC only in ${words} (${how}). This result`);
  });

  test('many differences are counted, and one of each kind is named first', () => {
    const files = Array.from({ length: 15 }, (_, index) => changed('code', `models/m${index}.sql`));
    const nearest = (differences: readonly KeyDifference[], count = differences.length) =>
      executed({ kind: 'no-record', nearest: { run, differences, count } });
    expect(plainWords(nearest(files).lead)).toMatch(
      / UTC in models\/m0\.sql, models\/m1\.sql, models\/m2\.sql and 12 more files\. This/,
    );
    const mixed = nearest([...files, changed('vars', 'start_date')], 40);
    expect(plainWords(mixed.lead)).toMatch(
      / UTC in models\/m0\.sql, vars\.start_date, models\/m1\.sql and 37 more\. This/,
    );
    expect(mixed.differences).toHaveLength(16);
    expect(mixed.differenceCount).toBe(40);
    expect(plainWords(nearest([], 5).lead)).toMatch(/ UTC in 5 inputs\. This/);
    const added = files.map((file): KeyDifference => ({ ...file, how: 'added' }));
    expect(plainWords(nearest(added.slice(0, 4)).lead)).toMatch(
      / UTC in models\/m0\.sql \(added\), models\/m1\.sql \(added\), models\/m2\.sql \(added\) and 1 more file\. /,
    );
    expect(plainWords(nearest(files.slice(0, 3)).lead)).toMatch(
      / only in models\/m0\.sql \(changed\), models\/m1\.sql \(changed\) and models\/m2\.sql \(changed\)\. /,
    );
  });

  test('without a key, each input that is not known and what to do', () => {
    const { unknown } = executed({
      kind: 'no-key',
      unknown: [
        { part: 'data', why: 'nobody said. Say it' },
        { part: 'moon', why: 'it is dark' },
        { part: 'profile', why: 'only dbt can tell' },
        { part: 'warehouse', why: 'only dbt can tell' },
      ],
    });
    expect(unknown.map(({ input, why }) => `${plainWords(input)}: ${why}`)).toEqual([
      'The data in the warehouse: Nobody said. Say it.',
      'moon: It is dark.',
      'The profile and the warehouse: Only dbt can tell.',
    ]);
  });

  test('a run that may only read says first why it ran, and the words of the service stand apart', () => {
    const why = 'cache write denied: token has no writable scopes';
    const of = (instead: ExecutedBecause) => {
      const because = { kind: 'read-only', why, instead } as const;
      const notice = executed(because, 'none');
      const { facts } = explain(report({ decisions: [built], dedup: executedDedup(because, 'none') }));
      expect(facts.find(({ key }) => key === 'ledger-read-only')?.value).toBe(
        'Cache write denied: token has no writable scopes.',
      );
      expect(plainWords(notice.lead)).not.toContain('scopes');
      expect(plainWords(notice.lead)).toMatch(
        / This run may only read the ledger, so it leaves no result there\.$/,
      );
      expect(notice.tone).toBe('quiet');
      return { ...notice, words: plainWords(notice.lead) };
    };
    expect(of({ kind: 'failed-before', run }).words).toMatch(/^An identical run failed, /);
    expect(of({ kind: 'distrusted', run, why: 'it is new' }).words).toContain('may be gone. It is new. This');
    const mismatch = of({ kind: 'other-inputs', run, differences: [changed('vars', 'a')] });
    expect(mismatch.words).toContain('They differ in vars.a (changed). It ran, because on-mismatch is run.');
    expect(mismatch.differenceCount).toBe(1);
  });

  test('a ledger that cannot be had here did not fail to answer', () => {
    const why = 'There is none here. Let the action run dbt, or name another.';
    const { lead, tone } = executed({ kind: 'unavailable', why, unusable: true }, 'none');
    expect(plainWords(lead)).toBe(`The ledger cannot be used here: ${why}`);
    expect(tone).toBe('caution');
  });

  test('waiting and taking over are told', () => {
    const dedup = { ...executedDedup({ kind: 'no-record' }), waitedMs: 30_000, adopted: true } as const;
    const { lead } = noticeOf(explain(report({ dedup: dedup as RunReport['dedup'] & object })), 'executed');
    expect(plainWords(lead)).toMatch(
      /fallen silent; this one took over .*It waited 30 s for an identical run\. This result is now in the ledger: /,
    );
  });

  test('a run that never began did not run for a reason', () => {
    const { invocationId: _, ...notStarted } = failedReport({
      failure: { code: 'target-path-busy', message: 'x' },
      dedup: executedDedup({ kind: 'no-record' }, 'none'),
    });
    expect(noticeOf(explain(notStarted), 'executed').title).toBe('Ledger');
  });
});

describe('what became of the record', () => {
  test('kept is told after why it ran, and once more in small print', () => {
    const explanation = explain(report({ decisions: [built], dedup: executedDedup({ kind: 'no-record' }) }));
    const notice = noticeOf(explanation, 'executed');
    expect(notice).toMatchObject({ tone: 'quiet' });
    expect(notice.caution).toBeUndefined();
    expect(plainWords(notice.lead)).toBe(
      'The ledger has no result for this run, and none for a similar one. ' +
        'This result is now in the ledger: an identical run can take it instead of running dbt.',
    );
    const failure = executed({ kind: 'no-record' }, 'kept', {
      failure: { code: 'nodes-failed', message: 'x' },
    });
    expect(plainWords(failure.lead)).toMatch(
      / This failure is now in the ledger: an identical run can repeat it instead of running dbt\.$/,
    );
    expect(explanation.facts.filter(({ label }) => label.includes('that run'))).toEqual([]);
    expect(explanation.facts).toContainEqual({
      key: 'ledger-record',
      label: 'This result in the ledger',
      value: 'Kept: an identical run can take this result.',
      code: false,
    });
  });

  test('nobody is told to count on it where an identical run was just not trusted', () => {
    const { lead } = executed({ kind: 'distrusted', run: earlierRun(), why: 'it is new' });
    expect(plainWords(lead)).toMatch(/ But what it left may be gone\. It is new\.$/);
  });

  test.each<[RecordFate, RegExp, RegExp]>([
    // Whoever freed it by hand started no other run.
    ['lost', / taken it over, or it was freed by hand\./, /^Not kept: the key was no longer its own\.$/],
    ['unknown', /may run once more\.$/, /^Not known: /],
    ['inputs-changed', /^Files of the project changed /, /^Not kept: files of the project changed /],
    ['target-changed', /^Another run wrote to the same target /, /^Not kept: another run wrote to the same /],
  ])('%s is told, once', (record, caution, small) => {
    const given = executed({ kind: 'no-record' }, record);
    expect(given).toMatchObject({ tone: 'caution', caution: expect.stringMatching(caution) });
    expect(plainWords(given.lead)).not.toContain('now in the ledger');
    const { facts } = explain(report({ dedup: executedDedup({ kind: 'no-record' }, record) }));
    expect(facts.find(({ key }) => key === 'ledger-record')?.value).toMatch(small);
    const notices = [{ kind: 'problem', name: 'dedup-unavailable', message: 'the same', count: 1 }] as const;
    const told = executed({ kind: 'no-record' }, record, { notices });
    expect(told.tone).toBe('quiet');
    expect(told.caution).toBeUndefined();
  });

  test('none is nothing to worry about; a store that did not answer is', () => {
    expect(executed({ kind: 'nested' }, 'none').tone).toBe('quiet');
    expect(executed({ kind: 'unavailable', why: 'x' }, 'none').tone).toBe('caution');
  });
});

test('a run the ledger would not let start says what differs', () => {
  const { headline, lookAt } = explain(
    failedReport({
      failure: {
        code: 'dedup-mismatch',
        message: 'The key was used with other inputs. These differ: vars.start_date (changed)',
        hint: 'Give every set of inputs a key of its own.',
      },
    }),
  );
  expect(headline).toMatchObject({ verdict: 'not-done', title: 'dbt build was not started' });
  expect(headline.sentence).toContain('start_date');
  expect(lookAt[0]?.hint).toContain('a key of its own');
});

test('a run that another one stands in the way of shows the key, and where that one is', () => {
  const run = without(earlierRun(), 'finishedAt', 'wallMs', 'result');
  const key = { kind: 'given', digest: 'ab'.repeat(32), text: 'nightly' } as const;
  const failure = { code: 'dedup-in-flight', message: 'dbt was not started' } as const;
  const { lookAt, facts, dedup } = explain(
    failedReport({ failure, ledger: { store: 'redis', key, waitedMs: 30_000, run } }),
  );
  expect(dedup).toBeUndefined();
  expect(lookAt[0]?.see).toEqual([
    { text: 'Look at ' },
    { text: 'the other run that began at 2026-11-20 17:58:51 UTC', url: URL },
    { text: '.' },
  ]);
  expect(
    facts.filter(({ key }) => key.startsWith('ledger')).map(({ label, value }) => [label, value]),
  ).toEqual([
    ['Ledger (identical runs share one result)', 'redis'],
    ['Key in the ledger (made from the given key)', 'abababababab'],
    ['The given key', 'nightly'],
    ['Waited for an identical run', '30 s'],
    ['Process of the other run', '4711 on the machine runner-3'],
  ]);
  const nowhere = failedReport({ failure, ledger: { store: 'redis', run: without(run, 'url') } });
  expect(explain(nowhere).lookAt[0]).not.toHaveProperty('see');
});

describe('who sees the ledger', () => {
  const smallPrint = (scope: 'branch' | 'everyone'): string =>
    explain(replayedReport({}, { store: 'actions-cache', scope })).smallPrint.join('\n');

  test('where that is a branch alone, the small print says whose runs are not seen', () => {
    expect(smallPrint('branch')).toContain('merge queue do not see each other');
    expect(smallPrint('everyone')).not.toContain('merge queue');
  });
});
