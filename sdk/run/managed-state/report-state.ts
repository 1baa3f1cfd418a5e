import { readManifest, readRunResults } from '../../artifacts/read.ts';
import { selectionReasons } from '../../managed-state/selection-reasons.ts';
import type { ManagedStateReport, SelectionReasons, SlimReport } from '../../managed-state/state-report.ts';
import { withoutSecretValues } from '../../plan/secret-values.ts';
import type { RunArtifacts, RunNotice, RunReport } from '../../result.ts';
import { optional } from '../../util/optional.ts';
import { reasonOf } from '../../util/reason.ts';
import { atMost } from '../../util/waiting.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Comparison } from './comparison.ts';
import { type Ended, type Left, leaveStateOf, left } from './leave-state.ts';
import type { StateDesk } from './state-desk.ts';

/** A manifest takes a while over a slow line; a run that was stopped leaves nothing. */
const LEAVING_MS = 120_000;

/** The report with what the run compared itself with, why nodes were selected, and what it left for later runs. */
export async function withManagedState(
  run: RunContext,
  plan: Plan,
  desk: StateDesk | undefined,
  { report, artifacts }: { readonly report: RunReport; readonly artifacts: RunArtifacts },
): Promise<RunReport> {
  if (desk === undefined) return report;
  const comparison = run.comparison();
  const slim = await slimOf(run, plan, comparison, { report, artifacts });
  const leaving = await leaveInTime(run, plan, desk, { report, artifacts, slim });
  if (comparison === undefined && leaving === undefined) return report;
  const managedState: ManagedStateReport = {
    environment: desk.settings.environment,
    store: desk.store.kind,
    ...optional('comparison', comparison?.report),
    ...optional('slim', slim),
    ...optional('published', leaving?.published),
  };
  const notices = report.notices.filter((notice) => !saysNothingOfTheCaller(notice, slim));
  return { ...report, managedState, notices: [...notices, ...(leaving?.notices ?? [])] };
}

/** dbt warns of each word of a selection that finds nothing; that nothing changed is no fault of the caller's. */
function saysNothingOfTheCaller({ name, message }: RunNotice, slim: SlimReport | undefined): boolean {
  return (
    name === 'NoNodesForSelectionCriteria' &&
    slim !== undefined &&
    slim.within.length === 0 &&
    slim.selectors.some((selector) => message.includes(`'${selector}'`))
  );
}

async function leaveInTime(
  run: RunContext,
  plan: Plan,
  desk: StateDesk,
  done: Ended,
): Promise<Left | undefined> {
  const late = left('unavailable', `the store did not answer within ${LEAVING_MS / 1000} s`, 'warn');
  return atMost(LEAVING_MS, leaveStateOf(run, plan, desk, done), late).catch((thrown: unknown) =>
    left('unavailable', run.clean(reasonOf(thrown)), 'warn'),
  );
}

async function slimOf(
  run: RunContext,
  plan: Plan,
  comparison: Comparison | undefined,
  done: { readonly report: RunReport; readonly artifacts: RunArtifacts },
): Promise<SlimReport | undefined> {
  const slim = comparison?.slim;
  if (comparison === undefined || slim === undefined) return undefined;
  // What is repeated got the same selection for the same reasons: they are a part of its key.
  const earlier = done.report.managedState?.slim;
  if (earlier !== undefined) return earlier;
  const selection = await reasonsOf(run, plan, comparison, done.artifacts);
  return {
    mode: slim.mode,
    args: comparison.dbtArgs.map((arg) => run.clean(withoutSecretValues(arg))),
    selectors: slim.selectors,
    within: comparison.within.map(run.clean),
    ...optional('selection', selection),
    added: slim.added,
    ...optional('addedAll', slim.addedAll),
  };
}

/** Undefined where a manifest is not to be had: nothing is claimed then. */
async function reasonsOf(
  run: RunContext,
  plan: Plan,
  { here, slim }: Comparison,
  { manifest: now }: RunArtifacts,
): Promise<SelectionReasons | undefined> {
  if (here === undefined || slim === undefined || now === undefined) return undefined;
  try {
    const [before, lastResults] = await Promise.all([
      readManifest(here.manifestPath),
      here.runResultsPath === undefined ? undefined : readRunResults(here.runResultsPath),
    ]);
    return selectionReasons({
      ...{ before, now, engine: plan.engine.kind, known: here.known },
      ...optional('lastResults', lastResults),
      isOfOtherCode: here.isOfOtherCode,
      fresherSources: slim.fresher,
    });
  } catch (thrown) {
    run.notices.push({
      kind: 'problem',
      name: 'state-unreadable',
      message: run.clean(`Why nodes were selected could not be told: ${reasonOf(thrown)}`),
      count: 1,
    });
    return undefined;
  }
}
