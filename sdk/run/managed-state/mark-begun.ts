import { randomUUID } from 'node:crypto';
import type { BegunRun } from '../../state-archive/kept-state.ts';
import { noteBegun } from '../../state-archive/leave-state.ts';
import { atMost } from '../../util/waiting.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { buildsOrTests } from './builds-production.ts';
import type { StateDesk } from './state-desk.ts';
import { whyNotPublish } from './why-not-publish.ts';

/** dbt waits for it. */
const NOTING_MS = 10_000;

/** A run of production that has been noted as begun. */
export interface Begun {
  readonly token: string;
  /** Those before it that have not ended. */
  readonly others: readonly BegunRun[];
}

/**
 * Notes that dbt is about to change production's tables: killed, it could not say what it has built. Undefined for a run that
 * keeps no state, and where the store does not take it.
 */
export async function markBegun(run: RunContext, plan: Plan, desk: StateDesk): Promise<Begun | undefined> {
  const { settings, history, store, place } = desk;
  if (settings.publish === 'never' || 'kind' in history || !buildsOrTests(plan)) return undefined;
  if (settings.publish === 'auto' && (await whyNotPublish(run, plan, desk)) !== undefined) return undefined;
  const begun = { token: randomUUID(), commit: history.head, startedAt: run.startedAt.toISOString() };
  const noting = noteBegun(store, place, begun, { retainMs: settings.retentionMs }).catch(() => undefined);
  const others = await atMost(NOTING_MS, noting, undefined);
  return others === undefined ? undefined : { token: begun.token, others };
}
