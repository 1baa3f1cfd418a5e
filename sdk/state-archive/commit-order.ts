import type { KeptCommit } from './kept-state.ts';

/**
 * The commits, newest first, each once: again and again the latest of those that no other one left is known to come after.
 * The order in which they were kept does not matter. A date alone can be wrong: a commit that names another as its ancestor
 * stands before it, whatever their dates.
 */
export function newestFirst(kept: readonly KeptCommit[]): readonly string[] {
  const commits = merged(kept);
  const order: string[] = [];
  while (commits.length > 0) {
    const older = new Set(commits.flatMap(({ commit, after }) => after.filter((each) => each !== commit)));
    const heads = commits.filter(({ commit }) => !older.has(commit));
    // None is left only where the entries contradict each other: then the dates decide.
    const next = (heads.length > 0 ? heads : commits).reduce((a, b) => (isLater(b, a) ? b : a));
    order.push(next.commit);
    commits.splice(commits.indexOf(next), 1);
  }
  return order;
}

/** Two engines may have kept a commit, each with the ancestors it knew. */
function merged(kept: readonly KeptCommit[]): KeptCommit[] {
  const commits = new Map<string, KeptCommit>();
  for (const one of kept) {
    const { commit } = one;
    const known = commits.get(commit) ?? one;
    const committedAt = isLater(one, known) ? one.committedAt : known.committedAt;
    commits.set(commit, { commit, committedAt, after: [...known.after, ...one.after] });
  }
  return [...commits.values()];
}

/** By date; of two of the same second any, but always the same one. */
function isLater(a: KeptCommit, b: KeptCommit): boolean {
  const differenceMs = Date.parse(a.committedAt) - Date.parse(b.committedAt);
  return differenceMs === 0 ? a.commit > b.commit : differenceMs > 0;
}
