import type { NodeDecision } from '../decisions/decision.ts';
import { explainNode } from './explain-node.ts';
import type { ExplainedNode } from './explanation.ts';

/** A node as the event `node-finished` tells it. */
export type FinishedNode = Pick<
  NodeDecision,
  | 'uniqueId'
  | 'name'
  | 'resourceType'
  | 'materialized'
  | 'action'
  | 'because'
  | 'detail'
  | 'basis'
  | 'status'
  | 'message'
  | 'failed'
  | 'failures'
  | 'executionMs'
>;

/**
 * A node in words while dbt still runs: `explainFinished(event).sentence` for an event of kind `node-finished`. As
 * provisional as the event.
 * @param run.adapterType As the event `job-started` tells it: some sentences depend on the warehouse.
 */
export function explainFinished(
  node: FinishedNode,
  run: { readonly adapterType?: string | undefined } = {},
): ExplainedNode {
  return explainNode(
    { ...node, evidence: [] },
    { nameOf: (uniqueId) => uniqueId, adapterType: run.adapterType },
  );
}
