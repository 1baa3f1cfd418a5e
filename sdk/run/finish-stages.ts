import { abandonClaim, type ClaimHandle } from '../dedup/claim-handle.ts';
import type { DedupStore } from '../dedup/store.ts';
import type { DedupSettings } from '../dedup-settings.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { FinishedRun, JobResult } from '../finish-run.ts';
import type { ResolvedOptions } from '../options.ts';
import type { RunReport } from '../result.ts';
import { optional } from '../util/optional.ts';
import { atMost, unlessAborted } from '../util/waiting.ts';
import { type Collected, collectArtifacts } from './collect-artifacts.ts';
import { openLedger } from './dedup/begin.ts';
import { type Built, type BuiltReport, otherThanClaimed, provenBy, readBuilt } from './dedup/built-report.ts';
import { digestOfKey, type Identity, identify } from './dedup/identify.ts';
import { otherAttempt } from './dedup/other-attempt.ts';
import { type Execution, notice, type Settled, settle } from './dedup/settle.ts';
import { takeUp, withTarget } from './dedup/take-up.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { reportBase } from './report-base.ts';
import { beginRun, type RunContext } from './run-context.ts';
import { stopError } from './run-stages.ts';

/** For freeing the key of a run of which nothing more can be told. */
const FREEING_MS = 30_000;
const CLOSING_MS = 10_000;

export interface ToFinish {
  readonly handle: ClaimHandle;
  readonly result: JobResult;
}

/** Plan, find out what became of the run, end its claim. */
export async function finishStages(
  args: readonly string[],
  options: ResolvedOptions,
  settings: DedupSettings,
  toFinish: ToFinish,
): Promise<FinishedRun> {
  const run: RunContext = { ...beginRun(args, options, () => undefined), startsNothing: true };
  let store: DedupStore | undefined;
  try {
    store = await openLedger(run, settings);
    return await finishIn(run, settings, store, toFinish);
  } finally {
    if (store !== undefined) await atMost(CLOSING_MS, store.close(), undefined).catch(() => undefined);
    run.stops.dispose();
  }
}

async function finishIn(
  run: RunContext,
  settings: DedupSettings,
  store: DedupStore,
  toFinish: ToFinish,
): Promise<FinishedRun> {
  const { handle, result } = toFinish;
  const { signal } = run.stops;
  let plan: Plan;
  let identity: Identity;
  try {
    plan = await unlessAborted(signal, makePlan(run));
    identity = await unlessAborted(signal, identify(run, plan, settings, store.folder));
  } catch (thrown) {
    const freed = await atMost(FREEING_MS, abandonClaim(store, handle), 'unknown' as const);
    if (result === 'success') throw stopError(run) ?? DbtRunCacheError.from(thrown);
    const record = freed === 'freed' ? 'none' : freed === 'not-held' ? 'lost' : 'unknown';
    return {
      ...outcomeOf(toFinish, settings, { kind: 'unproven', why: '' }),
      ...{ command: run.args[0] ?? '', record },
      ...{ store: store.kind, notices: [], ...optional('keyDigest', handle.digest) },
    };
  }
  const read = await readBuilt(run, plan, handle.claimedAt);
  const { report } = read;
  // A run is told apart by when it began: what it left is what has been written since.
  const then: RunContext =
    report === undefined ? run : { ...run, startedAt: new Date(report.startedAt), notices: [] };
  const collected = await collect(plan, report);
  const built = provenBy(collected, plan, read);
  const refused = refusal(run, plan, { toFinish, settings, identity, built, collected });
  const written = withTarget(handle, identity, report);
  const execution = await takeUp(then, plan, { settings, store, handle: written, identity });
  const { record, notices } =
    execution === undefined
      ? { record: 'unknown' as const, notices: [unanswered(store)] }
      : await end(then, plan, execution, { report, collected, refused });
  return {
    ...outcomeOf(toFinish, settings, built),
    command: plan.command,
    store: store.kind,
    ...optional('keyDigest', handle.digest),
    record,
    notices: [...run.notices, ...notices].map((one) => run.named.deep(one)),
  };
}

function outcomeOf(
  { handle, result }: ToFinish,
  settings: DedupSettings,
  built: Built,
): Pick<FinishedRun, 'outcome' | 'why'> {
  const again = otherAttempt(handle, settings);
  if (again !== undefined) return { outcome: 'unproven', why: again };
  if (result !== 'success') return { outcome: 'failed', why: jobEnded(result) };
  return { outcome: built.kind, ...optional('why', built.why) };
}

function jobEnded(result: JobResult): string {
  switch (result) {
    case 'success':
      return 'The job that runs dbt ended well';
    case 'failure':
      return 'The job that runs dbt failed';
    case 'cancelled':
      return 'The job that runs dbt was cancelled';
    case 'skipped':
      return 'The job that runs dbt was skipped, although dbt had to run';
  }
}

/** What dbt wrote, as it lies here. */
async function collect(plan: Plan, report: BuiltReport | undefined): Promise<Collected> {
  if (report === undefined) return { artifacts: {}, paths: {}, notices: [] };
  return collectArtifacts({
    expected: plan.expectedArtifacts,
    invocationId: report.invocationId,
    startedAt: new Date(report.startedAt),
    finished: plan.writesAll,
  });
}

/** Why no record may be left; undefined where one may. */
function refusal(
  run: RunContext,
  plan: Plan,
  {
    toFinish: { handle, result },
    settings,
    identity,
    built,
    collected,
  }: {
    readonly toFinish: ToFinish;
    readonly settings: DedupSettings;
    readonly identity: Identity;
    readonly built: Built;
    readonly collected: Collected;
  },
): Settled | undefined {
  if (result !== 'success' || built.kind !== 'built' || otherAttempt(handle, settings) !== undefined)
    return { fate: 'none' };
  const { key } = identity;
  const digest = key.kind === 'given' || key.kind === 'derived' ? digestOfKey(key.text) : undefined;
  if (handle.digest !== undefined && digest !== handle.digest) {
    const unknown =
      key.kind === 'none' ? ` (not known here: ${key.unknown.map(({ part }) => part).join(', ')})` : '';
    return changed(`the inputs here are not those that were claimed${run.clean(unknown)}`);
  }
  const other = otherThanClaimed(run, plan, identity, built.report);
  if (other !== undefined) return changed(`dbt ran with ${other}`);
  const [lacking] = collected.notices;
  if (lacking === undefined) return undefined;
  return {
    fate: 'none',
    notice: notice(
      'dedup-result-not-seen',
      `The result is not kept for identical runs, since not all of its files are here: ${lacking.message}`,
    ),
  };
}

function changed(how: string): Settled {
  const message = `The result is not kept for identical runs: ${how}`;
  return { fate: 'inputs-changed', notice: notice('dedup-inputs-changed', message) };
}

async function end(
  run: RunContext,
  plan: Plan,
  execution: Execution,
  {
    report,
    collected,
    refused,
  }: {
    readonly report: BuiltReport | undefined;
    readonly collected: Collected;
    readonly refused: Settled | undefined;
  },
): Promise<Pick<FinishedRun, 'record' | 'notices'>> {
  const { artifacts, paths } = collected;
  const { dedup, notices } = await settle(run, plan, execution, {
    report: reportOf(run, plan, report, paths),
    artifacts,
    refused,
  });
  const isLost = execution.handle.digest !== undefined && !execution.claim.owns;
  if (!isLost) return { record: dedup.record, notices };
  return { record: 'lost', notices: [...notices, over()] };
}

/** The report as if the run had been executed here. */
function reportOf(
  run: RunContext,
  plan: Plan,
  built: BuiltReport | undefined,
  artifactPaths: RunReport['artifactPaths'],
): RunReport {
  const base = reportBase(run, plan, built?.wallMs ?? 0);
  if (built === undefined) {
    const state = { kind: 'unknown', why: 'there is no report of the run' } as const;
    return { ...base, outcome: 'failed', state, decisions: [], notices: [], artifactPaths };
  }
  const { outcome, failure, exitCode, invocationId, engine, threads, state, diagnosis, savings } = built;
  return {
    ...base,
    outcome,
    ...optional('failure', failure),
    ...optional('exitCode', exitCode),
    ...optional('invocationId', invocationId),
    ...optional('engine', { ...engine, ...plan.engine }),
    ...optional('targetDigest', built.targetDigest),
    ...optional('threads', threads),
    state,
    ...optional('diagnosis', diagnosis),
    ...optional('savings', savings),
    ...optional('selectedCount', built.selectedCount),
    decisions: built.decisions,
    notices: built.notices,
    artifactPaths,
  };
}

function over() {
  return notice(
    'dedup-unavailable',
    'The claim of this run was over before: it had been ended or released, or its time had run out and another run took the key over. So the result is not kept',
  );
}

function unanswered({ kind }: DedupStore) {
  return notice(
    'dedup-unavailable',
    `The ${kind} ledger did not answer, so the result is not kept; its key is free when the workflow run is over, or its lease`,
  );
}
