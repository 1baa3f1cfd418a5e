/** Why the cache service did not do what it was asked for. An outage is never taken for someone else's doing. */
export type CacheTrouble =
  /** The run may not do this, and asking again changes nothing. Nothing was done. */
  | { readonly kind: 'read-only'; readonly why: string }
  /** Too many requests of the whole repository. Nothing was done. */
  | { readonly kind: 'rate-limited'; readonly why: string; readonly retryAfterMs: number }
  /** The reply was lost, late, or an error of the service: it may have been done, or may still be. */
  | { readonly kind: 'ambiguous'; readonly why: string }
  /** The service cannot be asked, or refuses for a reason of its own. Nothing was done. */
  | { readonly kind: 'unavailable'; readonly why: string };

/** What became of writing an entry, which is made once and never changes. */
export type PutOutcome =
  /** It stands, and is ours. `writtenAtMs`: by the service's clock; NaN where it did not say. */
  | { readonly kind: 'won'; readonly writtenAtMs: number }
  /**
   * The key is taken, for good: by an entry, by one that is being uploaded, or by one that was given up. That may be an
   * earlier try of ours whose reply was lost, which nobody will finish.
   */
  | { readonly kind: 'exists' }
  /** The key was taken by us and will never hold an entry. The next one may be tried. */
  | { readonly kind: 'burned'; readonly why: string }
  /** `ambiguous`: it may stand. All others: it does not. */
  | CacheTrouble;

export type FindOutcome =
  /** `key` is the one that was found; `dateMs`: when, by the service's clock, NaN where it did not say. */
  | { readonly kind: 'found'; readonly key: string; readonly url: string; readonly dateMs: number }
  /** None that this lookup shows: it may be some time behind. */
  | { readonly kind: 'absent'; readonly dateMs: number }
  | CacheTrouble;

/** A failed request in words. What a signed address or a token may have in it is no part of them. */
export function inWords(trouble: CacheTrouble): string {
  if (trouble.kind !== 'rate-limited') return trouble.why;
  return `${trouble.why}; it can be asked again in ${Math.ceil(trouble.retryAfterMs / 1000)} s`;
}
