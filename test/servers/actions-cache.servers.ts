import { afterAll, beforeAll } from 'vitest';
import { storeRaces } from '../contracts/store-races.ts';
import { cacheToken } from '../support/cache-entries.ts';
import { type CacheService, startCacheService } from '../support/cache-service.ts';

let service: CacheService;
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());

// Fifty processes share the processors, and may take their time to ask. Nobody renews a lease here, so the one that the
// killed owner leaves must be long enough for the next one to finish in.
storeRaces(
  'actions-cache',
  () => ({
    kind: 'actions-cache',
    url: service.url,
    token: cacheToken('refs/heads/main'),
    timeoutMs: 60_000,
  }),
  { killedLeaseMs: 15_000 },
);
