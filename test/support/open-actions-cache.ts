import type { DedupStore } from '../../sdk/dedup/store.ts';
import { type ActionsCacheStoreOptions, actionsCacheStore } from '../../sdk/stores/actions-cache.ts';
import { cacheToken } from './cache-entries.ts';
import type { CacheCall, CacheFault, CacheService } from './cache-service.ts';

export const MAIN = 'refs/heads/main';

/** A store of the default branch, which waits for little. */
export function openActionsCache(
  service: CacheService,
  options: Partial<ActionsCacheStoreOptions> = {},
): DedupStore {
  return actionsCacheStore({
    url: service.url,
    token: cacheToken(MAIN),
    timeoutMs: 5000,
    patienceMs: 1000,
    ...options,
  });
}

/** Lets the first calls of this name go wrong. */
export function failFirst(
  service: CacheService,
  name: CacheCall['name'],
  fault: CacheFault,
  times = 1,
): void {
  let left = times;
  service.fault = (call) => {
    if (call.name !== name || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

export function callsOf(service: CacheService, name: CacheCall['name']): number {
  return service.calls.filter((call) => call.name === name).length;
}
