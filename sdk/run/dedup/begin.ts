import { randomUUID } from 'node:crypto';
import { answeringStore } from '../../dedup/answering-store.ts';
import type { Claim } from '../../dedup/claim.ts';
import type { ClaimHandle } from '../../dedup/claim-handle.ts';
import { coordinate, type DedupRequest, outsideClaim } from '../../dedup/coordinator.ts';
import type { ExecutedBecause } from '../../dedup/dedup-report.ts';
import { earlierRun } from '../../dedup/earlier-run.ts';
import { placeDigest } from '../../dedup/names.ts';
import type { DedupPolicy } from '../../dedup/policy.ts';
import type { LedgerRecord, Producer } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import type { NotedPlaces } from '../../dedup/write-register.ts';
import { type DedupSettings, OUTER_KEY_VARIABLE } from '../../dedup-settings.ts';
import { needsOf } from '../../plan/dbt-commands.ts';
import type { RunReport } from '../../result.ts';
import { openStore } from '../../stores/open-store.ts';
import { optional } from '../../util/optional.ts';
import { unlessAborted } from '../../util/waiting.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { becauseOf, mismatch } from './because.ts';
import { type Fetched, fetchRecord } from './fetch-record.ts';
import { digestOfKey, type Identity, identify } from './identify.ts';
import { ownerCheck } from './owner-check.ts';
import { producerOf } from './producer.ts';
import { shownKey, warnOfSecret } from './shown-key.ts';
import { distrustOf } from './trust.ts';

/** What every answer of the ledger shares. */
export interface Ledger {
  readonly store: DedupStore;
  readonly policy: DedupPolicy;
  readonly settings: DedupSettings;
  readonly identity: Identity;
  readonly producer: Producer;
  /** As reports show it; absent where there is no key. */
  readonly key:
    | { readonly kind: 'given' | 'derived'; readonly digest: string; readonly text?: string }
    | undefined;
  readonly waitedMs: number | undefined;
}

export type Begun =
  | {
      readonly kind: 'execute';
      readonly ledger: Ledger;
      readonly claim: Claim;
      /** For who has to end it elsewhere. */
      readonly handle: ClaimHandle;
      readonly because: Promise<ExecutedBecause>;
      /** What it writes is what the run it is a part of writes. */
      readonly isPartOfAnother: boolean;
      /** Added to dbt's environment. */
      readonly env: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'replay';
      readonly ledger: Ledger;
      readonly record: LedgerRecord;
      readonly report: RunReport;
      readonly contents: ReadonlyMap<string, Uint8Array>;
    }
  | { readonly kind: 'skip'; readonly ledger: Ledger; readonly owner: Producer | undefined };

/** How long dbt may take for its last step out, once it has been killed. */
const KILLED_MS = 1000;

/** The store of the settings; who gave one closes it. A stop ends all waiting for it. */
export async function openLedger(
  run: RunContext,
  settings: Pick<DedupSettings, 'store' | 'githubToken'>,
): Promise<DedupStore> {
  const { store } = settings;
  const { signal } = run.stops;
  if (typeof store !== 'string') return answeringStore(store, { signal, leavesOpen: true });
  const { cwd, env } = run.options;
  const opening = openStore(store, { cwd, env, githubToken: settings.githubToken });
  try {
    return answeringStore(await unlessAborted(signal, opening), { signal });
  } catch (error) {
    void opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  }
}

/** What a stop waits for, in milliseconds: a dbt that is asked for the sources is stopped like any other, not left behind. */
export function stopGrace(run: RunContext, { data }: DedupSettings): number {
  return data === 'sources' ? run.options.forceKillAfterMs + KILLED_MS : 0;
}

/**
 * Asks the ledger whether this run needs to run.
 * @throws DbtRunCacheError `dedup-in-flight`, `dedup-unavailable`, `dedup-mismatch`, as the policy asks.
 */
export async function beginDedup(
  run: RunContext,
  plan: Plan,
  { settings, store }: { readonly settings: DedupSettings; readonly store: DedupStore },
): Promise<Begun> {
  const identifying = identify(run, plan, settings, store.folder);
  // Git and a large project take their time.
  const identity = await unlessAborted(run.stops.signal, identifying, stopGrace(run, settings));
  const policy = settings.policyFor(store);
  const producer = producerOf(run, plan, settings);
  const token = randomUUID();
  const { key } = identity;
  const ledger = (waitedMs?: number): Ledger => ({
    store,
    policy,
    settings,
    identity,
    producer,
    key: key.kind === 'given' || key.kind === 'derived' ? shownKey(run, key) : undefined,
    waitedMs,
  });
  const { targets, writes } = identity;
  const claiming = (digest: string | undefined, known: boolean): ClaimHandle => ({
    schemaVersion: 1,
    ...optional('digest', digest),
    token,
    claimedAt: new Date().toISOString(),
    retentionMs: policy.retentionMs,
    writes: known ? [...new Set(targets.map(placeDigest))] : [],
    reads: {},
  });
  const outside = async (because: ExecutedBecause): Promise<Begun> => {
    // What a nested run writes is what the run it is a part of writes.
    const isPartOfAnother = because.kind === 'nested';
    const isWriting = writes && !isPartOfAnother;
    const handle = claiming(undefined, isWriting);
    if (isWriting) run.send({ kind: 'claiming', claim: handle });
    const { claim } = await outsideClaim({ store, policy, targets, writes: isWriting, token });
    return {
      kind: 'execute',
      ledger: ledger(),
      claim,
      handle,
      because: Promise.resolve(because),
      isPartOfAnother,
      env: {},
    };
  };
  if (key.kind === 'none') return outside({ kind: 'no-key', unknown: key.unknown });
  if (key.kind === 'not-repeatable') return outside({ kind: 'not-repeatable', why: key.why });
  warnOfSecret(run, key);
  run.noteAsked({ store: store.kind, scope: store.guarantees.scope, key: shownKey(run, key) });
  const outer = settings.outerKey?.split(',') ?? [];
  if (outer.includes(digestOfKey(key.text))) return outside({ kind: 'nested' });

  let fetched: Fetched | undefined;
  let waitingSince: number | undefined;
  const request: DedupRequest = {
    store,
    key,
    policy,
    producer,
    token,
    targets,
    writes,
    ...optional('isOver', ownerCheck(settings, store, run.stops.signal)),
    distrust: (record) =>
      distrustOf(
        {
          keyKind: key.kind,
          durableTarget: settings.durableTarget,
          profile: plan.inputs.profile,
          needsProfile: needsOf(plan.inputs.commandLine).profile === 'required',
          targetFiles: identity.targetFiles,
          store,
        },
        record,
      ),
    fetch: async (record) => {
      const answer = await fetchRecord(run, plan, store, record);
      if (typeof answer === 'string') return answer;
      fetched = answer;
      return undefined;
    },
    signal: run.stops.signal,
    onMeet: (owner) => run.noteAsked({ run: earlierRun(owner) }),
    onWait: (owner) => {
      run.noteAsked({ waitingSince: run.elapsedMs() });
      waitingSince = performance.now();
      run.send({
        kind: 'dbt-message',
        level: 'info',
        name: 'WaitingForIdenticalRun',
        message: `Waiting for an identical run${owner === undefined ? '' : ` (${run.clean(owner.url ?? `${owner.host}, process ${owner.pid}`)})`}`,
      });
    },
  };
  const handle = claiming(digestOfKey(key.text), writes);
  // Before anything is written: who is killed then leaves what can be found.
  run.send({ kind: 'claiming', claim: handle });
  const answer = await coordinate(request);
  run.noteAsked({ waitingSince: undefined });
  const settled = ledger(
    waitingSince === undefined ? undefined : Math.round(performance.now() - waitingSince),
  );
  switch (answer.kind) {
    case 'skip':
      return { kind: 'skip', ledger: settled, owner: answer.owner };
    case 'mismatch':
      run.noteAsked({ run: earlierRun(answer.record) });
      throw await mismatch(store, key, answer.record);
    case 'replay':
      return {
        kind: 'replay',
        ledger: settled,
        record: answer.record,
        // The coordinator answers so only after it was fetched.
        ...(fetched as Fetched),
      };
    case 'proceed':
      return {
        kind: 'execute',
        ledger: settled,
        claim: answer.claim,
        handle: {
          // Of a run that runs beside the owner of its key, only what it writes is its own.
          ...(answer.claim.owns ? handle : claiming(undefined, writes)),
          reads: readsOf(answer.noted),
        },
        because: becauseOf(store, key, plan, answer.because),
        isPartOfAnother: false,
        env: { [OUTER_KEY_VARIABLE]: [...outer, digestOfKey(key.text)].join(',') },
      };
  }
}

function readsOf(noted: NotedPlaces | undefined): ClaimHandle['reads'] {
  return Object.fromEntries([...(noted?.reads ?? [])].map(([place, last]) => [place, last ?? null]));
}
