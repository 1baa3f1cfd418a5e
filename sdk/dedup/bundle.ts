import { createHash } from 'node:crypto';
import { DbtRunCacheError } from '../errors.ts';
import { BUNDLE_LIMITS, type BundleLimits } from './bundle-limits.ts';
import { type BundlePlan, type KeptFile, planBundle } from './bundle-plan.ts';
import { COMPILED_PACK, unpack } from './compiled-pack.ts';
import { problemOfPaths } from './kept-paths.ts';
import { readPlanned, readPlannedAll } from './read-planned.ts';
import { type LedgerRecord, REPORT_PATH, type StoredBlob, type StoredFile } from './record.ts';
import type { DedupStore } from './store.ts';
import { type FetchFailure, getCompressed, putCompressed, sha256Of } from './stored-blob.ts';

export { fetchParts, saveItems } from './stored-items.ts';

const FOLDER = 'bundles';

export interface SaveBundleOptions {
  /** The run's report, as it is written to its file. */
  readonly report: string;
  /** dbt's artifacts and compiled SQL, in any order. One that is not there is left out. */
  readonly files: readonly KeptFile[];
  /** How long the store keeps it, in milliseconds. */
  readonly retainMs: number;
  /** Default {@link BUNDLE_LIMITS}. */
  readonly limits?: BundleLimits;
}

export type SavedBundle =
  | {
      readonly kind: 'saved';
      readonly bundle: StoredBlob;
      readonly files: readonly StoredFile[];
      /** Compiled SQL is one entry, `compiled`. */
      readonly omitted: NonNullable<LedgerRecord['omitted']>;
    }
  /** The report, `run_results.json` and `sources.json` are kept, or nothing is. */
  | { readonly kind: 'too-large'; readonly why: string }
  /** A file could not be read, or changed meanwhile, or the store did not say that it has the bundle. */
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Stores what a run has left as one blob: the report, dbt's artifacts, compiled SQL.
 * @throws DbtRunCacheError `internal` for a file that is none of these.
 */
export async function saveBundle(
  store: DedupStore,
  { report, files, retainMs, limits = BUNDLE_LIMITS }: SaveBundleOptions,
): Promise<SavedBundle> {
  const reportBytes = Buffer.from(report);
  const stored: StoredFile[] = [];
  try {
    const plan = await planBundle(reportBytes.length, files, limits);
    if (plan.kind === 'too-large') return plan;
    const put = await putCompressed(store, FOLDER, contentsOf(reportBytes, plan, stored), retainMs);
    if (put.kind === 'unknown') return put;
    return { kind: 'saved', bundle: put.blob, files: stored, omitted: plan.omitted };
  } catch (error) {
    if (error instanceof DbtRunCacheError) throw error;
    return { kind: 'unknown', why: (error as Error).message };
  }
}

/** The contents in their order, file by file, so that no more than one or two stand in memory. Notes each in `stored`. */
async function* contentsOf(
  report: Uint8Array,
  { artifacts, compiled }: Extract<BundlePlan, { kind: 'planned' }>,
  stored: StoredFile[],
): AsyncGenerator<Uint8Array, undefined> {
  stored.push({ path: REPORT_PATH, sha256: sha256Of(report), bytes: report.length });
  yield report;
  for (const file of artifacts) {
    const bytes = await readPlanned(file);
    stored.push({ path: file.path, sha256: sha256Of(bytes), bytes: bytes.length });
    yield bytes;
  }
  if (compiled === undefined) return undefined;
  const hash = createHash('sha256');
  let size = 0;
  const counted = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    size += bytes.length;
    return bytes;
  };
  yield counted(compiled.index);
  for await (const bytes of readPlannedAll(compiled.files)) yield counted(bytes);
  stored.push({ path: COMPILED_PACK, sha256: hash.digest('hex'), bytes: size });
  return undefined;
}

export type FetchedBundle =
  /** By path within the target folder, the report first; compiled SQL file by file. */
  { readonly kind: 'fetched'; readonly contents: ReadonlyMap<string, Uint8Array> } | FetchFailure;

/**
 * Gets the files of a record, with one request, and checks them: all of them are what was stored, or there are none.
 * Nothing the store or the record says is trusted.
 */
export async function fetchBundle(
  store: DedupStore,
  record: Pick<LedgerRecord, 'bundle' | 'files'>,
  limits: BundleLimits = BUNDLE_LIMITS,
): Promise<FetchedBundle> {
  const corrupt = (why: string): FetchFailure => ({ kind: 'corrupt', why });
  const total = record.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const oversized = record.files.find(
    ({ path, bytes }) => path !== COMPILED_PACK && bytes > limits.maxFileBytes,
  );
  if (total > limits.maxBytes || oversized !== undefined)
    return corrupt('its files are recorded to be too large');
  if (record.files[0]?.path !== REPORT_PATH) return corrupt('it does not begin with a report');

  const found = await getCompressed(store, FOLDER, record.bundle, total);
  if (found.kind !== 'found') return found;
  if (found.bytes.length !== total) return corrupt('it holds less than was recorded');

  const contents: (readonly [string, Uint8Array])[] = [];
  let from = 0;
  for (const { path, sha256, bytes } of record.files) {
    const content = found.bytes.subarray(from, from + bytes);
    from += bytes;
    if (sha256Of(content) !== sha256) return corrupt(`${path} does not have the digest that was recorded`);
    if (path !== COMPILED_PACK) {
      contents.push([path, content]);
      continue;
    }
    const compiled = unpack(content, limits.maxCompiledFiles);
    if (compiled === undefined) return corrupt('its compiled SQL cannot be read');
    contents.push(...compiled);
  }
  const problem = problemOfPaths(contents.map(([path]) => path));
  if (problem !== undefined) return corrupt(problem);
  return { kind: 'fetched', contents: new Map(contents) };
}
