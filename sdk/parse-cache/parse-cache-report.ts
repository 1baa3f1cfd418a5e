/** What became of the file with what dbt had parsed before. Plain data, redacted. */
export interface ParseCacheReport {
  /**
   * `restored`: it was put into the target folder. `there-already`: the target folder has one, which is not touched.
   * `absent`: none is kept for these settings. `corrupt`: what is kept is not what was stored. `unavailable`: the store gave
   * no answer, or the target folder could not be written to. `not-applicable`: this run has no use for it.
   */
  readonly kind: 'restored' | 'absent' | 'not-applicable' | 'unavailable' | 'corrupt' | 'there-already';
  /** More about it, fit to show. */
  readonly detail?: string;
  /** Size of the restored file. */
  readonly bytes?: number;
  /** Whether dbt took the file it found; absent where it did not say, or found none. */
  readonly dbtAnswer?: 'used' | 'full-parse';
  /** Why dbt parsed everything, in its words. */
  readonly why?: string;
  /**
   * What dbt left for later runs. `saved`: it is kept. `unchanged`: it is what is kept already. `dropped`: dbt could not use
   * what was kept and left nothing in its place. Absent where nothing was to be kept.
   */
  readonly saved?: 'saved' | 'unchanged' | 'dropped' | 'not-saved';
  /** Why it was not saved, fit to show. */
  readonly notSavedBecause?: string;
  /** Size of the file that was saved. */
  readonly savedBytes?: number;
}
