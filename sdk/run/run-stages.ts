import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLiveDecisions } from '../decisions/decide-live.ts';
import { createObservations } from '../decisions/observations.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import type { RunResult } from '../result.ts';
import { runtimeOf } from '../runtimes/runtime.ts';
import { lockTarget, type TargetLock } from '../runtimes/target-lock.ts';
import { asNotice } from './collect-artifacts.ts';
import { concludeNotDone, concludeRun, type Watched } from './conclude.ts';
import { toRunEvent } from './live-events.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { beginRun, type RunContext } from './run-context.ts';

/** Plan, take the target folder, run dbt, read what it did, report. Failures come back as results. */
export async function runStages(
  args: readonly string[],
  options: ResolvedOptions,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  const run = beginRun(args, options, emit);
  let plan: Plan | undefined;
  try {
    plan = await makePlan(run);
    const lock = await takeTarget(run, plan);
    try {
      return await concludeRun(run, plan, await runPlan(run, plan, lock));
    } finally {
      await lock?.release();
    }
  } catch (thrown) {
    return await concludeNotDone(run, plan, stopError(run) ?? DbtRunCacheError.from(thrown));
  } finally {
    run.stops.dispose();
  }
}

/** Before dbt is there, a request to stop shows as whatever it interrupted. */
function stopError(run: RunContext): DbtRunCacheError | undefined {
  switch (run.stops.cause) {
    case undefined:
      return undefined;
    case 'timed-out':
      return new DbtRunCacheError('The timeout ended the run before dbt was started', { code: 'timed-out' });
    case 'cancelled':
    case 'signal':
      return new DbtRunCacheError('The run was cancelled before dbt was started', { code: 'cancelled' });
  }
}

async function takeTarget(run: RunContext, plan: Plan): Promise<TargetLock | undefined> {
  if (plan.project === undefined || !plan.needsTarget) return undefined;
  try {
    return await lockTarget(plan.project.targetPath, {
      onBusy: run.options.onTargetBusy,
      signal: run.stops.signal,
      onWait: ({ pid }) =>
        run.send({
          kind: 'dbt-message',
          level: 'info',
          name: 'WaitingForTarget',
          message: `Waiting for the dbt run of process ${pid} on the same target folder`,
        }),
    });
  } catch (thrown) {
    if (thrown instanceof DbtRunCacheError || run.stops.cause !== undefined) throw thrown;
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
async function runPlan(run: RunContext, plan: Plan, lock: TargetLock | undefined): Promise<Watched> {
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
  let invocationId: string | undefined;
  try {
    const end = await runtimeOf(plan.engine.kind)({
      command: plan.commandPrefix,
      args: run.args,
      cwd: plan.cwd,
      env: plan.env,
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
