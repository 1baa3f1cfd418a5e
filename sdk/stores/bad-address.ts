import { DbtRunCacheError } from '../errors.ts';

const FORMS = [
  'file:<folder>',
  'redis:<name of the variable that holds the URL>',
  'redis://<host>:<port>/<db>',
  's3://<bucket>/<prefix>?region=<region>&endpoint=<url>&force-path-style=true',
  'gs://<bucket>/<prefix>?endpoint=<url>',
  'actions-cache:',
  'git-ref:<owner>/<name>',
  'memory:',
];

/**
 * For an address that is none. Its text is not repeated: it may hold a password.
 * @param hint Default: the forms there are.
 */
export function badAddress(message: string, hint = `Give one of ${FORMS.join(', ')}.`): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}
