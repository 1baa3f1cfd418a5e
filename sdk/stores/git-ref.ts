import { setTimeout as delay } from 'node:timers/promises';
import type { BlobAnswer, DedupStore, ReadAnswer, WriteAnswer, WriteRequest } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { DbtRunCacheError } from '../errors.ts';
import { githubRest } from '../github/rest.ts';
import { createRedactor } from '../util/redact.ts';
import { isSha, MAX_INLINE_BYTES } from './git-content.ts';
import { gitLedger, type LedgerRefs } from './git-ledger.ts';
import { checkedOptions } from './git-options.ts';
import { gitService } from './git-service.ts';
import { sweepRefs } from './git-sweep.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** GitHub takes blobs of up to 100 MB, in base64; a repository is no place for those. */
const MAX_BLOB_BYTES = 32 << 20;
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 150;
const READS_AT_ONCE = 8;

export interface GitRefStoreOptions {
  /** `owner/name`. It needs one commit at least: GitHub takes no refs into an empty repository. */
  readonly repository: string;
  /** With the permission `contents: write`, e.g. the `GITHUB_TOKEN` of a workflow that asks for it. */
  readonly token: string;
  /** Default `https://api.github.com`. */
  readonly apiUrl?: string;
  /** Where under `refs/` the ledger lives: words of letters, digits, `_` and `-`. Default `dbt-runcache`. */
  readonly prefix?: string;
  /** Longest wait for one answer about an entry, in milliseconds; blobs get more, by their size. Default 10000. */
  readonly timeoutMs?: number;
}

/**
 * A ledger in a GitHub repository, seen from every branch: for any number of workflows of that repository.
 *
 * Each entry is a ref outside of branches and tags, so that no workflow starts because of it and no clone fetches it.
 * The first write makes the ref, which GitHub does once; each further write is a commit upon the one it replaces, and
 * the ref takes it only as a fast-forward: that is the compare-and-set. A removed entry is a commit that says so.
 *
 * What is assumed of GitHub, which documents no more than the answers: that it makes a ref once, and moves it by one
 * fast-forward at a time, whoever asks. When a reader sees a write it does not say; a late one costs a try, and never
 * makes a second owner. Ages are the `Date` of an answer less the time GitHub put into the commit, so the clocks of
 * hosts do not matter, and those of GitHub's servers do; they count from the making of the commit, just before the ref
 * takes it.
 *
 * `renews` is false although an entry can be renewed: GitHub takes 500 writes an hour and 80 a minute, and a sign of life
 * every 30 seconds would be 240 an hour for each run, since one is a commit and a move of the ref. So a run that is
 * killed keeps its key for the whole lease; a lease shorter than the default is right where every run is shorter.
 * A run that is executed takes about 34 requests, 20 of them writes; a replay about 10 and no write. So the limits,
 * 1000 requests an hour among them, are enough for some 25 executed runs an hour; beyond that answers are `unknown`.
 *
 * The commits before an entry's last one stay in the repository, about a kilobyte each, until the entry is swept.
 *
 * @throws DbtRunCacheError `invalid-options` for options that are none.
 */
export function gitRefStore(options: GitRefStoreOptions): DedupStore {
  const { repository, token, apiUrl, prefix } = checkedOptions(options);
  const service = gitService({
    rest: githubRest({ apiUrl, token }),
    repository,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    hide: createRedactor([token]).text,
  });
  const ledger = gitLedger(service);
  const refs: LedgerRefs = { entries: `refs/${prefix}/entries/`, blobs: `refs/${prefix}/blobs/` };
  const refOf = (name: string): string => `${refs.entries}${coded(checkName(name))}${END}`;
  const blobRefOf = (name: string): string => `${refs.blobs}${coded(checkName(name))}${END}`;

  async function replace(ref: string, expected: string, request: WriteRequest | undefined) {
    if (!isSha(expected)) {
      const found = await ledger.look(ref);
      return 'why' in found ? unknown(found) : { kind: 'conflict' as const };
    }
    const content = request === undefined ? { kind: 'removed' as const } : await contentOf(request);
    return content.kind === 'unknown' ? unknown(content) : ledger.move(ref, content, expected);
  }

  async function contentOf({ value, retainMs }: WriteRequest) {
    const bytes = Buffer.from(value);
    if (bytes.byteLength <= MAX_INLINE_BYTES) return { kind: 'value' as const, retainMs, value };
    const kept = await ledger.keep(bytes);
    if (kept.kind === 'unknown') return kept;
    const { blob, tree } = kept;
    return { kind: 'value-in-blob' as const, retainMs, blob, bytes: bytes.byteLength, tree };
  }

  /** There must be no entry yet. */
  async function make(ref: string, request: WriteRequest): Promise<WriteAnswer> {
    let content: Awaited<ReturnType<typeof contentOf>> | undefined;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const found = await ledger.look(ref);
      if ('why' in found) return unknown(found);
      if (found.kind === 'live') return { kind: 'conflict' };
      // Swept: it is gone in a moment, or given up in some minutes. Not there although it was: this reader is late.
      if (found.kind === 'sweeping' || (found.kind === 'absent' && tries > 0))
        await delay(FIRST_PAUSE_MS * 2 ** tries * (0.5 + Math.random()));
      if (found.kind === 'sweeping') continue;
      content ??= await contentOf(request);
      if (content.kind === 'unknown') return unknown(content);
      const written = await ledger.move(ref, content, found.kind === 'dead' ? found.sha : undefined);
      // It was made anew, or cleared away, which leaves the name to whoever is first.
      if (written.kind !== 'conflict') return written;
    }
    return { kind: 'unknown', why: `${request.name} is being cleared away, or kept coming and going` };
  }

  return {
    kind: 'git-ref',
    guarantees: { scope: 'everyone', renews: false, durable: true },
    read: async (name): Promise<ReadAnswer> => {
      const found = await ledger.look(refOf(name));
      if ('why' in found) return unknown(found);
      if (found.kind !== 'live') return { kind: 'absent' };
      const value = await ledger.valueOf(found);
      if (typeof value !== 'string') return unknown(value);
      return { kind: 'found', entry: { value, version: found.sha, ageMs: found.ageMs } };
    },
    write: async (request) => {
      const ref = refOf(request.name);
      checkValue(request.value);
      return request.expected === undefined ? make(ref, request) : replace(ref, request.expected, request);
    },
    remove: async (name, version) => {
      const removed = await replace(refOf(name), version, undefined);
      return removed.kind === 'written' ? { kind: 'written', version } : removed;
    },
    async *list(namePrefix) {
      const found = await service.findAll(refs.entries + coded(namePrefix));
      if (found.kind === 'unknown') throw unlisted(repository, found.why);
      const entries = found.refs.flatMap(({ ref, sha }) => {
        const name = uncoded(ref.slice(refs.entries.length, -END.length));
        // Anyone who may push can make a ref of any name.
        return ref.endsWith(END) && isName(name) ? [{ name, sha }] : [];
      });
      for (let from = 0; from < entries.length; from += READS_AT_ONCE) {
        const page = await Promise.all(
          entries.slice(from, from + READS_AT_ONCE).map(async ({ name, sha }) => ({
            name,
            ...(await ledger.judge(sha, found.date)),
          })),
        );
        for (const one of page) {
          if (one.kind === 'unknown') throw unlisted(repository, one.why);
          // What cannot be read is not absent.
          if (one.kind === 'live' || one.kind === 'unreadable') yield one.name;
        }
      }
    },
    putBlob: async (name, bytes) => {
      const ref = blobRefOf(name);
      if (bytes.byteLength > MAX_BLOB_BYTES) {
        const why = `${name} has ${bytes.byteLength} bytes, and a ledger in a GitHub repository takes ${MAX_BLOB_BYTES} at most`;
        return { kind: 'unknown', why };
      }
      const kept = await ledger.keep(bytes);
      if (kept.kind === 'unknown') return unknown(kept);
      const { blob, tree } = kept;
      const put = await ledger.put(ref, { kind: 'blob', blob, bytes: bytes.byteLength, tree });
      return put.kind === 'written' ? { kind: 'written', version: name } : put;
    },
    getBlob: async (name, maxBytes): Promise<BlobAnswer> => {
      const found = await ledger.blobAt(blobRefOf(name), maxBytes);
      return 'why' in found ? unknown(found) : found;
    },
    sweep: (options) => sweepRefs(service, ledger, refs, options),
    close: async () => {},
  };
}

/** Ends each name: git has no room for both `a` and `a/b`, and none of a ledger's names holds it. */
const END = '@';

/** git refuses `..` and words that end with `.lock`. */
function coded(name: string): string {
  return name.replaceAll('.', '=');
}

function uncoded(word: string): string {
  return word.replaceAll('=', '.');
}

function isName(name: string): boolean {
  try {
    return checkName(name) === name;
  } catch {
    return false;
  }
}

function unknown({ why }: { readonly why: string }): { readonly kind: 'unknown'; readonly why: string } {
  return { kind: 'unknown', why };
}

function unlisted(repository: string, why: string): DbtRunCacheError {
  return new DbtRunCacheError(`The ledger in ${repository} could not be listed: ${why}`, {
    code: 'dedup-unavailable',
    hint: 'Check that GitHub can be reached, and that the token has the permission contents: write.',
  });
}
