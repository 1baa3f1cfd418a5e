/** How a commit stands to the checkout. */
export type Relation =
  /** It is the checkout's commit or an ancestor of it; `commitsAway`: how many commits the checkout has that it has not. */
  | { readonly kind: 'ancestor'; readonly commitsAway: number }
  /** It is none. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unknown'; readonly why: string };

/** The commits that a run is about. */
export interface CommitHistory {
  /** Full SHA of the checkout. */
  readonly head: string;
  /** ISO 8601, UTC: git's committer date of `head`. */
  readonly committedAt: string;
  /**
   * Where the checkout left the branch it will go into: full SHA. `head` itself for a run that is not a pull request's.
   * Undefined where it is not known.
   */
  readonly mergeBase?: string;
  /** Why the merge base is not known, or why ancestors may not be told, e.g. a shallow clone; a sentence with a way out. */
  readonly doubt?: string;
  /** Whether files that dbt reads differ from `head`. */
  readonly isDirty: boolean;
  /** Looks the commits up, the most likely first: git, then GitHub. Every commit gets an answer. Never throws. */
  relate(commits: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Relation>>;
}
