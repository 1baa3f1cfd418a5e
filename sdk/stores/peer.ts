import { DbtRunCacheError } from '../errors.ts';

/**
 * A library that only one store needs, so that nobody else has to install it.
 * @throws DbtRunCacheError `invalid-options` that says what to install.
 */
export async function loadPeer<T>(load: () => Promise<T>, name: string, store: string): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, name)) throw cause;
    throw new DbtRunCacheError(`The ${store} store needs the package ${name}, which is not installed`, {
      code: 'invalid-options',
      hint: `Install it beside dbt-runcache: npm install ${name}`,
      cause,
    });
  }
}

/** Not when the package is there and something it needs in turn is not. */
function isMissing(cause: unknown, name: string): boolean {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`);
}
