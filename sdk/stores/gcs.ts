import type { DedupStore } from '../dedup/store.ts';
import { gcsService } from './gcs-service.ts';
import { objectStore } from './object-lease.ts';
import { loadPeer } from './peer.ts';
import { prefixOf } from './prefix.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_ENDPOINT = 'https://storage.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

export interface GcsStoreOptions {
  readonly bucket: string;
  /** Folder within the bucket. Default `dbt-runcache`. */
  readonly prefix?: string;
  /**
   * Gives a token each time one is needed. Default: the application default credentials, through the package
   * `google-auth-library`. With a client of `@google-cloud/storage`: `() => storage.authClient.getAccessToken()`.
   */
  readonly accessToken?: () => Promise<string | null | undefined>;
  /** URL of the service. Default `https://storage.googleapis.com`. */
  readonly endpoint?: string;
  /** Longest wait for one answer about an entry, in milliseconds; blobs get more, by their size. Default 10000. */
  readonly timeoutMs?: number;
}

/**
 * A ledger in a bucket of Google Cloud Storage: for any number of hosts. The credentials need `storage.objects.get`,
 * `create`, `delete` and `list` on the bucket: the role Storage Object User.
 *
 * Old entries and blobs are cleared away by `sweep()`. A lifecycle rule of the bucket can do that as well: let it delete
 * what is under `<prefix>/` some days after the longest retention. The bucket must not have a retention policy: it
 * forbids the replacing of objects.
 *
 * @example
 * ```ts
 * import { gcsStore } from 'dbt-runcache/stores/gcs';
 *
 * const store = gcsStore({ bucket: 'analytics-ci', prefix: 'ledger' });
 * ```
 * @throws DbtRunCacheError `invalid-options` for a prefix that is none; at the first call, when
 *   `google-auth-library` is needed and not installed.
 */
export function gcsStore(options: GcsStoreOptions): DedupStore {
  const prefix = prefixOf(options.prefix);
  const { accessToken } = options;
  const auth = accessToken === undefined ? defaultAuth() : undefined;
  const service = gcsService({
    bucket: options.bucket,
    endpoint: (options.endpoint ?? DEFAULT_ENDPOINT).replace(/\/+$/, ''),
    ready: async () => void (await auth?.()),
    accessToken: async () => {
      const token = await (accessToken?.() ?? (await auth?.())?.getAccessToken());
      if (typeof token === 'string' && token !== '') return token;
      throw new Error('the credentials gave none');
    },
  });
  return objectStore(service, { prefix, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
}

/** The application default credentials. The library keeps a token until shortly before it runs out. */
function defaultAuth() {
  const load = async () => {
    const { GoogleAuth } = await loadPeer(() => import('google-auth-library'), 'google-auth-library', 'gcs');
    // Unless it is told of a project, it looks for one, by a service that a workload may have no access to.
    return new GoogleAuth({ scopes: SCOPE, projectId: 'none-needed' });
  };
  let auth: ReturnType<typeof load> | undefined;
  return () => {
    auth ??= load();
    return auth;
  };
}
