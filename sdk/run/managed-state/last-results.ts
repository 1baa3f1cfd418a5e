import type { JsonObject } from '../../artifacts/types.ts';
import type { DedupStore } from '../../dedup/store.ts';
import { getCompressed } from '../../dedup/stored-blob.ts';
import type { EngineLine, LastRun } from '../../state-archive/kept-state.ts';
import { STATE_BLOBS } from '../../state-archive/leave-state.ts';
import { jsonObjectOf } from '../../util/json-of.ts';

/** What did not come to a good end, by dbt's words. */
export const FAILED: ReadonlySet<unknown> = new Set(['error', 'fail', 'partial success']);

type Result = JsonObject;

/**
 * How the nodes of production stand: the results of this run, and of the run before those failures that it has not tried again,
 * since it selected other nodes or ended before it came to them. A node that is gone is forgotten.
 * @returns The results as a file, and whether any is a failure.
 */
export async function resultsOfProduction(
  store: DedupStore,
  before: LastRun | undefined,
  { engine }: Pick<EngineLine, 'engine'>,
  now: { readonly runResults: Uint8Array; readonly exists: (uniqueId: string) => boolean },
): Promise<{ readonly runResults: Uint8Array; readonly hasFailed: boolean }> {
  const ours = jsonObjectOf(text(now.runResults));
  if (ours === undefined) return { runResults: now.runResults, hasFailed: true };
  const results = resultsIn(ours);
  const tried = new Map(results.map((each) => [each['unique_id'], each]));
  const left = (await failuresOf(store, before, engine)).filter(({ unique_id: id }) => {
    const again = tried.get(id);
    return now.exists(String(id)) && (again === undefined || again['status'] === 'skipped');
  });
  const hasFailed = left.length > 0 || results.some(({ status }) => FAILED.has(status));
  if (left.length === 0) return { runResults: now.runResults, hasFailed };
  const replaced = new Set(left.map((each) => each['unique_id']));
  const merged = [...results.filter((each) => !replaced.has(each['unique_id'])), ...left];
  return { runResults: Buffer.from(JSON.stringify({ ...ours, results: merged })), hasFailed };
}

/** Those of another engine cannot be read by this one; what the store has forgotten nobody can. */
async function failuresOf(
  store: DedupStore,
  before: LastRun | undefined,
  engine: EngineLine['engine'],
): Promise<readonly Result[]> {
  if (before?.outcome !== 'failed' || before.engine !== engine) return [];
  const { runResults } = before;
  const got = await getCompressed(store, STATE_BLOBS, runResults, runResults.contentBytes);
  if (got.kind === 'unknown') throw new Error(`which nodes failed before cannot be told (${got.why})`);
  const file = got.kind === 'found' ? jsonObjectOf(text(got.bytes)) : undefined;
  // What was skipped has to be built as well, and not always stands below what failed.
  const isOpen = ({ status }: Result) => FAILED.has(status) || status === 'skipped';
  // It comes back as an error: where nothing has failed any more, no selector would find it.
  return file === undefined
    ? []
    : resultsIn(file)
        .filter(isOpen)
        .map((each) => (each['status'] === 'skipped' ? { ...each, status: 'error' } : each));
}

function resultsIn(file: JsonObject): readonly Result[] {
  const { results } = file;
  return Array.isArray(results) ? results.filter((each) => typeof each === 'object' && each !== null) : [];
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
