import { describe, expect, test } from 'vitest';
import { type RankOptions, rankStates } from '../../../sdk/state-archive/choose-state.ts';
import type { CommitHistory, Relation } from '../../../sdk/state-archive/commit-history.ts';
import type { KeptState } from '../../../sdk/state-archive/kept-state.ts';
import { keptAt, LINE, minute, sha } from './kept.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse(minute(1000));

const away = (commitsAway: number): Relation => ({ kind: 'ancestor', commitsAway });
const OTHER: Relation = { kind: 'other' };
const UNKNOWN: Relation = { kind: 'unknown', why: 'the commit is not in this clone' };

interface Told {
  /** By minute. */
  readonly relations?: Readonly<Record<number, Relation>>;
  readonly mergeBase?: number;
  readonly doubt?: string;
}

function historyOf({ relations = {}, mergeBase, doubt }: Told, asked: string[][] = []): CommitHistory {
  const known = new Map(Object.entries(relations).map(([at, relation]) => [sha(at), relation]));
  return {
    head: sha('head'),
    committedAt: minute(999),
    isDirty: false,
    ...(mergeBase === undefined ? {} : { mergeBase: sha(mergeBase) }),
    ...(doubt === undefined ? {} : { doubt }),
    relate: async (commits) => {
      asked.push([...commits]);
      return new Map(
        commits.flatMap((commit) => {
          const relation = known.get(commit);
          return relation === undefined ? [] : [[commit, relation] as const];
        }),
      );
    },
  };
}

async function rank(states: readonly KeptState[], told: Told, more: Partial<RankOptions> = {}) {
  const { candidates, passedOver } = await rankStates(
    { schemaVersion: 1, states },
    { line: LINE, history: historyOf(told), nowMs: NOW, signal: new AbortController().signal, ...more },
  );
  return {
    candidates: candidates.map(({ state, ...rest }) => ({ commit: state.commit, ...rest })),
    passedOver,
  };
}

describe('the order of candidates', () => {
  const states = [keptAt(9), keptAt(8), keptAt(7), keptAt(6), keptAt(5)];

  test('the merge base, then ancestors from the nearest on, then the newest', async () => {
    const relations = { 9: OTHER, 8: away(7), 7: away(2), 6: away(4), 5: OTHER };
    expect((await rank(states, { relations, mergeBase: 6 })).candidates).toEqual([
      { commit: sha(6), basis: 'merge-base', commitsAway: 4 },
      { commit: sha(7), basis: 'ancestor', commitsAway: 2 },
      { commit: sha(8), basis: 'ancestor', commitsAway: 7 },
      { commit: sha(9), basis: 'newest' },
      { commit: sha(5), basis: 'newest' },
    ]);
  });

  test('ancestors that are equally near stand as in the list', async () => {
    const relations = { 9: OTHER, 8: away(2), 7: away(1), 6: away(2), 5: away(1) };
    const { candidates } = await rank(states, { relations });
    expect(candidates.map(({ commit }) => commit)).toEqual([7, 5, 8, 6, 9].map(sha));
  });

  test('the commit itself is an ancestor at no distance', async () => {
    const relations = { 9: away(0), 8: away(1) };
    expect((await rank([keptAt(9), keptAt(8)], { relations })).candidates[0]).toEqual({
      commit: sha(9),
      basis: 'ancestor',
      commitsAway: 0,
    });
  });

  test('a merge base of which nothing else is known is the merge base', async () => {
    const { candidates } = await rank([keptAt(9), keptAt(8)], { mergeBase: 8 });
    expect(candidates[0]).toEqual({ commit: sha(8), basis: 'merge-base' });
  });

  test('a commit that nobody can place is one of the newest at most, and it is said', async () => {
    const relations = { 9: UNKNOWN, 8: OTHER, 7: away(3) };
    const told = { relations, doubt: 'The clone is shallow.' };
    expect((await rank([keptAt(9), keptAt(8), keptAt(7)], told)).candidates).toEqual([
      { commit: sha(7), basis: 'ancestor', commitsAway: 3 },
      { commit: sha(9), basis: 'newest', doubt: 'The clone is shallow.' },
      { commit: sha(8), basis: 'newest', doubt: 'The clone is shallow.' },
    ]);
    expect((await rank([keptAt(9)], { relations: { 9: UNKNOWN } })).candidates[0]?.doubt).toBe(
      'the commit is not in this clone',
    );
    expect((await rank([keptAt(9)], {})).candidates[0]).toMatchObject({
      basis: 'newest',
      doubt: expect.any(String),
    });
  });

  test('there is no doubt where every commit was placed', async () => {
    const { candidates } = await rank([keptAt(9)], {
      relations: { 9: OTHER },
      doubt: 'The clone is shallow.',
    });
    expect(candidates).toEqual([{ commit: sha(9), basis: 'newest' }]);
  });

  test('the history is asked once, for what fits, the newest first', async () => {
    const asked: string[][] = [];
    const old = keptAt(8, { dbtVersion: '1.11.1' });
    const { adapterType: _, ...twice } = keptAt(7, { dbtVersion: '1.12.0' });
    await rank([keptAt(9), old, keptAt(7), twice, keptAt(6)], {}, { history: historyOf({}, asked) });
    expect(asked).toEqual([[sha(9), sha(7), sha(6)]]);
    await rank([old], {}, { history: historyOf({}, asked) });
    expect(asked).toHaveLength(1);
  });
});

describe('what does not fit', () => {
  test.each([
    [{ dbtVersion: '1.12.1' }, undefined],
    [{ dbtVersion: '1.12.0rc1' }, undefined],
    [{ dbtVersion: '1.11.16' }, { because: 'other-version', detail: 'dbt 1.11.16' }],
    [{ dbtVersion: '1.120.0' }, { because: 'other-version', detail: 'dbt 1.120.0' }],
    [{ dbtVersion: '1.1.6' }, { because: 'other-version', detail: 'dbt 1.1.6' }],
    [
      { engine: 'fusion', dbtVersion: '1.12.6' },
      { because: 'other-engine', detail: 'dbt 1.12.6' },
    ],
    [{ adapterType: 'duckdb' }, { because: 'other-adapter', detail: 'dbt 1.12.6 with duckdb' }],
  ] as const)('dbt 1.12.6 with postgres and a state of %j', async (line, why) => {
    const { candidates, passedOver } = await rank([keptAt(1, line)], {});
    expect(candidates).toHaveLength(why === undefined ? 1 : 0);
    expect(passedOver).toEqual(why === undefined ? [] : [{ commit: sha(1), ...why }]);
  });

  test.each([
    ['2.0.0-preview.196', true],
    ['2.0.0-preview.197', false],
    ['2.0.0', false],
  ])('dbt 2.0.0-preview.196 and a state of %s', async (dbtVersion, fits) => {
    const line = { engine: 'fusion', dbtVersion: '2.0.0-preview.196' } as const;
    const { candidates } = await rank([keptAt(1, { engine: 'fusion', dbtVersion })], {}, { line });
    expect(candidates).toHaveLength(fits ? 1 : 0);
  });

  test('patches of a final dbt v2 fit', async () => {
    const line = { engine: 'fusion', dbtVersion: '2.1.4' } as const;
    const states = [
      keptAt(2, { engine: 'fusion', dbtVersion: '2.1.0' }),
      keptAt(1, { engine: 'fusion', dbtVersion: '2.0.9' }),
    ];
    const { candidates } = await rank(states, {}, { line });
    expect(candidates.map(({ commit }) => commit)).toEqual([sha(2)]);
  });

  test('an adapter that is not known fits any', async () => {
    const { adapterType: _, ...line } = LINE;
    expect((await rank([keptAt(1)], {}, { line })).candidates).toHaveLength(1);
  });

  test('a state is too old from when it was published, not committed', async () => {
    const at = (ageMs: number) => new Date(NOW - ageMs).toISOString();
    const states = [2 * DAY, 3 * DAY, 3 * DAY + 1, 12.9 * DAY].map((ageMs, n) =>
      keptAt(9 - n, { publishedAt: at(ageMs) }),
    );
    const { candidates } = await rank(states, {}, { maxAgeMs: 3 * DAY });
    expect(candidates.map(({ commit }) => commit)).toEqual([sha(9), sha(8)]);
    const details = async (ageMs: number) =>
      (await rank([keptAt(1, { publishedAt: at(ageMs) })], {}, { maxAgeMs: 1 })).passedOver[0];
    expect(await details(12.9 * DAY)).toEqual({ commit: sha(1), because: 'stale', detail: '12 days old' });
    expect(await details(30_000)).toMatchObject({ detail: 'less than a minute old' });
    expect((await details(47 * HOUR))?.detail).toBe('47 hours old');
    expect((await details(HOUR))?.detail).toBe('1 hour old');
    expect((await details(90_000))?.detail).toBe('1 minute old');
  });
});

describe('what was passed over', () => {
  const old = (at: number) => keptAt(at, { dbtVersion: '1.11.1' });

  test('before the newest: those that are newer', async () => {
    const relations = { 7: OTHER };
    const { passedOver } = await rank([old(9), old(8), keptAt(7), old(6)], { relations });
    expect(passedOver.map(({ commit }) => commit)).toEqual([sha(9), sha(8)]);
  });

  test('before an ancestor: that of the merge base alone, since nobody knows where the others stand', async () => {
    const told = { relations: { 7: away(3) }, mergeBase: 8 };
    const { passedOver } = await rank([old(9), old(8), keptAt(7), old(6)], told);
    expect(passedOver).toEqual([{ commit: sha(8), because: 'other-version', detail: 'dbt 1.11.1' }]);
  });

  test('before the merge base: none', async () => {
    expect((await rank([old(9), old(8), keptAt(8)], { mergeBase: 8 })).passedOver).toEqual([]);
  });

  test('where nothing fits: all of them, at most ten, that of the merge base first', async () => {
    const states = Array.from({ length: 15 }, (_, at) => old(50 - at));
    const { candidates, passedOver } = await rank(states, { mergeBase: 40 });
    expect(candidates).toEqual([]);
    expect(passedOver.map(({ commit }) => commit)).toEqual([40, 50, 49, 48, 47, 46, 45, 44, 43, 42].map(sha));
  });
});
