import type { SourcesArtifact } from '../artifacts/types.ts';

/**
 * The sources that dbt's `source_status:fresher` takes: those loaded since. dbt Core also takes one that was not asked before;
 * dbt v2 does not.
 * @param before What dbt finds in the state's `sources.json`.
 * @param now What dbt has written just now: its version decides.
 */
export function fresherSources(before: SourcesArtifact, now: SourcesArtifact): readonly string[] {
  const takesNew = Number(now.metadata.dbt_version.split('.')[0]) < 2;
  const old = loadTimes(before);
  return [...loadTimes(now)].flatMap(([uniqueId, loadedAt]) => {
    const previous = old.get(uniqueId);
    const isFresher = previous === undefined ? takesNew : isLater(loadedAt, previous);
    return isFresher ? [uniqueId] : [];
  });
}

function loadTimes({ results }: SourcesArtifact): ReadonlyMap<string, string> {
  const times = new Map<string, string>();
  for (const { unique_id: id, max_loaded_at: loadedAt } of results) {
    // A source that could not be asked has no time.
    if (typeof loadedAt === 'string' && loadedAt !== '') times.set(id, loadedAt);
  }
  return times;
}

/** To the microsecond, which is what dbt compares; a `Date` knows milliseconds. */
function isLater(now: string, before: string): boolean {
  const difference = Date.parse(now) - Date.parse(before);
  // What cannot be read here may be later.
  if (Number.isNaN(difference)) return now !== before;
  return difference > 0 || (difference === 0 && microseconds(now) > microseconds(before));
}

function microseconds(time: string): number {
  return Number((/[.,](\d+)/.exec(time)?.[1] ?? '').slice(0, 6).padEnd(6, '0'));
}
