import { DbtRunCacheError } from '../errors.ts';
import { nearest } from '../util/nearest.ts';

/** What each address begins with. */
const SCHEMES = ['file', 'redis', 'rediss', 's3', 'gs', 'actions-cache', 'git-ref', 'memory'];
const FORMS = [
  'file:<folder>',
  'redis:<name of the variable that holds the URL>',
  'redis://<host>:<port>/<db>',
  's3://<bucket>/<prefix>?region=<region>&endpoint=<url>&force-path-style=true',
  'gs://<bucket>/<prefix>?endpoint=<url>',
  'actions-cache:',
  'git-ref:',
  'git-ref:<owner>/<name>',
  'memory:',
];

const GIVE_ONE = `Give one of ${FORMS.join(', ')}.`;

/**
 * For an address that is none. Its text is not repeated: it may hold a password.
 * @param hint Default: the forms there are.
 */
export function badAddress(message: string, hint = GIVE_ONE): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}

/** For an address that begins with no word that is known. */
export function unknownForm(address: string): DbtRunCacheError {
  const meant = nearest(address.split(':', 1)[0] ?? '', SCHEMES);
  const suggestion = meant === undefined ? '' : `Did you mean ${meant}:? `;
  return badAddress(
    'The address of the ledger (dedup-store) is of no form that is known',
    suggestion + GIVE_ONE,
  );
}
