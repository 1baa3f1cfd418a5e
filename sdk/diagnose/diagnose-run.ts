import type { StateStatus } from '../decisions/decision.ts';
import type { ProjectInfo, RunReport } from '../result.ts';
import type { Plan } from '../run/make-plan.ts';
import { optional } from '../util/optional.ts';
import { checklist } from './checklist.ts';
import { cleaned } from './cleaned.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { DiagnosisFacts, FallbackFacts, Step } from './facts.ts';
import { findBranch } from './git-branch.ts';

export interface RunSeen {
  /** The run's report, which lacks only this. */
  readonly report: RunReport;
  /** Absent when the run ended before there was one. */
  readonly plan: Plan | undefined;
  /** Whether the run was to fail where State is not active. */
  readonly isRequired: boolean;
  readonly clean: (text: string) => string;
}

/**
 * The checklist as far as a run itself tells: nothing is started for it but git. Undefined where nobody asked for dbt
 * State: it is not there, was switched off, or had no part in the command.
 */
export async function diagnoseRun(run: RunSeen): Promise<Diagnosis | undefined> {
  const { report, plan, clean } = run;
  if (!isConcerned(run)) return undefined;
  const facts = plan === undefined ? factsWithoutPlan(report) : await factsOf(plan, report);
  return cleaned(checklist(facts, new Date(report.finishedAt)), clean);
}

function isConcerned({ report, plan, isRequired }: RunSeen): boolean {
  const { state, failure, dedup } = report;
  // Nothing ran, so nothing was seen of State.
  if (dedup !== undefined && dedup.kind !== 'executed') return false;
  if (isRequired || failure?.code === 'state-setting-invalid') return true;
  switch (state.kind) {
    case 'active':
    case 'inactive':
      return true;
    case 'disabled':
    case 'absent':
      return false;
    case 'not-applicable':
      return state.why !== undefined || state.troubles !== undefined;
    case 'unknown':
      return plan !== undefined && (plan.state.stateWanted || typeof plan.state.pluginInstalled === 'string');
  }
}

/** A run that stopped before dbt was started: what it stopped at is all that is known. */
function factsWithoutPlan({ failure }: RunReport): DiagnosisFacts {
  if (failure === undefined) return {};
  const step: Step<never> = {
    kind: 'failed',
    why: failure.message,
    fix: failure.hint ?? 'Read what was said, and correct it.',
  };
  switch (failure.code) {
    case 'dbt-not-found':
    case 'dbt-not-usable':
      return { engine: step };
    case 'project-not-found':
    case 'project-invalid':
      return { project: step };
    case 'profile-not-found':
    case 'profile-invalid':
    case 'target-not-found':
      return { profile: step };
    case 'state-setting-invalid':
      return { settings: step };
    default:
      return {};
  }
}

async function factsOf(plan: Plan, report: RunReport): Promise<DiagnosisFacts> {
  const { engine = plan.engine, state, artifactPaths } = report;
  const project = report.project ?? plan.reportedProject;
  const log = artifactPaths.decisionLog;
  // What dbt itself announced outranks what lies on the disk.
  const plugin = ('version' in state ? state.version : undefined) ?? plan.state.pluginInstalled;
  return {
    engine: found(engine),
    ...(plugin === undefined ? {} : { plugin }),
    ...optional('project', project === undefined ? undefined : found(project)),
    ...optional(
      'profile',
      project === undefined
        ? undefined
        : found({ ...profileOf(project), ...optional('adapterType', engine.adapterType) }),
    ),
    settings: found(plan.stateSettings),
    ...optional(
      'fallback',
      wentOn(report) ? found<FallbackFacts>({ seenIn: 'run', ms: report.wallMs }) : undefined,
    ),
    ...(typeof plugin === 'string' && engine.kind === 'core'
      ? { branch: found(await findBranch(plan.cwd, plan.env)) }
      : {}),
    ...optional(
      'logs',
      log === undefined ? undefined : found({ folders: [], unwritable: [], decisionLog: log }),
    ),
    thisRun: state,
  };
}

function found<T>(value: T): Step<T> {
  return { kind: 'found', value };
}

function profileOf({ profileName, targetName }: ProjectInfo) {
  return { ...optional('profileName', profileName), ...optional('targetName', targetName) };
}

/** Whether dbt did the run although State was wanted and was not active. */
function wentOn({ outcome, state }: { readonly outcome: string; readonly state: StateStatus }): boolean {
  return outcome === 'executed' && state.kind === 'inactive';
}
