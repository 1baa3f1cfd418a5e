import { describe, expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import type { ManagedStateNotice } from '../../../sdk/explain/explanation.ts';
import { partInWords } from '../../../sdk/explain/key-parts.ts';
import { plainWords } from '../../../sdk/explain/phrase.ts';
import type {
  ManagedStateReport,
  MissingState,
  PassedOver,
} from '../../../sdk/managed-state/state-report.ts';
import type { RunReport } from '../../../sdk/result.ts';
import {
  change,
  foundState,
  managedState,
  missingState,
  reasons,
  STATE_COMMIT,
  STATE_RUN_URL,
  slimReport,
} from '../../support/managed-state-report.ts';
import { decision, replayedReport, report } from '../../support/report-builder.ts';

function told(managed: Partial<ManagedStateReport>, given: Partial<RunReport> = {}): ManagedStateNotice {
  const notice = explain(
    report({ decisions: [decision()], ...given, managedState: managedState(managed) }),
  ).managedState;
  if (notice === undefined) throw new Error('no managed state');
  return notice;
}

const lead = (managed: Partial<ManagedStateReport>, given?: Partial<RunReport>) =>
  plainWords(told(managed, given).lead);

test('a run without managed state says nothing of it', () => {
  expect(explain(report({ decisions: [decision()] }))).not.toHaveProperty('managedState');
});

test('the state is a part of a key', () => {
  expect(plainWords(partInWords('managed-state'))).toBe('the state it is compared with');
});

describe('what it was compared with', () => {
  test('which commit, how far back, how old, by which dbt', () => {
    expect(lead({ slim: slimReport() })).toBe(
      'Compared with the state of production at 1a2b3c4, the commit this branch starts from (3 commits back). A run with dbt 1.11.16 (postgres) left it 2 days ago, at 2026-11-19 01:25:41 UTC. dbt was asked for what differs from it and what stands below that.',
    );
  });

  test('the commit and the run are linked', () => {
    const { lead: pieces } = told({});
    expect(pieces.find(({ text }) => text === '1a2b3c4')).toEqual({
      text: '1a2b3c4',
      code: true,
      url: `https://github.com/acme/shop/commit/${STATE_COMMIT}`,
    });
    expect(pieces.find(({ text }) => text === 'A run')?.url).toBe(STATE_RUN_URL);
  });

  test.each([undefined, 'javascript:alert(1)', 'https://gitlab.com/acme/shop/-/jobs/1'])(
    'the commit has no link where the run is at %s',
    (url) => {
      const { url: _, ...rest } = foundState();
      const { lead: pieces } = told({ comparison: url === undefined ? rest : { ...rest, url } });
      expect(pieces.find(({ text }) => text === '1a2b3c4')).not.toHaveProperty('url');
    },
  );

  test.each([
    [{ basis: 'ancestor' }, 'the nearest older commit with a state (3 commits back)'],
    [{ commitsAway: 1 }, 'starts from (1 commit back)'],
    [{ commitsAway: 0 }, 'at 1a2b3c4, this very commit. A run'],
    [
      { commitsAway: 0, isCheckoutDirty: true },
      'at 1a2b3c4, this very commit, with edits here that are not committed. A run',
    ],
    [
      { commitsAway: 3, isCheckoutDirty: true },
      '(3 commits back, with edits here that are not committed). A run',
    ],
    [
      { basis: 'newest' },
      'the newest state of production, since there is none of an older commit of this branch',
    ],
    [{ basis: 'newest', doubt: 'x' }, 'since it is not known which commits this one descends from'],
    [{ ageMs: 20_000 }, 'left it less than a minute ago'],
    [{ ageMs: 3_600_000 * 5 }, 'left it 5 hours ago'],
    [{ ageMs: Number.NaN }, 'left it an unknown time ago'],
  ] as const)('%j', (given, words) => {
    expect(lead({ comparison: foundState(given) })).toContain(words);
  });

  test('what makes it less than certain is a caution', () => {
    const cautions = told({
      comparison: foundState({
        basis: 'newest',
        doubt: 'The clone is shallow; use `fetch-depth: 0`',
        isDirty: true,
      }),
    }).cautions.map(plainWords);
    expect(cautions).toHaveLength(2);
    expect(cautions[0]).toMatch(
      /may be selected than was changed here\. The clone is shallow; use fetch-depth: 0\.$/,
    );
    expect(cautions[1]).toContain('differed from its commit');
    expect(told({}).cautions).toEqual([]);
  });

  test('without slim nothing was added to the selection', () => {
    expect(lead({})).toContain('got it as its --state, and nothing was added to the selection.');
    expect(told({})).not.toHaveProperty('command');
  });

  test.each([
    [['build', '--select', 'state:modified+'], 'for what differs from it and what stands below that.'],
    [
      ['build', '--select', 'state:modified+', 'result:error+'],
      'for what differs from it, what failed in the last run and what stands below that.',
    ],
    [['clone', '--state', '/tmp/state'], 'its --state. This command was not narrowed to what changed.'],
  ])('of %j is said what it asks for, and no more', (args, words) => {
    expect(lead({ slim: slimReport({ args }) })).toContain(words);
  });

  test('what strict and fresher sources ask for is said', () => {
    const selectors = ['state:modified+', 'source_status:fresher+'];
    const slim = slimReport({ mode: 'strict', selectors, args: ['build', '--select', ...selectors] });
    expect(lead({ slim })).toContain(
      'for what differs from it, what its comparison overlooks, what reads newer data and what stands below that.',
    );
  });

  test('the run’s own selection is named, and the whole command', () => {
    const slim = slimReport({ within: ['tag:a b'], args: ['build', '--select', 'a b,state:modified+'] });
    expect(lead({ slim })).toMatch(
      /within this run’s own selection: 'tag:a b'\. What is listed here is not narrowed/,
    );
    expect(told({ slim }).command).toBe("dbt build --select 'a b,state:modified+'");
  });

  const { invocationId: _, ...unborn } = report({ failure: { code: 'dbt-not-found', message: 'x' } });
  test.each([
    ['a run that dbt never began', unborn],
    ['a replay', replayedReport({ decisions: [decision()] })],
  ])('of %s nothing is claimed that dbt did', (_what, given) => {
    const leadOf = (managed: Partial<ManagedStateReport>) =>
      plainWords(explain({ ...given, managedState: managedState(managed) }).managedState?.lead ?? []);
    expect(leadOf({ slim: slimReport() })).toMatch(/^Compared with .* UTC\.$/);
    expect(leadOf({ comparison: missingState() })).toMatch(/^There was no state .* is forgotten\.$/);
  });
});

describe('no state to compare with', () => {
  const BECAUSE: Readonly<Record<MissingState['because'], readonly [string, string]>> = {
    'none-kept': ['none of production was ever published here, or it is forgotten', '`publish-state: auto`'],
    'none-fits': ['no state of production that is kept fits this run', '`publish-state: auto`'],
    unavailable: ['the store of states gave no answer', '`state-store`'],
    'no-commit': ['this project is not in a git checkout', '`fetch-depth: 0`'],
  };
  test.each(Object.entries(BECAUSE))('%s', (because, [why, way]) => {
    const comparison = missingState({ because: because as MissingState['because'] });
    expect(lead({ comparison })).toMatch(
      new RegExp(`^There was no state to compare with: ${why}.*\\. So nothing was left out`),
    );
    expect(told({ comparison }).todo.join()).toContain(way);
  });

  test('a shallow clone has its own way out', () => {
    const comparison = missingState({ why: 'the clone is shallow' });
    expect(lead({ comparison })).toContain('forgotten. The clone is shallow. So nothing');
    expect(told({ comparison }).todo[0]).toContain('`fetch-depth: 0`');
  });

  const PASSED: Readonly<Record<PassedOver['because'], readonly [string, string]>> = {
    'other-engine': ['X, this run has dbt 1.11.16', 'same dbt'],
    'other-version': ['X, this run has dbt 1.11.16', 'same dbt'],
    'other-adapter': ['X, this run has postgres', 'same dbt and adapter'],
    'other-project': ['of another project (X)', 'state-environment'],
    stale: ['older than max-state-age allows (X)', 'max-state-age'],
    corrupt: ['its files are not what was stored (X)', 'leaves a new state'],
    gone: ['the store has forgotten its files (X)', 'leaves a new state'],
    unavailable: ['the store did not answer for its files (X)', 'state-store'],
  };
  test.each(Object.entries(PASSED))('a state passed over: %s', (because, [why, way]) => {
    const passedOver = [{ commit: STATE_COMMIT, because: because as PassedOver['because'], detail: 'X' }];
    const missing = told({ comparison: missingState({ because: 'none-fits', passedOver }) });
    expect(missing.passedOver.map(plainWords)).toEqual([`state of 1a2b3c4: ${why}`]);
    expect(missing.todo).toHaveLength(1);
    expect(missing.todo[0]).toContain(way);
    expect(told({ comparison: foundState({ passedOver }) }).passedOver.map(plainWords)).toEqual([
      `state of 1a2b3c4: ${why}`,
    ]);
  });
});

describe('what became of its own state', () => {
  test.each([
    [
      { kind: 'published', commit: STATE_COMMIT, isNewest: true },
      'This run’s state was published for production at 1a2b3c4.',
    ],
    [
      { kind: 'published', commit: STATE_COMMIT, isNewest: false },
      'the state of a later commit is kept already',
    ],
    [{ kind: 'published', commit: STATE_COMMIT, isNewest: true, isDirty: true }, 'differed from the commit'],
    [
      { kind: 'not-published', because: 'unavailable', why: 'no answer' },
      'the store did not take it. No answer.',
    ],
    [{ kind: 'not-published', because: 'read-only' }, 'may only read the store'],
    [{ kind: 'not-published', because: 'no-manifest' }, 'no manifest of this run'],
    [{ kind: 'not-published', because: 'no-commit' }, 'no commit'],
  ] as const)('%j is said', (published, words) => {
    expect(plainWords(told({ published }).published ?? [])).toContain(words);
  });

  test('why a run failed is a code', () => {
    const published = { kind: 'not-published', because: 'failed', why: 'nodes-failed' } as const;
    expect(explain(report({ managedState: managedState({ published }) })).smallPrint.join(' ')).toContain(
      'not published for production: the run is no success (nodes-failed).',
    );
  });

  test.each(['failed', 'partial', 'not-default-branch', 'command'] as const)(
    '%s is small print',
    (because) => {
      const given = report({ managedState: managedState({ published: { kind: 'not-published', because } }) });
      expect(explain(given).managedState).not.toHaveProperty('published');
      expect(explain(given).smallPrint.join(' ')).toContain(
        'This run’s state was not published for production: ',
      );
    },
  );
});

describe('nothing ran', () => {
  const empty = (managed: Partial<ManagedStateReport>) =>
    explain(report({ selectedCount: 0, managedState: managedState({ slim: slimReport(), ...managed }) }));

  test('since nothing changed', () => {
    const { headline, advice, managedState: notice } = empty({});
    expect(headline.title).toBe('dbt build: nothing changed, nothing to do');
    expect(headline.sentence).toMatch(
      /^Nothing changed since the state of production at 1a2b3c4, so nothing was built\./,
    );
    expect(advice).toEqual([]);
    expect(notice?.nothingChanged).toBe(true);
  });

  const { selection: _, ...unread } = slimReport();
  test.each([
    ['what changed is not known', { slim: unread }],
    [
      'something changed that is not in its selection',
      { slim: slimReport({ selection: reasons({ changes: [change('orders')] }) }) },
    ],
    [
      'dbt overlooks something',
      {
        slim: slimReport({
          selection: reasons({ oversights: [{ kind: 'built-in-macro', macro: 'macro.a.b' }] }),
        }),
      },
    ],
    ['there was no state', { comparison: missingState() }],
  ])('but not where %s', (_why, managed) => {
    const { headline, managedState: notice } = empty(managed);
    expect(`${headline.title} ${headline.sentence}`).not.toMatch(/nothing changed/i);
    expect(notice).not.toHaveProperty('nothingChanged');
  });
});
