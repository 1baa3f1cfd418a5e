import type { Manifest } from '../artifacts/types.ts';
import type { NodeDecision } from './decision.ts';
import { locateFailure } from './locate.ts';
import { manifestNode } from './node-results.ts';

/** Whether a reader will want the exact place: of failures, and of tests that warn. */
function wantsLine(decision: NodeDecision): boolean {
  return decision.location !== undefined && (decision.failed || decision.status === 'warn');
}

/** The project's files worth reading to find lines, relative to the project folder, each once. */
export function filesToRead(decisions: readonly NodeDecision[]): readonly string[] {
  const paths = new Set<string>();
  for (const decision of decisions) {
    if (wantsLine(decision) && decision.location !== undefined) paths.add(decision.location.path);
  }
  return [...paths];
}

/**
 * The decisions with lines where they are known.
 * @param texts Contents of the files of {@link filesToRead}; one that could not be read is left out.
 */
export function withLines(
  decisions: readonly NodeDecision[],
  manifest: Manifest | undefined,
  texts: ReadonlyMap<string, string>,
): readonly NodeDecision[] {
  return decisions.map((decision) => {
    if (!wantsLine(decision) || decision.location === undefined) return decision;
    const location = locateFailure({
      message: decision.message,
      originalFilePath: decision.location.path,
      fileText: texts.get(decision.location.path),
      node: manifestNode(manifest, decision.uniqueId),
    });
    return { ...decision, location };
  });
}
