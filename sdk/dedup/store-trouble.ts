import { DbtRunCacheError } from '../errors.ts';

const CHECK = 'Check that the store can be reached, and its credentials.';

/** A store that did not say what was asked for. */
export function unanswered(kind: string, why: string, hint: string = CHECK): DbtRunCacheError {
  return new DbtRunCacheError(`The ${kind} store did not answer: ${why}`, {
    code: 'dedup-unavailable',
    hint,
  });
}

/** A store that cannot be had here, as far as that is clear without asking. */
export function notUsable(kind: string, why: string): DbtRunCacheError {
  return new DbtRunCacheError(`The ${kind} ledger cannot be used here: ${why}`, {
    code: 'dedup-unavailable',
    hint: 'Or let such runs run without a ledger (on-unavailable: run).',
  });
}

/** A store that did not let itself be looked through. */
export function unlisted(kind: string, why: string, hint: string = CHECK): DbtRunCacheError {
  return new DbtRunCacheError(`The ${kind} store could not be listed: ${why}`, {
    code: 'dedup-unavailable',
    hint,
  });
}
