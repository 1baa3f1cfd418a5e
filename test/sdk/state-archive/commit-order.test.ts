import { describe, expect, test } from 'vitest';
import { addToIndex } from '../../../sdk/state-archive/add-to-index.ts';
import { newestFirst } from '../../../sdk/state-archive/commit-order.ts';
import type { KeptCommit, StateIndex } from '../../../sdk/state-archive/kept-state.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { keptAt, lastRunAt, minute, sha } from './kept.ts';

const commit = (name: string, at: number, after: readonly string[] = []): KeptCommit => ({
  commit: name,
  committedAt: minute(at),
  after,
});

describe('which commit is newer', () => {
  test('the later one, by date', () => {
    expect(newestFirst([commit('a', 1), commit('c', 3), commit('b', 2)])).toEqual(['c', 'b', 'a']);
  });

  test('dates are compared as times, not as texts', () => {
    const early = { ...commit('a', 0), committedAt: '2026-01-01T00:00:00Z' };
    const late = { ...commit('b', 0), committedAt: '2026-01-01T00:00:00.500Z' };
    expect(newestFirst([early, late])).toEqual(['b', 'a']);
  });

  test('a commit that names the other as its ancestor, whatever the dates', () => {
    expect(newestFirst([commit('a', 9), commit('b', 1, ['a'])])).toEqual(['b', 'a']);
  });

  test('also through one between them', () => {
    const between = commit('b', 2, ['a']);
    expect(newestFirst([commit('a', 9), between, commit('c', 1, ['b'])])).toEqual(['c', 'b', 'a']);
  });

  test('what two entries of one commit know is put together', () => {
    const entries = [commit('a', 9), commit('b', 8), commit('c', 1, ['a']), commit('c', 1, ['b', 'c'])];
    expect(newestFirst(entries)).toEqual(['c', 'a', 'b']);
  });

  test('entries that contradict each other are ordered by date', () => {
    expect(newestFirst([commit('a', 1, ['b']), commit('b', 2, ['a'])])).toEqual(['b', 'a']);
  });
});

/** Commits of a random history: each some minutes after its parents, or, where clocks are wrong, before. */
function history(
  random: Random,
  clocks: 'right' | 'wrong',
  count = random.int(1, 14),
): readonly KeptCommit[] {
  const commits: KeptCommit[] = [];
  for (let at = 0; at < count; at += 1) {
    const parents = commits.filter(() => random.int(0, 2) === 0).slice(-2);
    const after = [...new Set(parents.flatMap((parent) => [parent.commit, ...parent.after]))];
    const shift = clocks === 'wrong' ? random.int(-8, 8) : 0;
    commits.push(commit(sha(`${at} ${random.int(0, 99)}`), at + shift, after));
  }
  return commits;
}

function inRandomOrder<T>(random: Random, items: readonly T[]): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random.next() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

const EMPTY: StateIndex = { schemaVersion: 1, states: [] };

describe('random histories, published in random order', () => {
  test.each(['right', 'wrong'] as const)('with clocks that are %s the list is the same', (clocks) => {
    const random = seededRandom(`states, clocks ${clocks}`);
    for (let round = 0; round < 400; round += 1) {
      const states = history(random, clocks).flatMap((each, at) => {
        const first = keptAt(at, each);
        // Some commits were built by two versions of dbt.
        return random.int(0, 3) === 0 ? [first, keptAt(at, { ...each, dbtVersion: '1.11.2' })] : [first];
      });
      const lists = [states, inRandomOrder(random, states), inRandomOrder(random, states)].map((order) =>
        order.reduce((index, state) => addToIndex(index, { state }), EMPTY),
      );
      expect(lists[1]).toEqual(lists[0]);
      expect(lists[2]).toEqual(lists[0]);
      const commits = lists[0]?.states.map((state) => state.commit) ?? [];
      for (const { commit: newer, after } of states) {
        for (const older of after) expect(commits.lastIndexOf(newer)).toBeLessThan(commits.indexOf(older));
      }
    }
  });

  test('each publisher names only what was kept before it: the same list where clocks are right', () => {
    const random = seededRandom('states, each with what it found');
    for (let round = 0; round < 200; round += 1) {
      const commits = history(random, 'right');
      const published = (order: readonly KeptCommit[]): readonly string[] =>
        order
          .reduce((index, each) => {
            const kept = index.states.map((state) => state.commit);
            const after = each.after.filter((older) => kept.includes(older));
            return addToIndex(index, { state: keptAt(0, { ...each, after }) });
          }, EMPTY)
          .states.map((state) => state.commit);
      expect(published(inRandomOrder(random, commits))).toEqual(published(commits));
    }
  });

  test('the last run that is kept is that of the newest commit, and of its runs the latest', () => {
    const random = seededRandom('last runs');
    for (let round = 0; round < 400; round += 1) {
      const runs = history(random, 'right').flatMap((each) =>
        Array.from({ length: random.int(1, 3) }, (_, n) =>
          lastRunAt(0, {
            ...each,
            startedAt: minute(round + n),
            outcome: random.pick(['failed', 'succeeded']),
          }),
        ),
      );
      const [one, other] = [runs, inRandomOrder(random, runs)].map((order) =>
        order.reduce((index, lastRun) => addToIndex(index, { lastRun }), EMPTY),
      );
      expect(other).toEqual(one);
      expect(one?.lastRun).toEqual(runs.at(-1));
    }
  });
});

test('a run of an ancestor does not take the place of a later one, though its date is later', () => {
  const newer = lastRunAt(1, { commit: 'b', after: ['a'] });
  const older = lastRunAt(9, { commit: 'a' });
  expect(addToIndex({ ...EMPTY, lastRun: newer }, { lastRun: older }).lastRun).toEqual(newer);
  expect(addToIndex({ ...EMPTY, lastRun: older }, { lastRun: newer }).lastRun).toEqual(newer);
});

test('of the ancestors the nearest 20 are kept', () => {
  const after = Array.from({ length: 30 }, (_, at) => sha(at));
  const index = addToIndex(EMPTY, { state: keptAt(99, { after }), lastRun: lastRunAt(99, { after }) });
  expect(index.states[0]?.after).toEqual(after.slice(0, 20));
  expect(index.lastRun?.after).toEqual(after.slice(0, 20));
});
