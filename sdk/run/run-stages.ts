import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLiveDecisions } from '../decisions/decide-live.ts';
import { createObservations } from '../decisions/observations.ts';
import type { EarlierRun } from '../dedup/dedup-report.ts';
import type { DedupStore } from '../dedup/store.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import type { RunResult } from '../result.ts';
import { runtimeOf } from '../runtimes/runtime.ts';
import { lockTarget, type TargetLock } from '../runtimes/target-lock.ts';
import { optional } from '../util/optional.ts';
import { atMost, unlessAborted } from '../util/waiting.ts';
import { bringDbt, bringEnvironment } from './bring-dbt.ts';
import { bringPackages } from './bring-packages.ts';
import { asNotice } from './collect-artifacts.ts';
import { concludeNotDone, concludeRun, type Watched } from './conclude.ts';
import { type Begun, beginDedup, stopGrace } from './dedup/begin.ts';
import { concludeReplay, concludeSkip } from './dedup/conclude-replay.ts';
import { leaveLedger } from './dedup/leave-ledger.ts';
import { notePlaces } from './dedup/note-places.ts';
import type { Execution } from './dedup/settle.ts';
import { toRunEvent } from './live-events.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { beginState } from './managed-state/begin-state.ts';
import { freshSources } from './managed-state/fresh-sources.ts';
import { markBegun } from './managed-state/mark-begun.ts';
import { type StateDesk, stateDesk } from './managed-state/state-desk.ts';
import { type OpenedStores, openedStores } from './opened-stores.ts';
import { type ParseDesk, parseDesk } from './parse-desk.ts';
import { beginRun, type RunContext } from './run-context.ts';

/** How long a finished run may still take to leave its target folder. */
const LEAVING_MS = 30_000;
/** How long the ledger may take, once dbt has ended, for what it was told meanwhile. */
const NOTING_MS = 5000;

/** Plan, ask the ledger, take the target folder, run dbt, read what it did, report. Failures come back as results. */
export async function runStages(
  args: readonly string[],
  options: ResolvedOptions,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  const run = beginRun(args, options, emit);
  const stores = openedStores(run);
  const parses = parseDesk(run, stores);
  const folders: string[] = [];
  let plan: Plan | undefined;
  let store: DedupStore | undefined;
  let beginning: Promise<Begun> | undefined;
  let begun: Begun | undefined;
  let endedAt: number | undefined;
  const noteEnd = (): void => {
    endedAt ??= performance.now();
  };
  try {
    plan = await makePlan(run);
    await bringPackages(run, plan);
    const desk = await compare(run, plan, { stores, parses }, folders);
    if (options.dedup !== undefined && plan.inputs.commandLine.asksFor === undefined) {
      store = await stores.open(options.dedup.store, options.dedup.githubToken);
      beginning = beginDedup(run, plan, { settings: options.dedup, store });
      begun = await unlessAborted(run.stops.signal, beginning, stopGrace(run, options.dedup));
    }
    if (begun?.kind === 'skip') return await concludeSkip(run, plan, begun);
    if (begun?.kind === 'replay') return await replay(run, plan, begun, desk);
    const planned = plan;
    plan = await bringDbt(run, planned);
    return await execute(run, plan, { execution: begun, desk, parses }, noteEnd);
  } catch (thrown) {
    noteEnd();
    const error = stopError(run) ?? DbtRunCacheError.from(thrown);
    return await concludeNotDone(run, plan, error, begun?.kind === 'execute' ? begun : undefined);
  } finally {
    noteEnd();
    await leaveLedger(run, { store, beginning, endedAt: endedAt ?? 0 });
    await stores.close();
    await Promise.all(
      folders.map((each) => rm(each, { recursive: true, force: true }).catch(() => undefined)),
    );
    run.stops.dispose();
  }
}

/** With managed state: where states are kept, and what this run compares itself with. */
async function compare(
  run: RunContext,
  plan: Plan,
  { stores, parses }: { readonly stores: OpenedStores; readonly parses: ParseDesk },
  folders: string[],
): Promise<StateDesk | undefined> {
  const { state: settings } = run.options;
  const { project } = plan;
  if (settings === undefined || project === undefined || plan.inputs.commandLine.asksFor !== undefined)
    return undefined;
  const store = await stores.open(settings.store, settings.githubToken);
  const desk = await stateDesk(run, { ...plan, project }, { settings, store });
  // To parse and to ask for freshness dbt has to be there.
  if (plan.environment !== undefined && (settings.slim === 'strict' || settings.fresherSources))
    await bringEnvironment(run, plan.environment);
  if (settings.slim === 'strict') await parses.restore(plan);
  const fresh = await freshSources(run, plan);
  if (settings.isCompared) run.noteComparison(await beginState(run, plan, desk, { fresh, folders }));
  return { ...desk, ...optional('fresh', fresh) };
}

interface Executing {
  readonly execution: Execution | undefined;
  readonly desk: StateDesk | undefined;
  readonly parses: ParseDesk;
}

async function execute(
  run: RunContext,
  plan: Plan,
  { execution, desk, parses }: Executing,
  noteEnd: () => void,
): Promise<RunResult> {
  const lock = await takeTarget(run, plan, run.options.onTargetBusy);
  try {
    await parses.restore(plan);
    const begun = desk === undefined ? undefined : await markBegun(run, plan, desk);
    const watched = await runPlan(run, plan, lock, execution);
    noteEnd();
    const parseCache = await parses.save(watched);
    return await concludeRun(run, plan, watched, {
      execution,
      desk: desk === undefined ? undefined : { ...desk, ...optional('begun', begun) },
      parseCache,
    });
  } finally {
    await lock?.release();
  }
}

/** The run that is repeated may have finished just now and be about to leave the target folder. */
export async function replay(
  run: RunContext,
  plan: Plan,
  begun: Extract<Begun, { kind: 'replay' }>,
  desk: StateDesk | undefined,
): Promise<RunResult> {
  const soon = AbortSignal.timeout(LEAVING_MS);
  const lock = await takeTarget(run, plan, 'wait', soon).catch((thrown: unknown) => {
    if (!soon.aborted || run.stops.cause !== undefined) throw thrown;
    return takeTarget(run, plan, run.options.onTargetBusy);
  });
  try {
    return await concludeReplay(run, plan, begun, desk);
  } finally {
    await lock?.release();
  }
}

/** Before dbt is there, a request to stop shows as whatever it interrupted. */
export function stopError(run: RunContext): DbtRunCacheError | undefined {
  const asked = run.asked();
  const waited =
    asked?.waitingSince === undefined
      ? ''
      : `while it waited for an identical run${placeOf(run, asked.run)}, `;
  switch (run.stops.cause) {
    case undefined:
      return undefined;
    case 'timed-out':
      return new DbtRunCacheError(`The timeout ended the run ${waited}before dbt was started`, {
        code: 'timed-out',
        ...(waited === ''
          ? {}
          : {
              hint: 'The timeout counts the waiting too: raise it, or say with on-in-flight what to do in place of waiting.',
            }),
      });
    case 'cancelled':
    case 'signal':
      return new DbtRunCacheError(`The run was cancelled ${waited}before dbt was started`, {
        code: 'cancelled',
      });
  }
}

function placeOf(run: RunContext, other: EarlierRun | undefined): string {
  return other === undefined ? '' : ` (${run.clean(other.url ?? `${other.host}, process ${other.pid}`)})`;
}

async function takeTarget(
  run: RunContext,
  plan: Plan,
  onBusy: 'fail' | 'wait',
  until?: AbortSignal,
): Promise<TargetLock | undefined> {
  if (plan.project === undefined || !plan.needsTarget) return undefined;
  try {
    return await lockTarget(plan.project.targetPath, {
      onBusy,
      signal: until === undefined ? run.stops.signal : AbortSignal.any([run.stops.signal, until]),
      onWait: ({ pid }) =>
        run.send({
          kind: 'dbt-message',
          level: 'info',
          name: 'WaitingForTarget',
          message: `Waiting for the dbt run of process ${pid} on the same target folder`,
        }),
    });
  } catch (thrown) {
    if (thrown instanceof DbtRunCacheError || run.stops.cause !== undefined || until?.aborted) throw thrown;
    // A full or read-only temporary folder is no reason not to run dbt.
    run.notices.push(
      asNotice(
        new DbtRunCacheError(`The target folder could not be reserved: ${String(thrown)}`, {
          code: 'report-unwritable',
          hint: 'Make the temporary folder writable. Until then, see to it that no second dbt uses this target folder.',
        }),
      ),
    );
    return undefined;
  }
}

/** Runs dbt and watches it. */
async function runPlan(
  run: RunContext,
  plan: Plan,
  lock: TargetLock | undefined,
  execution: Execution | undefined,
): Promise<Watched> {
  run.stops.signal.throwIfAborted();
  const observations = createObservations();
  const decideLive = createLiveDecisions({
    command: plan.command,
    engine: plan.engine.kind,
    ...plan.state,
    redact: run.clean,
  });
  const workFolder = await makeWorkFolder(run);
  run.send({
    kind: 'job-started',
    command: plan.command,
    args: run.shownArgs(),
    ...(plan.project === undefined ? {} : { projectDir: plan.project.dir }),
    ...(plan.engine.dbtVersion === undefined ? {} : { dbtVersion: plan.engine.dbtVersion }),
    ...(plan.engine.adapterType === undefined ? {} : { adapterType: plan.engine.adapterType }),
  });
  let noted: Promise<void> | undefined;
  let placesNoted: Promise<void> | undefined;
  let invocationId: string | undefined;
  try {
    const end = await runtimeOf(plan.engine.kind)({
      command: plan.commandPrefix,
      args: run.comparison()?.dbtArgs ?? run.args,
      cwd: plan.cwd,
      env: { ...plan.env, ...execution?.env },
      output: run.options.output,
      redactor: run.named,
      workFolder,
      otelFile: plan.otelFile,
      forceKillAfterMs: run.options.forceKillAfterMs,
      stops: run.stops,
      onStarted: (pid) => {
        noted = lock?.noteDbt(pid).catch(() => undefined);
        run.send({ kind: 'dbt-started', pid });
      },
      onStopping: (signal, cause) => run.send({ kind: 'stopping', cause, signal }),
      onEvent: (event) => {
        observations.add(event);
        invocationId ??= event.info.invocation_id;
        if (event.info.name === 'RuncacheSelection' && execution !== undefined) {
          const uniqueIds = (observations.current().selected ?? []).map(({ unique_id }) => unique_id);
          const selected = { invocationId: event.info.invocation_id, uniqueIds };
          placesNoted = notePlaces(run, plan, execution, selected);
        }
        const body = toRunEvent(event, (uniqueId) => decideLive(uniqueId, observations.current()));
        if (body === undefined) return;
        run.send(
          'message' in body && body.message !== undefined
            ? { ...body, message: run.clean(body.message) }
            : body,
        );
      },
    });
    return { end, observations: observations.current(), invocationId };
  } finally {
    await noted;
    // The end of the claim waits for it as well, and says so where it takes long.
    if (placesNoted !== undefined) await atMost(NOTING_MS, placesNoted, undefined);
    if (workFolder !== undefined)
      await rm(workFolder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Undefined where there is no place for it: dbt then runs without its events being read. */
async function makeWorkFolder(run: RunContext): Promise<string | undefined> {
  try {
    return await mkdtemp(join(tmpdir(), 'dbt-runcache-'));
  } catch (thrown) {
    run.notices.push(
      asNotice(
        new DbtRunCacheError(`dbt's events could not be read: no temporary folder (${String(thrown)})`, {
          code: 'report-unwritable',
          hint: 'Make the temporary folder writable, or set TMPDIR to one that is.',
        }),
      ),
    );
    return undefined;
  }
}
