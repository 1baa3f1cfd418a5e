import type { ClaimAnswer } from '../claim-run.ts';
import type { DedupStore } from '../dedup/store.ts';
import type { DedupSettings } from '../dedup-settings.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import type { RunResult } from '../result.ts';
import { optional } from '../util/optional.ts';
import { atMost, unlessAborted } from '../util/waiting.ts';
import { concludeNotDone } from './conclude.ts';
import { type Begun, beginDedup, openLedger } from './dedup/begin.ts';
import { concludeSkip } from './dedup/conclude-replay.ts';
import { checkLease } from './dedup/handed-over.ts';
import { leaveLedger } from './dedup/leave-ledger.ts';
import { attemptOf } from './dedup/other-attempt.ts';
import { unavailableNotice } from './dedup/settle.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { beginRun, type RunContext } from './run-context.ts';
import { replay, stopError } from './run-stages.ts';

/** For the words about why it has to run. */
const BECAUSE_MS = 3000;

/** Plan, ask the ledger, hand the claim over. Failures come back as results. */
export async function claimStages(
  args: readonly string[],
  options: ResolvedOptions,
  settings: DedupSettings,
  emit: (event: RunEvent) => void,
): Promise<ClaimAnswer> {
  const run: RunContext = { ...beginRun(args, options, emit), startsNothing: true };
  let plan: Plan | undefined;
  let store: DedupStore | undefined;
  let beginning: Promise<Begun> | undefined;
  let begun: Begun | undefined;
  let endedAt: number | undefined;
  try {
    plan = await makePlan(run);
    if (plan.inputs.commandLine.asksFor !== undefined) throw nothingToRun(plan);
    store = await openLedger(run, settings);
    checkLease(settings.policyFor(store), store);
    beginning = beginDedup(run, plan, { settings, store });
    begun = await unlessAborted(run.stops.signal, beginning);
    if (begun.kind === 'skip') return answerOf(await concludeSkip(run, plan, begun));
    if (begun.kind === 'replay') return answerOf(await replay(run, plan, begun, undefined));
    return await handOver(run, plan, begun, settings);
  } catch (thrown) {
    endedAt = performance.now();
    const error = stopError(run) ?? DbtRunCacheError.from(thrown);
    return answerOf(await concludeNotDone(run, plan, error, begun?.kind === 'execute' ? begun : undefined));
  } finally {
    await leaveLedger(run, { store, beginning, endedAt: endedAt ?? performance.now() });
    run.stops.dispose();
  }
}

async function handOver(
  run: RunContext,
  plan: Plan,
  begun: Extract<Begun, { kind: 'execute' }>,
  settings: DedupSettings,
): Promise<ClaimAnswer> {
  const { claim, handle, ledger } = begun;
  const because = await atMost(BECAUSE_MS, begun.because, { kind: 'unknown' as const });
  // Who was told to stop starts nobody else.
  run.stops.signal.throwIfAborted();
  claim.handOver();
  const unavailable =
    because.kind === 'unavailable' ? [unavailableNotice(ledger.store, because.why, 'runs')] : [];
  return {
    kind: claim.owns ? 'claimed' : 'unclaimed',
    claim: { ...handle, ...optional('workflowRun', attemptOf(settings)) },
    command: plan.command,
    dedup: {
      store: ledger.store.kind,
      scope: ledger.store.guarantees.scope,
      ...optional('key', ledger.key),
      ...optional('waitedMs', ledger.waitedMs),
      because,
      ...(claim.adopted ? { adopted: true as const } : {}),
    },
    notices: [...run.notices, ...unavailable].map((one) => run.named.deep(one)),
  };
}

function answerOf(result: RunResult): ClaimAnswer {
  switch (result.outcome) {
    case 'replayed':
      return { kind: 'replayed', result };
    case 'skipped-in-flight':
      return { kind: 'skipped-in-flight', result };
    case 'failed':
      return { kind: 'failed', result };
    case 'executed':
      throw new Error('nothing was executed');
  }
}

function nothingToRun({ command }: Plan): DbtRunCacheError {
  return new DbtRunCacheError(
    `These arguments ask dbt ${command} for help or its version, which has no result`,
    {
      code: 'invalid-options',
      hint: 'Give the command that is to be run.',
    },
  );
}
