import type { DecisionReason, NodeAction } from './decision.ts';

/** What State did with a node, as the node's own result says. */
export interface StateVerdict {
  readonly action: Extract<NodeAction, 'reused' | 'cloned'>;
  readonly because: DecisionReason;
}

const REUSED: StateVerdict = { action: 'reused', because: 'no-changes' };
const REUSED_STALE: StateVerdict = { action: 'reused', because: 'within-lag-tolerance' };
const CLONED: StateVerdict = { action: 'cloned', because: 'clone-of-other-environment' };
const CLONED_STALE: StateVerdict = { action: 'cloned', because: 'clone-within-lag-tolerance' };
const STORED: StateVerdict = { action: 'reused', because: 'stored-test-result' };

/** The messages under `status: success`, which State shares with everything else. */
const UNDER_SUCCESS: ReadonlyMap<string, StateVerdict> = new Map([
  ['NO-OP', REUSED],
  ['NO-OP (within tolerance)', REUSED_STALE],
  ['CLONE', CLONED],
  ['CLONE (within tolerance)', CLONED_STALE],
]);

export interface ResultWords {
  readonly status: string;
  readonly message: string | undefined;
  readonly isTest: boolean;
  readonly adapterMessage: string | undefined;
  /** The adapter's response holds nothing but, perhaps, `_message`. */
  readonly adapterBare: boolean;
}

/**
 * What State did, or undefined if the result does not say that it did anything.
 *
 * A model's own SQL can make an adapter answer `NO-OP` as well; State leaves the adapter's response empty, since
 * nothing was sent. A reused test keeps its status, and only a response of nothing but `NO-OP` tells it apart.
 */
export function stateVerdict(result: ResultWords): StateVerdict | undefined {
  const { status, message, isTest, adapterMessage, adapterBare } = result;
  if (isTest) {
    if (status === 'reused') return STORED;
    const stored = adapterBare && adapterMessage?.startsWith('NO-OP') === true;
    return stored && (status === 'pass' || status === 'fail' || status === 'warn') ? STORED : undefined;
  }
  if (status === 'reused') return underReused(message ?? '');
  if (status !== 'success' || !adapterBare || adapterMessage !== undefined) return undefined;
  return UNDER_SUCCESS.get(message ?? '');
}

/** dbt Core 1.12 has a status of its own, with sentences instead of words. */
function underReused(message: string): StateVerdict {
  const stale = /within .*tolerance|lag.tolerance/i.test(message);
  if (/^clone/i.test(message)) return stale ? CLONED_STALE : CLONED;
  return stale ? REUSED_STALE : REUSED;
}
