import type { Manifest, RunResults } from '../artifacts/types.ts';
import { descendants, withDescendants } from './descendants.ts';
import { downstreamOf } from './downstream-of.ts';
import { modifiedNodes } from './modified-nodes.ts';
import { overlooked } from './overlooked.ts';
import type { KnownChanges } from './oversight.ts';
import { type ManagedStateEngine, stateNodes } from './state-nodes.ts';
import type { SelectionReasons } from './state-report.ts';

/**
 * What `result:error` and `result:fail` look for: dbt compares the words. A microbatch model of which some batches failed is
 * selected by its name, and so is what was skipped and stands below none of them.
 */
const FAILED = new Set(['error', 'fail', 'partial success']);

/** Why a slim build selects what it selects. */
export function selectionReasons({
  before,
  now,
  engine,
  known,
  lastResults,
  isOfOtherCode = false,
  fresherSources = [],
}: {
  readonly before: Manifest;
  readonly now: Manifest;
  readonly engine: ManagedStateEngine;
  readonly known: KnownChanges;
  /** Of the environment's last run; default none. */
  readonly lastResults?: RunResults | undefined;
  /** Whether all that the last run built is selected, since it is of other code. Default: it is not. */
  readonly isOfOtherCode?: boolean | undefined;
  /** Unique ids of sources with newer data; default none. */
  readonly fresherSources?: readonly string[] | undefined;
}): SelectionReasons {
  const all = modifiedNodes(before, now, engine);
  const listed = stateNodes(now);
  const results = lastResults?.results ?? [];
  const hasFailed = results.some(({ status }) => FAILED.has(status));
  const failed = results.filter(
    ({ status }) =>
      FAILED.has(status) || (hasFailed && status === 'skipped') || (isOfOtherCode && status === 'success'),
  );
  const failedNow = failed.map((entry) => entry.unique_id).filter((uniqueId) => listed.has(uniqueId));
  const below = descendants(
    fresherSources.filter((uniqueId) => listed.has(uniqueId)),
    now,
  );
  return {
    // The others are seen by narrower selectors alone, or are new and need no build: a source, an exposure.
    changes: all.filter(({ selectedBy }) => selectedBy.includes('modified') || selectedBy.includes('new')),
    downstream: Object.fromEntries(downstreamOf(all, now)),
    retried: withDescendants(failedNow, now),
    fresher: [...below].filter((uniqueId) => listed.has(uniqueId)),
    oversights: overlooked(before, now, engine, known, all),
  };
}
