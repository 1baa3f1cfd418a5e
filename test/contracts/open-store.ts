import type { DedupStore } from '../../sdk/dedup/store.ts';
import { type ActionsCacheStoreOptions, actionsCacheStore } from '../../sdk/stores/actions-cache.ts';
import { fileStore } from '../../sdk/stores/file.ts';
import { gcsStore } from '../../sdk/stores/gcs.ts';
import { gitRefStore } from '../../sdk/stores/git-ref.ts';
import { redisStore } from '../../sdk/stores/redis.ts';
import { s3Store } from '../../sdk/stores/s3.ts';
import { TOKEN } from '../support/git-rest-service.ts';

/** A store as plain data, so that another process can open the same. Credentials are in the environment. */
export type StoreAddress =
  | { readonly kind: 'file'; readonly dir: string }
  | { readonly kind: 'redis'; readonly url: string; readonly prefix?: string; readonly timeoutMs?: number }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix?: string;
      readonly timeoutMs?: number;
    }
  | {
      readonly kind: 'gcs';
      readonly endpoint: string;
      readonly bucket: string;
      readonly prefix?: string;
      readonly timeoutMs?: number;
    }
  | {
      readonly kind: 'git-ref';
      readonly apiUrl: string;
      readonly repository: string;
      readonly timeoutMs?: number;
    }
  | ({ readonly kind: 'actions-cache' } & ActionsCacheStoreOptions);

export function openStore(address: StoreAddress): DedupStore {
  switch (address.kind) {
    case 'file':
      return fileStore({ dir: address.dir });
    case 'redis':
      return redisStore(address);
    case 's3':
      return s3Store({ ...address, forcePathStyle: true });
    case 'gcs':
      return gcsStore({ ...address, accessToken: async () => 'not-a-secret-gcs-token' });
    case 'actions-cache':
      return actionsCacheStore(address);
    case 'git-ref':
      return gitRefStore({ ...address, token: TOKEN });
  }
}
