import type { DedupStore } from '../dedup/store.ts';
import { createRedactor } from '../util/redact.ts';
import { objectStore } from './object-lease.ts';
import { loadPeer } from './peer.ts';
import { prefixOf } from './prefix.ts';
import { onlyIfConditional } from './s3-conditions.ts';
import { type S3Connection, s3Service } from './s3-service.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const SECRETS = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** An `S3Client` of `@aws-sdk/client-s3` as it is. */
export interface S3Sender {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

export interface S3StoreOptions {
  readonly bucket: string;
  /** Folder within the bucket. Default `dbt-runcache`. */
  readonly prefix?: string;
  /** Default: as the AWS SDK finds it, e.g. `AWS_REGION`. */
  readonly region?: string;
  /** URL of a service that is not Amazon's. It must honour `If-None-Match` and `If-Match` of PutObject. */
  readonly endpoint?: string;
  /** Puts the bucket into the path rather than the host name, as many services that are not Amazon's need. Default false. */
  readonly forcePathStyle?: boolean;
  /** The caller's own client, which `close()` leaves open; `region`, `endpoint` and `forcePathStyle` are its own then. */
  readonly client?: S3Sender;
  /** Longest wait for one answer about an entry, in milliseconds; blobs get more, by their size. Default 10000. */
  readonly timeoutMs?: number;
}

/**
 * A ledger in a bucket of Amazon S3, or of a service with conditional writes that speaks S3: for any number of hosts.
 * Uses the package `@aws-sdk/client-s3`, which finds the credentials where it always does. They need `s3:GetObject`,
 * `s3:PutObject`, `s3:DeleteObject` and `s3:ListBucket`; without the last one S3 answers 403 for what is not there, and
 * the store cannot tell that from a refusal.
 *
 * A service that does not refuse what it must refuse is found out before the first write, and not used.
 * Old entries and blobs are cleared away by `sweep()`. A lifecycle rule of the bucket can do that as well: let it delete
 * what is under `<prefix>/` some days after the longest retention.
 *
 * @example
 * ```ts
 * import { s3Store } from 'dbt-runcache/stores/s3';
 *
 * const store = s3Store({ bucket: 'analytics-ci', prefix: 'ledger', region: 'eu-central-1' });
 * ```
 * @throws DbtRunCacheError `invalid-options` for a prefix that is none; at the first call, when the package is not
 *   installed.
 */
export function s3Store(options: S3StoreOptions): DedupStore {
  const prefix = prefixOf(options.prefix);
  const { text: hide } = createRedactor(SECRETS.flatMap((name) => process.env[name] ?? []));
  let connection: Promise<S3Connection> | undefined;
  let mine: { destroy(): void } | undefined;

  const open = async (): Promise<S3Connection> => {
    const library = await loadPeer(() => import('@aws-sdk/client-s3'), '@aws-sdk/client-s3', 's3');
    if (options.client !== undefined)
      return { library, client: options.client as unknown as S3Connection['client'] };
    const { region, endpoint, forcePathStyle = false } = options;
    const client = new library.S3Client({
      forcePathStyle,
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      // A conditional write that is sent twice may be refused because of itself.
      maxAttempts: 1,
      // Services that are not Amazon's may not know the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    mine = client;
    return { library, client };
  };

  const service = s3Service({
    bucket: options.bucket,
    connect: () => {
      connection ??= open();
      return connection;
    },
    hide,
    close: async () => mine?.destroy(),
  });
  return objectStore(onlyIfConditional(service, prefix), {
    prefix,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
}
