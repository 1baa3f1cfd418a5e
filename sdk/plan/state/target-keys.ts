import { CATALOGUE } from './catalogue.ts';
import type { Yaml } from './input.ts';

const SPECIAL = ['type', 'defer_to_target', 'metadata_warehouse'];
const KEYS: ReadonlySet<string> = new Set([
  ...SPECIAL,
  ...CATALOGUE.flatMap(({ field }) => [field.toLowerCase(), `run_cache_${field.toLowerCase()}`]),
]);

/** What of a target in profiles.yml says something to dbt State. The rest, passwords among it, is left out. */
export function stateKeysOf(target: Yaml): Yaml {
  return Object.fromEntries(
    Object.entries(target).filter(
      ([key, value]) => KEYS.has(key) && (value === null || typeof value !== 'object'),
    ),
  );
}
