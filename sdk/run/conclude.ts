import { type Decided, decide } from '../decisions/decide.ts';
import { parseDecisionLog } from '../decisions/decision-log.ts';
import type { Observations } from '../decisions/observed.ts';
import type { AskedLedger } from '../dedup/dedup-report.ts';
import { diagnoseRun } from '../diagnose/diagnose-run.ts';
import type { DbtRunCacheError } from '../errors.ts';
import type { ParseCacheReport } from '../parse-cache/parse-cache-report.ts';
import { parseCommandLine } from '../plan/command-line.ts';
import { findProject } from '../plan/project.ts';
import type { RunArtifacts, RunFailure, RunReport, RunResult } from '../result.ts';
import type { RuntimeEnd } from '../runtimes/runtime.ts';
import { optional } from '../util/optional.ts';
import { type Collected, collectArtifacts } from './collect-artifacts.ts';
import { type Execution, settle } from './dedup/settle.ts';
import { targetDigestOf } from './dedup/target-digest.ts';
import { deliver } from './deliver.ts';
import { findDecisionLog } from './find-decision-log.ts';
import { locateFailures } from './locate-failures.ts';
import { isReported, type Plan } from './make-plan.ts';
import { withManagedState } from './managed-state/report-state.ts';
import type { StateDesk } from './managed-state/state-desk.ts';
import { failureOf } from './outcome.ts';
import { reportBase } from './report-base.ts';
import type { RunContext } from './run-context.ts';
import { settleResults } from './settle-results.ts';

/** What was seen while dbt ran. */
export interface Watched {
  readonly end: RuntimeEnd;
  readonly observations: Observations;
  /** dbt's id of this run; absent when no event came. */
  readonly invocationId: string | undefined;
}

/** What a run leaves to others, each undefined where it leaves nothing of the kind. */
export interface Concluding {
  readonly execution: Execution | undefined;
  readonly desk: StateDesk | undefined;
  readonly parseCache: ParseCacheReport | undefined;
}

/** Reads what a run of dbt did, and reports it. */
export async function concludeRun(
  run: RunContext,
  plan: Plan,
  watched: Watched,
  { execution, desk, parseCache }: Concluding,
): Promise<RunResult> {
  const wallMs = run.elapsedMs();
  const { end } = watched;
  const ended = end.stopCause === undefined && end.signal === undefined ? 'finished' : 'stopped';
  const collected = await collect(run, plan, watched);
  const settled =
    plan.engine.kind === 'fusion'
      ? settleResults({ ...collected.artifacts, observations: watched.observations, ended })
      : undefined;
  const observations = settled?.observations ?? watched.observations;
  const decisionLog =
    plan.project === undefined
      ? undefined
      : await findDecisionLog({
          logPath: plan.project.logPath,
          cwd: plan.cwd,
          env: plan.env,
          settings: plan.stateSettings.settings,
          startedAt: run.startedAt,
        });
  const outputTail = run.clean(end.outputTail);
  const decided = decide({
    command: plan.command,
    engine: plan.engine.kind,
    ...collected.artifacts,
    ...(settled === undefined ? {} : { runResults: settled.runResults }),
    observations,
    eventsAvailable: observations.eventCount > 0,
    decisionLog: decisionLog === undefined ? undefined : parseDecisionLog(decisionLog.text),
    ended,
    stoppedAt: end.stoppedAt,
    ...optional('dbtFailed', end.exitCode === undefined ? undefined : end.exitCode !== 0),
    outputTail,
    ...plan.state,
    redact: run.clean,
  });
  const decisions =
    plan.project === undefined
      ? decided.decisions
      : await locateFailures(decided.decisions, collected.artifacts.manifest, plan.project.dir);
  const failure = failureOf({
    end,
    decisions,
    runsNodes: plan.runsNodes,
    wasHeard: observations.eventCount > 0 || collected.artifacts.runResults !== undefined,
    mainErrors: observations.mainErrors.map(run.clean),
    outputTail,
    timeoutMs: run.options.timeoutMs,
    requiredState: run.options.requireRunCache
      ? { state: decided.state, engine: plan.engine.kind }
      : undefined,
  });
  const report: RunReport = {
    ...reportBase(run, plan, wallMs),
    ...(failure === undefined ? { outcome: 'executed' } : { outcome: 'failed', failure }),
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    ...optional(
      'invocationId',
      watched.invocationId ?? collected.artifacts.runResults?.metadata.invocation_id,
    ),
    engine: { ...plan.engine, ...engineSeen(observations) },
    ...optional('targetDigest', await targetDigestOf(plan)),
    ...optional('parseCache', parseCache),
    ...optional('threads', observations.threads),
    ...decidedParts(decided),
    decisions,
    notices: [...run.notices, ...collected.notices, ...(settled?.notices ?? []), ...decided.notices],
    artifactPaths: {
      ...collected.paths,
      ...(decisionLog === undefined || !decided.ownsDecisionLog ? {} : { decisionLog: decisionLog.path }),
    },
  };
  const { artifacts } = collected;
  const diagnosed = await withDiagnosis(run, plan, report);
  // Before the claim ends: who repeats this run is told the same.
  const compared = await withManagedState(run, plan, desk, { report: diagnosed, artifacts });
  const told = await withLedger(run, plan, execution, { report: compared, artifacts });
  return deliver(run, await reportFolder(run, plan), told, artifacts);
}

const NO_CAUSE_OF_STATE = /^(?:dedup-|invalid-options|cancelled|timed-out|target-path-busy|replay-)/;

/** A run that dbt was never started for. */
export async function concludeNotDone(
  run: RunContext,
  plan: Plan | undefined,
  error: DbtRunCacheError,
  execution: Execution | undefined,
): Promise<RunResult> {
  const failure: RunFailure = {
    code: error.code,
    message: run.clean(error.message),
    ...optional('hint', error.hint),
  };
  const report: RunReport = {
    ...reportBase(run, plan, run.elapsedMs()),
    outcome: 'failed',
    failure,
    state: { kind: 'unknown', why: 'dbt was not started' },
    ...(execution === undefined ? optional('ledger', askedOf(run)) : {}),
    ...optional('managedState', comparedOf(run)),
    decisions: [],
    notices: run.notices,
    artifactPaths: {},
  };
  // The report of the run that has the folder is not ours to replace.
  const targetPath = error.code === 'target-path-busy' ? undefined : await reportFolder(run, plan);
  // The checklist of dbt State would read as the cause of what has nothing to do with it.
  const diagnosed = NO_CAUSE_OF_STATE.test(error.code) ? report : await withDiagnosis(run, plan, report);
  const told =
    plan === undefined
      ? diagnosed
      : await withLedger(run, plan, execution, { report: diagnosed, artifacts: {} });
  return deliver(run, targetPath, told, {});
}

/** What it would have compared itself with. */
function comparedOf(run: RunContext): RunReport['managedState'] {
  const comparison = run.comparison()?.report;
  const { state } = run.options;
  return comparison === undefined || state === undefined
    ? undefined
    : { environment: state.environment, comparison };
}

/** What the ledger was asked, which gave no answer that a run could go by. */
function askedOf(run: RunContext): AskedLedger | undefined {
  const asked = run.asked();
  if (asked === undefined) return undefined;
  const { waitingSince, ...rest } = asked;
  return { ...rest, ...(waitingSince === undefined ? {} : { waitedMs: run.elapsedMs() - waitingSince }) };
}

/** Ends the claim of a run with a ledger, before the report is written: it tells what became of it. */
async function withLedger(
  run: RunContext,
  plan: Plan,
  execution: Execution | undefined,
  done: { readonly report: RunReport; readonly artifacts: RunArtifacts },
): Promise<RunReport> {
  const { report } = done;
  if (execution === undefined) return report;
  const { dedup, notices } = await settle(run, plan, execution, done);
  return { ...report, dedup, notices: [...report.notices, ...notices] };
}

async function withDiagnosis(run: RunContext, plan: Plan | undefined, report: RunReport): Promise<RunReport> {
  const isRequired = run.options.requireRunCache;
  const diagnosis = await diagnoseRun({ report, plan, isRequired, clean: run.clean });
  return diagnosis === undefined ? report : { ...report, diagnosis };
}

/** Where a report belongs, as far as that can be told without a plan. */
async function reportFolder(run: RunContext, plan: Plan | undefined): Promise<string | undefined> {
  if (plan !== undefined) return plan.isReported ? plan.project?.targetPath : undefined;
  const commandLine = parseCommandLine(run.args);
  if (!isReported(commandLine)) return undefined;
  const { cwd, env } = run.options;
  const project = await findProject({ cwd, env, commandLine }).catch(() => undefined);
  return project?.targetPath;
}

async function collect(run: RunContext, plan: Plan, watched: Watched): Promise<Collected> {
  if (plan.project === undefined) return { artifacts: {}, paths: {}, notices: [] };
  return collectArtifacts({
    expected: plan.expectedArtifacts,
    invocationId: watched.invocationId,
    startedAt: run.startedAt,
    finished:
      plan.writesAll &&
      watched.end.stopCause === undefined &&
      (watched.end.exitCode === 0 || watched.end.exitCode === 1),
  });
}

function engineSeen(observations: Observations) {
  return {
    ...optional('dbtVersion', observations.dbtVersion),
    ...optional('adapterType', observations.adapterType),
    ...optional('adapterVersion', observations.adapterVersion),
  };
}

function decidedParts(decided: Decided) {
  return {
    state: decided.state,
    ...optional('savings', decided.savings),
    ...optional('selectedCount', decided.selectedCount),
  };
}
