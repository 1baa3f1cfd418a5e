import { type ConfigFile, type ConfigKey, parseSetting } from '../index.ts';
import { UsageError } from './usage-error.ts';

/** Their values may hold a secret by mistake. */
const NEVER_SHOWN: ReadonlySet<ConfigKey> = new Set([
  'dedup-store',
  'state-store',
  'idempotency-key',
  'data-version',
]);

/** An option that has the name of a key. @throws UsageError. */
export function readText<K extends ConfigKey>(key: K, value: string): NonNullable<ConfigFile[K]> {
  if (value.trim() === '') throw new UsageError(`--${key} is empty`, 'Give it a value, or leave it out.');
  try {
    return parseSetting(key, value);
  } catch (error) {
    const way = error instanceof Error ? error.message : String(error);
    const what = NEVER_SHOWN.has(key) ? 'not valid' : JSON.stringify(value.slice(0, 100));
    throw new UsageError(`--${key} is ${what}`, `${way.charAt(0).toUpperCase()}${way.slice(1)}.`);
  }
}
