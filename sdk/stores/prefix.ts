import { DbtRunCacheError } from '../errors.ts';

const DEFAULT_PREFIX = 'dbt-runcache';

/** The folder of the ledger within a bucket, without slashes at its ends. */
export function prefixOf(given: string = DEFAULT_PREFIX): string {
  const prefix = given.replaceAll(/^\/+|\/+$/g, '');
  const isFine = prefix.split('/').every((word) => /^[\w.-]+$/.test(word) && !/^\.+$/.test(word));
  if (isFine && prefix.length <= 200) return prefix;
  throw new DbtRunCacheError(`${JSON.stringify(given.slice(0, 200))} is no prefix for a ledger`, {
    code: 'invalid-options',
    hint: 'Use words of letters, digits, dots, dashes and underscores, with slashes between them.',
  });
}
