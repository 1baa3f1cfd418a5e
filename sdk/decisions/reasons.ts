import type { DecisionReason, NodeAction } from './decision.ts';

/** What State did with a node, as the node's own result says. */
export interface StateVerdict {
  readonly action: Extract<NodeAction, 'reused' | 'cloned'>;
  readonly because: DecisionReason;
  /** The result says that State kept it, and not why. */
  readonly basis?: 'inferred';
}

const REUSED: StateVerdict = { action: 'reused', because: 'no-changes' };
const REUSED_STALE: StateVerdict = { action: 'reused', because: 'within-lag-tolerance' };
const REUSED_PARTLY_CHANGED: StateVerdict = { action: 'reused', because: 'update-criteria-not-met' };
const CLONED: StateVerdict = { action: 'cloned', because: 'clone-of-other-environment' };
const CLONED_STALE: StateVerdict = { action: 'cloned', because: 'clone-within-lag-tolerance' };
const STORED: StateVerdict = { action: 'reused', because: 'stored-test-result' };
const WITH_ITS_MODEL: StateVerdict = { action: 'reused', because: 'model-reused' };

/** The messages under `status: success`, which State shares with everything else. */
const UNDER_SUCCESS: ReadonlyMap<string, StateVerdict> = new Map([
  ['NO-OP', REUSED],
  ['NO-OP (within tolerance)', REUSED_STALE],
  ['CLONE', CLONED],
  ['CLONE (within tolerance)', CLONED_STALE],
]);

/** dbt v2 names its reason in its telemetry. */
const BY_CACHE_REASON: ReadonlyMap<string, StateVerdict> = new Map([
  ['NODE_CACHE_REASON_NO_CHANGES', REUSED],
  ['NODE_CACHE_REASON_STILL_FRESH', REUSED_STALE],
  ['NODE_CACHE_REASON_UPDATE_CRITERIA_NOT_MET', REUSED_PARTLY_CHANGED],
  ['NODE_CACHE_REASON_CLONED_EXISTING', CLONED],
  ['NODE_CACHE_REASON_CLONED_EXISTING_STILL_FRESH', CLONED_STALE],
]);

/** dbt v2's message for a test whose stored result it gave back, whatever the result. */
const CACHED_TEST = 'NO-OP - cached test result';
/** dbt v2's message for a test it left out because its model was reused. */
const MODEL_REUSED = 'Skipped due to model reuse';

const TEST_ENDED: ReadonlySet<string> = new Set(['pass', 'warn', 'fail']);

export interface ResultWords {
  readonly status: string;
  readonly message: string | undefined;
  readonly isTest: boolean;
  readonly adapterMessage: string | undefined;
  /** The adapter's response holds nothing but, perhaps, `_message`. */
  readonly adapterBare: boolean;
  /** dbt v2's own name of the reason, from its telemetry. Counts for more than the message. */
  readonly cacheReason: string | undefined;
}

/**
 * What State did, or undefined if the result does not say that it did anything.
 *
 * A model's own SQL can make an adapter answer `NO-OP` as well; State leaves the adapter's response empty, since
 * nothing was sent. A reused test keeps its status, and only a response of nothing but `NO-OP` tells it apart.
 */
export function stateVerdict(result: ResultWords): StateVerdict | undefined {
  const { status, message = '', isTest, adapterMessage, adapterBare, cacheReason = '' } = result;
  if (isTest) {
    if (message === CACHED_TEST) return STORED;
    if (status === 'reused') return message === MODEL_REUSED ? WITH_ITS_MODEL : STORED;
    const stored = cacheReason !== '' || (adapterBare && adapterMessage?.startsWith('NO-OP') === true);
    return stored && TEST_ENDED.has(status) ? STORED : undefined;
  }
  if (status === 'reused') return BY_CACHE_REASON.get(cacheReason) ?? underReused(message);
  if (status !== 'success' || !adapterBare || adapterMessage !== undefined) return undefined;
  return UNDER_SUCCESS.get(message);
}

/** Whether nothing but State writes such a result. The words `NO-OP` and `CLONE` alone need State to be there. */
export function onlyStateSays({ status, message, isTest, cacheReason }: ResultWords): boolean {
  return status === 'reused' || cacheReason !== undefined || (isTest && message === CACHED_TEST);
}

/** dbt Core 1.12 and dbt v2 have a status of their own, with sentences instead of words. */
function underReused(message: string): StateVerdict {
  const stale = /within .*tolerance|lag.tolerance/i.test(message);
  if (/^clone/i.test(message)) return stale ? CLONED_STALE : CLONED;
  if (stale) return REUSED_STALE;
  if (/^no new changes on all upstreams/i.test(message)) return REUSED_PARTLY_CHANGED;
  return /^no new changes/i.test(message) ? REUSED : { ...REUSED, basis: 'inferred' };
}
