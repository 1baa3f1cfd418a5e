import { optional } from '../util/optional.ts';
import { newestFirst } from './commit-order.ts';
import { isSameLine, lineName } from './engine-line.ts';
import type { BegunRun, KeptCommit, KeptState, LastRun, StateIndex } from './kept-state.ts';

/** Ancestors that one entry names: through those they name it comes after more. */
const MAX_ANCESTORS = 20;

/** What a run leaves. */
export interface Addition {
  readonly state?: KeptState;
  readonly lastRun?: LastRun;
  /** It begins now. */
  readonly begun?: BegunRun;
  /** Tokens of runs whose end is known now: what they built is in what is left here. */
  readonly ended?: readonly string[];
}

/** More than that are never at work at once; the oldest go. */
const MAX_BEGUN = 20;

/** The list with what a run has left: ordered by commit, whichever run was the first to leave its part. */
export function addToIndex(index: StateIndex, { state, lastRun, begun, ended = [] }: Addition): StateIndex {
  const others = index.states.filter(
    (kept) => state === undefined || kept.commit !== state.commit || !isSameLine(kept, state),
  );
  const states = state === undefined ? others : [...others, bounded(state)];
  const last = lastRun === undefined ? index.lastRun : laterRun(states, bounded(lastRun), index.lastRun);
  const runs = last === undefined ? [] : [last];
  const order = ranks([...states, ...runs]);
  const sorted = states.toSorted((a, b) => order(a) - order(b) || (lineName(a) < lineName(b) ? -1 : 1));
  // How a failed run of an older commit ended is not kept, so that what it built stays unknown.
  const isTold = state !== undefined || lastRun === undefined || last?.startedAt === lastRun.startedAt;
  const open = (index.begun ?? []).filter(({ token }) => !(isTold && ended.includes(token)));
  const all = begun === undefined ? open : [...open.filter(({ token }) => token !== begun.token), begun];
  return { ...index, states: sorted, ...optional('lastRun', last), ...begunPart(index, all) };
}

function begunPart({ begun }: StateIndex, all: readonly BegunRun[]): Pick<StateIndex, 'begun'> {
  return begun === undefined && all.length === 0 ? {} : { begun: all.slice(-MAX_BEGUN) };
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
