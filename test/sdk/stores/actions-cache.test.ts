import { afterAll, beforeAll } from 'vitest';
import { actionsCacheStore } from '../../../sdk/stores/actions-cache.ts';
import { stateContract } from '../../contracts/state-contract.ts';
import { storeContract } from '../../contracts/store-contract.ts';
import { cacheToken } from '../../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../../support/cache-service.ts';

let service: CacheService;
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());

let count = 0;
const prefix = (): string => {
  count += 1;
  return `t${count}`;
};

stateContract('actions-cache', () =>
  actionsCacheStore({ url: service.url, token: cacheToken('refs/heads/main') }),
);
storeContract('actions-cache', {
  open: () => actionsCacheStore({ url: service.url, token: cacheToken('refs/heads/main') }),
  prefix,
  lists: false,
});
