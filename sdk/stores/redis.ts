import { randomUUID } from 'node:crypto';
import type { BlobAnswer, DedupStore, ReadAnswer, WriteAnswer } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { unlisted } from '../dedup/store-trouble.ts';
import { DbtRunCacheError } from '../errors.ts';
import { reasonOf } from '../util/reason.ts';
import { createRedactor } from '../util/redact.ts';
import { givenConnection, ownConnection, type RedisConnection } from './redis-connection.ts';
import { GET_BLOB, READ, REMOVE, WRITE } from './redis-scripts.ts';
import { within } from './within.ts';

const CHECK = 'Check that the server can be reached, and that its credentials are right.';

const DEFAULT_TIMEOUT_MS = 5000;
const DEFAULT_URL_ENV = 'REDIS_URL';
const SCAN_COUNT = '500';
/** A slow line still moves this many bytes a millisecond. */
const SLOWEST_BYTES_PER_MS = 100;

/** A client of the `redis` package as it is; of another library, a function around it. */
export interface RedisSender {
  /** Sends one command, e.g. `['GET', 'key']`, and resolves to its reply; rejects when the connection is lost. */
  sendCommand(args: readonly string[]): Promise<unknown>;
}

export interface RedisStoreOptions {
  /**
   * Name of the environment variable that holds the URL, e.g. `rediss://user:password@host:6379/0`; `rediss` is TLS.
   * Default `REDIS_URL`.
   */
  readonly urlEnv?: string;
  /** The URL itself, rather than where to find it. */
  readonly url?: string;
  /** The caller's own client, connected, which `close()` leaves open. Its retries must not repeat commands. */
  readonly client?: RedisSender;
  /** Begins every key. Default `dbt-runcache`. */
  readonly prefix?: string;
  /** Longest wait for one answer, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

/**
 * A ledger in Redis 5 or later, or Valkey: for any number of hosts. Uses the package `redis`, unless a client is given.
 *
 * Every change is one script on one key, which compares and writes in one step by the server's clock. What was written
 * is as safe as the server keeps it: one that evicts keys, restarts without a disk, or fails over to a replica that
 * was behind may forget a claim, and then two runs may both execute.
 *
 * @example
 * ```ts
 * import { redisStore } from 'dbt-runcache/stores/redis';
 *
 * const store = redisStore({ urlEnv: 'REDIS_URL', prefix: 'analytics' });
 * ```
 * @throws DbtRunCacheError `invalid-options` when there is no URL; at the first call, when `redis` is not installed.
 */
export function redisStore(options: RedisStoreOptions = {}): DedupStore {
  const { prefix = 'dbt-runcache', timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const url = options.client === undefined ? urlOf(options) : undefined;
  const connection: RedisConnection =
    options.client === undefined ? ownConnection(url ?? '', timeoutMs) : givenConnection(options.client);
  const { text: hide } = createRedactor(url === undefined ? [] : secretsOf(url));
  const entriesRoot = `${prefix}:entries:`;
  const keyOf = (name: string): string => entriesRoot + checkName(name);
  const blobKeyOf = (name: string): string => `${prefix}:blobs:${checkName(name)}`;

  async function ask(command: readonly string[], bytes = 0): Promise<Reply> {
    await connection.ready();
    const answer = await within(
      timeoutMs + Math.ceil(bytes / SLOWEST_BYTES_PER_MS),
      async (): Promise<Reply> => {
        try {
          const sender = await connection.get();
          return { kind: 'reply', reply: await sender.sendCommand(command) };
        } catch (error) {
          if (error instanceof DbtRunCacheError) throw error;
          return { kind: 'unknown', why: hide(reasonOf(error)) };
        }
      },
    );
    if ('again' in answer) {
      // A connection that keeps silent may be dead without anyone having said so.
      connection.drop();
      return { kind: 'unknown', why: answer.why };
    }
    return answer;
  }
  const run = (script: string, key: string, args: readonly string[], bytes?: number): Promise<Reply> =>
    ask(['EVAL', script, '1', key, ...args], bytes);
  const change = async (
    script: string,
    key: string,
    args: readonly string[],
    version: string,
  ): Promise<WriteAnswer> => {
    const answer = await run(script, key, args);
    if (answer.kind === 'unknown') return answer;
    if (answer.reply === 1) return { kind: 'written', version };
    return answer.reply === 0 ? { kind: 'conflict' } : strange();
  };

  return {
    kind: 'redis',
    guarantees: { scope: 'everyone', renews: true, durable: true },
    read: async (name): Promise<ReadAnswer> => {
      const answer = await run(READ, keyOf(name), []);
      if (answer.kind === 'unknown') return answer;
      const { reply } = answer;
      if (reply === null) return { kind: 'absent' };
      const [version, value, ageMs] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
      if (typeof version !== 'string' || typeof value !== 'string' || typeof ageMs !== 'number')
        return strange();
      return { kind: 'found', entry: { value, version, ageMs: Math.max(0, ageMs) } };
    },
    write: async ({ name, value, expected, retainMs }) => {
      const key = keyOf(name);
      checkValue(value);
      const version = randomUUID();
      return change(WRITE, key, [expected ?? '', version, value, wholeMs(retainMs)], version);
    },
    remove: async (name, version) => change(REMOVE, keyOf(name), [version], version),
    async *list(namePrefix) {
      const seen = new Set<string>();
      const pattern = `${(entriesRoot + namePrefix).replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
      let cursor = '0';
      do {
        const answer = await ask(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT]);
        if (answer.kind === 'unknown') throw unlisted('redis', answer.why, CHECK);
        const [next, keys] = answer.reply as readonly [unknown, readonly string[]];
        for (const key of keys) {
          // A scan may come by the same key twice.
          if (seen.has(key)) continue;
          seen.add(key);
          yield key.slice(entriesRoot.length);
        }
        cursor = String(next);
      } while (cursor !== '0');
    },
    putBlob: async (name, bytes, retainMs): Promise<WriteAnswer> => {
      const text = Buffer.from(bytes).toString('base64');
      const answer = await ask(['SET', blobKeyOf(name), text, 'PX', wholeMs(retainMs)], text.length);
      return answer.kind === 'unknown' ? answer : { kind: 'written', version: name };
    },
    getBlob: async (name, maxBytes): Promise<BlobAnswer> => {
      const maxText = Math.ceil(maxBytes / 3) * 4;
      const answer = await run(GET_BLOB, blobKeyOf(name), [String(maxText)], maxText);
      if (answer.kind === 'unknown') return answer;
      const { reply } = answer;
      if (reply === null) return { kind: 'absent' };
      const bytes = typeof reply === 'string' ? Buffer.from(reply, 'base64') : undefined;
      if (bytes === undefined || bytes.byteLength > maxBytes)
        return { kind: 'unknown', why: `${name} is larger than ${maxBytes} bytes` };
      return { kind: 'found', bytes: new Uint8Array(bytes) };
    },
    // The server forgets by itself what is past its retention.
    sweep: async () => ({ kind: 'swept', entries: 0, blobs: 0 }),
    close: () => connection.close(),
  };
}

type Reply =
  | { readonly kind: 'reply'; readonly reply: unknown }
  | { readonly kind: 'unknown'; readonly why: string };

function strange(): { readonly kind: 'unknown'; readonly why: string } {
  return { kind: 'unknown', why: 'the server gave a reply of a shape that no ledger has' };
}

function wholeMs(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)));
}

function urlOf({ url, urlEnv = DEFAULT_URL_ENV }: RedisStoreOptions): string {
  const found = url ?? process.env[urlEnv];
  if (found !== undefined && /^rediss?:\/\//.test(found) && URL.canParse(found)) return found;
  const where = url === undefined ? `The environment variable ${urlEnv}` : 'The URL of the redis store';
  throw new DbtRunCacheError(
    found === undefined || found === '' ? `${where} is not set` : `${where} is no redis:// or rediss:// URL`,
    { code: 'invalid-options', hint: 'Set it to the address of the server, e.g. rediss://host:6379' },
  );
}

/** Messages of a server or a client may repeat what they were given. */
function secretsOf(url: string): string[] {
  const { password } = new URL(url);
  return password === '' ? [] : [url, password, decodeURIComponent(password)];
}
