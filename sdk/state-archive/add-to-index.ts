import { optional } from '../util/optional.ts';
import { newestFirst } from './commit-order.ts';
import { isSameLine, lineName } from './engine-line.ts';
import type { KeptCommit, KeptState, LastRun, StateIndex } from './kept-state.ts';

/** Ancestors that one entry names: through those they name it comes after more. */
const MAX_ANCESTORS = 20;

/** What a run leaves. */
export interface Addition {
  readonly state?: KeptState;
  readonly lastRun?: LastRun;
}

/** The list with what a run has left: ordered by commit, whichever run was the first to leave its part. */
export function addToIndex(index: StateIndex, { state, lastRun }: Addition): StateIndex {
  const others = index.states.filter(
    (kept) => state === undefined || kept.commit !== state.commit || !isSameLine(kept, state),
  );
  const states = state === undefined ? others : [...others, bounded(state)];
  const last = lastRun === undefined ? index.lastRun : laterRun(states, bounded(lastRun), index.lastRun);
  const runs = last === undefined ? [] : [last];
  const order = ranks([...states, ...runs]);
  const sorted = states.toSorted((a, b) => order(a) - order(b) || (lineName(a) < lineName(b) ? -1 : 1));
  return { ...index, states: sorted, ...optional('lastRun', last) };
}

/** That of the newer commit. The states tell more of the order than two runs alone. */
function laterRun(states: readonly KeptState[], run: LastRun, kept: LastRun | undefined): LastRun {
  if (kept === undefined) return run;
  if (kept.commit === run.commit) {
    return Date.parse(kept.startedAt) > Date.parse(run.startedAt) ? kept : run;
  }
  const order = ranks([...states, kept, run]);
  return order(kept) < order(run) ? kept : run;
}

function ranks(commits: readonly KeptCommit[]): (one: KeptCommit) => number {
  const rankOf = new Map(newestFirst(commits).map((commit, rank) => [commit, rank]));
  return ({ commit }) => rankOf.get(commit) ?? commits.length;
}

function bounded<T extends KeptCommit>(one: T): T {
  return { ...one, after: one.after.slice(0, MAX_ANCESTORS) };
}
