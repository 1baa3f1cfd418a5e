import { DbtRunCacheError } from '../errors.ts';
import { MAX_VALUE_BYTES } from './store.ts';

const NAME = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;
const MAX_NAME = 200;

/** A name every store can hold, whatever it makes of it: a path, a key, a ref. No word begins with a dot. */
export function checkName(name: string): string {
  if (NAME.test(name) && name.length <= MAX_NAME) return name;
  throw new DbtRunCacheError(`${JSON.stringify(name.slice(0, MAX_NAME))} is no name for an entry`, {
    code: 'internal',
    hint: 'Hash what comes from outside before it becomes part of a name.',
  });
}

/** Values are records; a store that would cut one short would lose a finish. */
export function checkValue(value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_VALUE_BYTES) return;
  throw new DbtRunCacheError(`A ledger entry of ${bytes} bytes is too large (at most ${MAX_VALUE_BYTES})`, {
    code: 'internal',
    hint: 'Put what is bulky into a blob.',
  });
}
