import { type ClaimHandle, resumeClaim } from '../../dedup/claim-handle.ts';
import type { DedupStore } from '../../dedup/store.ts';
import type { DedupSettings } from '../../dedup-settings.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { BuiltReport } from './built-report.ts';
import type { Identity } from './identify.ts';
import { producerOf } from './producer.ts';
import type { Execution } from './settle.ts';
import { shownKey } from './shown-key.ts';

/** The claim, and with it the target that dbt was given, which may be another than was claimed. */
export function withTarget(
  handle: ClaimHandle,
  { writes }: Identity,
  report: BuiltReport | undefined,
): ClaimHandle {
  const target = report?.targetDigest;
  if (target === undefined || !writes || handle.writes.includes(target)) return handle;
  return { ...handle, writes: [...handle.writes, target] };
}

interface TakeUp {
  readonly settings: DedupSettings;
  readonly store: DedupStore;
  readonly handle: ClaimHandle;
  readonly identity: Identity;
}

/** The claim as this process's own. Undefined where the store does not say whose it is. */
export async function takeUp(
  run: RunContext,
  plan: Plan,
  { settings, store, handle, identity }: TakeUp,
): Promise<Execution | undefined> {
  const policy = settings.policyFor(store);
  const { key } = identity;
  const isKnown = key.kind === 'given' || key.kind === 'derived';
  const of = { policy, key: isKnown ? key : { kind: 'given' as const, parts: [] } };
  const found = await resumeClaim(store, handle, of);
  if (found.kind === 'unknown') return undefined;
  let claim = found.kind === 'resumed' ? found.claim : undefined;
  if (claim === undefined) {
    // Another has the key, or nobody. What was written was written all the same, and others have to hear of it.
    const { digest: _, ...places } = handle;
    const outside = await resumeClaim(store, places, of);
    claim = outside.kind === 'resumed' ? outside.claim : undefined;
  }
  if (claim === undefined) return undefined;
  return {
    kind: 'execute',
    ledger: {
      ...{ store, policy, settings, identity, waitedMs: undefined },
      producer: producerOf(run, plan, settings),
      key: keyOf(run, identity),
    },
    claim,
    handle,
    // It was told where it was claimed.
    because: Promise.resolve({ kind: 'unknown' }),
    isPartOfAnother: false,
    env: {},
  };
}

function keyOf(run: RunContext, { key }: Identity): Execution['ledger']['key'] {
  return key.kind === 'given' || key.kind === 'derived' ? shownKey(run, key) : undefined;
}
