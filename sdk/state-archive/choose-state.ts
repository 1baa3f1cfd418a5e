import type { PassedOver } from '../managed-state/state-report.ts';
import { optional } from '../util/optional.ts';
import type { CommitHistory, Relation } from './commit-history.ts';
import { misfitOf } from './engine-line.ts';
import type { EngineLine, KeptState, StateIndex } from './kept-state.ts';

const MAX_PASSED_OVER = 10;

export interface Candidate {
  readonly state: KeptState;
  /** As of `FoundState.basis`. */
  readonly basis: 'merge-base' | 'ancestor' | 'newest';
  /** Absent where it is not known. */
  readonly commitsAway?: number;
  /** Why it is not known whether there is a nearer one: a sentence with a way out. */
  readonly doubt?: string;
}

export interface RankedStates {
  /** The best first; the others for when its files are gone or broken. */
  readonly candidates: readonly Candidate[];
  /** At most 10 that would have come before the first candidate; without a candidate, of all. */
  readonly passedOver: readonly PassedOver[];
}

export interface RankOptions {
  /** What the run compares with. */
  readonly line: EngineLine;
  readonly history: CommitHistory;
  /** Milliseconds since it was published; an older state does not fit. Default: any age. */
  readonly maxAgeMs?: number;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Ranks the states that a run may be compared with: that of its merge base, then those of ancestors, the nearest first, then
 * the others from the newest on.
 */
export async function rankStates(index: StateIndex, options: RankOptions): Promise<RankedStates> {
  const { history, signal } = options;
  const fitting: KeptState[] = [];
  const misfits = new Map<KeptState, PassedOver>();
  for (const state of index.states) {
    const misfit = unfit(state, options);
    if (misfit === undefined) fitting.push(state);
    else misfits.set(state, misfit);
  }
  const relations =
    fitting.length === 0
      ? new Map<string, Relation>()
      : await history.relate([...new Set(fitting.map(({ commit }) => commit))], signal);
  const candidates = inOrder(fitting, history, relations);
  return { candidates, passedOver: passedOverFor(candidates[0], index, history.mergeBase, misfits) };
}

function unfit(state: KeptState, { line, maxAgeMs, nowMs }: RankOptions): PassedOver | undefined {
  const misfit = misfitOf(state, line);
  if (misfit !== undefined) return { commit: state.commit, ...misfit };
  const ageMs = nowMs - Date.parse(state.publishedAt);
  if (maxAgeMs === undefined || ageMs <= maxAgeMs) return undefined;
  return { commit: state.commit, because: 'stale', detail: `${ageInWords(ageMs)} old` };
}

function inOrder(
  fitting: readonly KeptState[],
  history: CommitHistory,
  relations: ReadonlyMap<string, Relation>,
): readonly Candidate[] {
  const relationOf = ({ commit }: KeptState): Relation =>
    relations.get(commit) ?? { kind: 'unknown', why: 'nothing is known of the commit' };
  const unknown = fitting.map(relationOf).find(({ kind }) => kind === 'unknown');
  const doubt = unknown?.kind === 'unknown' ? (history.doubt ?? unknown.why) : undefined;

  const candidates = fitting.map((state): Candidate => {
    const relation = relationOf(state);
    const away = relation.kind === 'ancestor' ? relation.commitsAway : undefined;
    if (state.commit === history.mergeBase)
      return { state, basis: 'merge-base', ...optional('commitsAway', away) };
    if (away !== undefined) return { state, basis: 'ancestor', commitsAway: away };
    // Any commit that nothing is known of may be a nearer ancestor.
    return { state, basis: 'newest', ...optional('doubt', doubt) };
  });
  // Sorting keeps the order of the list among equals: the newest first.
  return candidates.toSorted((a, b) => RANK[a.basis] - RANK[b.basis] || distance(a) - distance(b));
}

const RANK: Readonly<Record<Candidate['basis'], number>> = { 'merge-base': 0, ancestor: 1, newest: 2 };

function distance({ basis, commitsAway = 0 }: Candidate): number {
  return basis === 'ancestor' ? commitsAway : 0;
}

/**
 * Those that certainly would have come first. Nobody was asked where their commits stand, so before an ancestor that is the
 * one of the merge base alone.
 */
function passedOverFor(
  first: Candidate | undefined,
  index: StateIndex,
  mergeBase: string | undefined,
  misfits: ReadonlyMap<KeptState, PassedOver>,
): readonly PassedOver[] {
  if (first?.basis === 'merge-base') return [];
  const before = first?.basis === 'newest' ? index.states.indexOf(first.state) : index.states.length;
  const rest = index.states.slice(0, before).filter(() => first?.basis !== 'ancestor');
  const nearest = index.states.filter(({ commit }) => commit === mergeBase);
  const found = [...new Set([...nearest, ...rest])].flatMap((state) => misfits.get(state) ?? []);
  return found.slice(0, MAX_PASSED_OVER);
}

const HOUR = 3_600_000;

function ageInWords(ageMs: number): string {
  if (ageMs < 60_000) return 'less than a minute';
  const [count, unit] =
    ageMs >= 48 * HOUR
      ? [ageMs / (24 * HOUR), 'day']
      : ageMs >= HOUR
        ? [ageMs / HOUR, 'hour']
        : [ageMs / 60_000, 'minute'];
  const whole = Math.floor(count);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}
