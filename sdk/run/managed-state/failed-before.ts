import { readManifest, readRunResults } from '../../artifacts/read.ts';
import type { Manifest } from '../../artifacts/types.ts';
import { selectionToken } from '../../managed-state/selection-token.ts';

/** How what failed in the last run of production is selected, with what stands below. */
export interface FailedBefore {
  /** e.g. `result:error+`. */
  readonly selectors: readonly string[];
  /** A word for each node that no selector of dbt finds. */
  readonly tokens: readonly string[];
}

/** dbt warns of a result that no node had, and has no word for a microbatch model of which some batches failed. */
export async function failedBefore({
  runResultsPath,
  manifestPath,
  isOfOtherCode = false,
}: {
  readonly manifestPath: string;
  /** Default: there is none, and nothing failed. */
  readonly runResultsPath?: string;
  /** Whether what it built is of neither the state nor this checkout, so that no comparison names it. Default: it is not. */
  readonly isOfOtherCode?: boolean;
}): Promise<FailedBefore> {
  if (runResultsPath === undefined) return { selectors: [], tokens: [] };
  const { results } = await readRunResults(runResultsPath);
  const selectors = ['error', 'fail', ...(isOfOtherCode ? ['success'] : [])]
    .filter((each) => results.some(({ status }) => status === each))
    .map((each) => `result:${each}+`);
  const inPart = results.filter(({ status }) => status === 'partial success').map((each) => each.unique_id);
  const hasFailed = selectors.length > 0 || inPart.length > 0;
  const skipped = hasFailed ? results.filter(({ status }) => status === 'skipped') : [];
  if (inPart.length === 0 && skipped.length === 0) return { selectors, tokens: [] };
  const { nodes } = await readManifest(manifestPath);
  const again = results.filter(({ status }) => status === 'error').map((each) => each.unique_id);
  const roots = [...inPart, ...skippedOnTheirOwn(skipped, [...again, ...inPart], nodes)];
  const tokens = roots.flatMap((id) => (nodes[id] === undefined ? [] : [selectionToken(nodes[id])]));
  return { selectors, tokens };
}

/**
 * What was skipped and stands below nothing that is selected already: after a test that failed, which to dbt nothing stands
 * below, and by `--fail-fast`.
 */
function skippedOnTheirOwn(
  skipped: readonly { readonly unique_id: string }[],
  selected: readonly string[],
  nodes: Manifest['nodes'],
): readonly string[] {
  const known = new Map(selected.map((id) => [id, true]));
  const comesAlong = (id: string): boolean => {
    const answer = known.get(id);
    if (answer !== undefined) return answer;
    known.set(id, false);
    const found = (nodes[id]?.depends_on?.nodes ?? []).some(comesAlong);
    known.set(id, found);
    return found;
  };
  return skipped.map((each) => each.unique_id).filter((id) => !comesAlong(id));
}
