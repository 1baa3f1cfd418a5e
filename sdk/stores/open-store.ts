import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DedupStore } from '../dedup/store.ts';
import { optional } from '../util/optional.ts';
import { badAddress, unknownForm } from './bad-address.ts';
import { type BucketAddress, bucketAddress } from './bucket-address.ts';
import { githubTokenOf, openActionsCache, openGitRef } from './github-addresses.ts';
import { redisUrl } from './redis-address.ts';

/** What an address is read with. */
export interface StorePlace {
  /** Folder that the path of a `file:` address starts from. */
  readonly cwd: string;
  /**
   * Where `redis:<VARIABLE>` finds its variable, and `actions-cache:` and `git-ref:` what the runner set. Other credentials
   * are found by the client libraries themselves.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For `git-ref:`. Default: `GITHUB_TOKEN`, else `GH_TOKEN`, of `env`. */
  readonly githubToken?: string | undefined;
}

/** `memory:` is one ledger for the whole process, so that its runs find each other. */
let ofThisProcess: DedupStore | undefined;

/**
 * Opens the ledger at an address:
 *
 * - `file:<folder>`, relative to `cwd`, or `file:///<absolute path as a URL>`
 * - `redis:<VARIABLE>`, an environment variable that holds the URL, or `redis://<host>:<port>/<db>`, `rediss://…` (TLS)
 * - `s3://<bucket>/<prefix>?region=…&endpoint=…&force-path-style=true`
 * - `gs://<bucket>/<prefix>?endpoint=…`
 * - `actions-cache:` or `actions-cache:<prefix>`, in an action of GitHub Actions
 * - `git-ref:`, the job's own repository, or `git-ref:<owner>/<name>`, each with `?prefix=<words>` where wanted
 * - `memory:`, this process alone
 *
 * Only the driver in question is loaded. No address holds a password: it would be shown in process lists and logs.
 * @throws DbtRunCacheError `invalid-options` for an address of no such form; its text is not repeated, as it may hold a
 *   password. What a store needs and is not installed is told at its first use.
 */
export async function openStore(address: string, { cwd, env, githubToken }: StorePlace): Promise<DedupStore> {
  const text = address.trim();
  switch (/^[a-z0-9-]+:/.exec(text)?.[0]) {
    case 'file:': {
      const dir = folderOf(text, cwd);
      return (await import('./file.ts')).fileStore({ dir });
    }
    case 'redis:':
    case 'rediss:': {
      const url = redisUrl(text, env);
      return (await import('./redis.ts')).redisStore({ url });
    }
    case 's3:': {
      const options = s3Options(bucketAddress(text, ['region', 'endpoint', 'force-path-style']));
      return (await import('./s3.ts')).s3Store(options);
    }
    case 'gs:': {
      const { bucket, prefix, query } = bucketAddress(text, ['endpoint']);
      const { gcsStore } = await import('./gcs.ts');
      return gcsStore({ bucket, ...optional('prefix', prefix), ...optional('endpoint', query['endpoint']) });
    }
    case 'actions-cache:':
      return openActionsCache(text, env);
    case 'git-ref:':
      return openGitRef(text, env, githubToken ?? githubTokenOf(env));
    case 'memory:': {
      if (text !== 'memory:') throw badAddress('A ledger in memory has no name: its address is memory:');
      ofThisProcess ??= (await import('./memory.ts')).memoryStore();
      return ofThisProcess;
    }
    default:
      throw unknownForm(text);
  }
}

function folderOf(address: string, cwd: string): string {
  if (address.startsWith('file://')) return folderOfUrl(address);
  const path = address.slice('file:'.length).trim();
  if (path === '' || path.includes('\0')) throw badAddress('The address of the ledger names no folder');
  if (path.startsWith('~')) {
    throw badAddress(
      'The folder of the ledger begins with ~, which only a shell would expand',
      'Write the path in full, or let the shell do it: "file:$HOME/ledger".',
    );
  }
  return resolve(cwd, path);
}

function folderOfUrl(address: string): string {
  try {
    return fileURLToPath(address);
  } catch {
    throw badAddress(
      'The address of the ledger begins with file:// and is no file URL of this machine',
      'Give file:///<absolute path>, or the path as it is: file:<folder>.',
    );
  }
}

function s3Options({ bucket, prefix, query }: BucketAddress) {
  const pathStyle = query['force-path-style'];
  if (pathStyle !== undefined && pathStyle !== 'true' && pathStyle !== 'false') {
    throw badAddress('force-path-style in the address of the ledger is neither true nor false');
  }
  return {
    bucket,
    ...optional('prefix', prefix),
    ...optional('region', query['region']),
    ...optional('endpoint', query['endpoint']),
    ...optional('forcePathStyle', pathStyle === undefined ? undefined : pathStyle === 'true'),
  };
}
