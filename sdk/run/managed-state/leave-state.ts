import { readFile } from 'node:fs/promises';
import { sweepNowAndThen } from '../../dedup/sweep-now-and-then.ts';
import { workflowRunUrl } from '../../dedup-settings.ts';
import type { PublishedState, SlimReport } from '../../managed-state/state-report.ts';
import type { RunArtifacts, RunNotice, RunReport } from '../../result.ts';
import type { CommitHistory } from '../../state-archive/commit-history.ts';
import type { EngineLine, KeptCommit, StateIndex } from '../../state-archive/kept-state.ts';
import { type Leaving, leaveState } from '../../state-archive/leave-state.ts';
import { readStates } from '../../state-archive/read-index.ts';
import { trimManifest, trimRunResults } from '../../state-archive/trim.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { buildsOrTests } from './builds-production.ts';
import { resultsOfProduction } from './last-results.ts';
import type { Begun } from './mark-begun.ts';
import { overlookedWhy } from './overlooked-why.ts';
import { lineOf, type StateDesk } from './state-desk.ts';
import { coverageOf, whyNotPublish } from './why-not-publish.ts';

type NotPublished = Extract<PublishedState, { kind: 'not-published' }>;

/** A run that has come to its end. */
export interface Ended {
  readonly report: RunReport;
  readonly artifacts: RunArtifacts;
  /** Absent unless it was a slim build. */
  readonly slim: SlimReport | undefined;
}

/** What became of a run's state, and what to tell of it. */
export interface Left {
  readonly published: PublishedState;
  readonly notices: readonly RunNotice[];
}

/**
 * Leaves the state of a production run, and how its nodes ended. Undefined where nothing was asked for. What cannot be left
 * changes nothing about the run.
 */
export async function leaveStateOf(
  run: RunContext,
  plan: Plan,
  desk: StateDesk,
  { report, artifacts, slim }: Ended,
): Promise<Left | undefined> {
  const { settings, history, store, place, begun } = desk;
  const tokens = begun === undefined ? [] : [begun.token];
  if (settings.publish === 'never' || !buildsOrTests(plan)) return undefined;
  const outcome = outcomeOf(report);
  if (outcome === undefined) {
    if (begun !== undefined && hasDoneNothing(run, report))
      await leaveState(store, place, { ended: tokens }, { retainMs: settings.retentionMs });
    return left('failed', report.failure?.code);
  }
  const unfit = settings.publish === 'auto' ? await whyNotPublish(run, plan, desk) : undefined;
  if (unfit !== undefined) return { published: unfit, notices: [] };
  if ('kind' in history) return left('no-commit', history.why, 'warn');
  const overlooked = outcome === 'succeeded' ? overlookedWhy(slim) : undefined;
  const line = lineOf({ ...plan, engine: report.engine ?? plan.engine });
  const { manifest } = report.artifactPaths;
  if (outcome === 'failed' && manifest === undefined) return left('failed', report.failure?.code);
  if (line === undefined || manifest === undefined)
    return left('no-manifest', 'this run wrote none that can be read', 'warn');
  const read = await readStates(store, place);
  // The failures of the run before would be forgotten.
  if (read.kind === 'unknown') return left('unavailable', read.why, 'warn');
  const index = read.kind === 'read' ? read.index : undefined;
  const url = workflowRunUrl(run.options.env);
  const common = {
    ...(await commitOf(history, index, run.stops.signal)),
    ...line,
    ...optional('url', url),
  };
  const isKept = outcome === 'succeeded' && overlooked === undefined;
  const hasBuiltAll = isKept && slim === undefined && (await coverageOf(plan, run.args)).kind === 'whole';
  const answer = await leaveState(
    store,
    place,
    {
      ...optional('state', isKept ? await stateOf(run, plan, desk, report, common) : undefined),
      ...optional('lastRun', await lastRunOf(plan, desk, { report, artifacts, index, common })),
      ended: [...tokens, ...(isKept ? settledBy(run, history, begun, hasBuiltAll) : [])],
    },
    { retainMs: settings.retentionMs },
  );
  // Whoever else clears the store away must know how long states are kept.
  await sweepNowAndThen(store, { retainMs: settings.retentionMs, signal: run.stops.signal });
  if (answer.kind === 'unknown')
    return left(answer.readOnly === true ? 'read-only' : 'unavailable', answer.why, 'warn');
  if (outcome === 'failed') return left('failed', report.failure?.code);
  if (overlooked !== undefined) return left('overlooked', overlooked);
  return {
    published: {
      kind: 'published',
      commit: history.head,
      isNewest: answer.isNewest,
      ...(history.isDirty ? { isDirty: true as const } : {}),
    },
    notices: [],
  };
}

/** Runs that never said how they ended, and whose work this one has built again, or which were of the very code it compared with. */
function settledBy(
  run: RunContext,
  { head }: CommitHistory,
  begun: Begun | undefined,
  hasBuiltAll: boolean,
): readonly string[] {
  const compared = run.comparison()?.report;
  const same = [head, ...(compared?.kind === 'found' ? [compared.commit] : [])];
  const others = begun?.others ?? [];
  return others.filter(({ commit }) => hasBuiltAll || same.includes(commit)).map(({ token }) => token);
}

/** dbt could not even begin with a node: what the environment has is what it had. */
function hasDoneNothing({ stops }: RunContext, { decisions }: RunReport): boolean {
  return stops.cause === undefined && decisions.length === 0;
}

/** Undefined: how its nodes ended does not say how production stands. */
function outcomeOf({ outcome, failure }: RunReport): 'succeeded' | 'failed' | undefined {
  if (outcome === 'executed' || outcome === 'replayed') return 'succeeded';
  return failure?.code === 'nodes-failed' || failure?.code === 'run-cache-required' ? 'failed' : undefined;
}

type Common = KeptCommit & EngineLine & { readonly url?: string };

async function stateOf(
  run: RunContext,
  plan: Plan,
  { history, fresh, values }: StateDesk,
  { command, outcome, artifactPaths: paths }: RunReport,
  common: Common,
): Promise<Leaving['state']> {
  if (paths.manifest === undefined) return undefined;
  const sources = hasBuiltFresher(run, outcome) ? (paths.sources ?? fresh?.path) : paths.sources;
  return {
    state: {
      ...common,
      publishedAt: new Date().toISOString(),
      command,
      ...(!('kind' in history) && history.isDirty ? { isDirty: true as const } : {}),
    },
    contents: {
      manifest: trimManifest(await readFile(paths.manifest), plan.engine.kind),
      ...optional('sources', sources === undefined ? undefined : await readFile(sources)),
      values: await values(),
    },
  };
}

/**
 * Whether the newer data of sources, as it was asked for, is in what was built. Nobody would ever build it otherwise: not what is
 * repeated was built from it, nor by a slim build that had nothing to compare it with.
 */
function hasBuiltFresher(run: RunContext, outcome: RunReport['outcome']): boolean {
  const { slim, here } = run.comparison() ?? {};
  const isNarrowed = slim !== undefined && slim.addedAll === undefined;
  return outcome !== 'replayed' && (!isNarrowed || here?.sourcesPath !== undefined);
}

/** With the failures of the run before that this one has not tried again. */
async function lastRunOf(
  plan: Plan,
  { store }: StateDesk,
  {
    report,
    artifacts,
    index,
    common,
  }: {
    readonly report: RunReport;
    readonly artifacts: RunArtifacts;
    readonly index: StateIndex | undefined;
    readonly common: Common;
  },
): Promise<Leaving['lastRun']> {
  const { runResults: path } = report.artifactPaths;
  if (path === undefined) return undefined;
  const { manifest } = artifacts;
  const { runResults, hasFailed } = await resultsOfProduction(store, index?.lastRun, common, {
    runResults: trimRunResults(await readFile(path), plan.engine.kind),
    exists: (uniqueId) =>
      manifest === undefined || uniqueId in manifest.nodes || uniqueId in manifest.unit_tests,
  });
  return {
    run: { ...common, startedAt: report.startedAt, outcome: hasFailed ? 'failed' : 'succeeded' },
    runResults,
  };
}

/** With the kept commits that are certainly its ancestors: they order the states where dates do not. */
async function commitOf(
  history: CommitHistory,
  index: StateIndex | undefined,
  signal: AbortSignal,
): Promise<KeptCommit> {
  const { head: commit, committedAt } = history;
  const kept = new Set(index?.states.map((state) => state.commit));
  kept.delete(commit);
  const relations = await history.relate([...kept], signal);
  const after = [...kept].filter((each) => relations.get(each)?.kind === 'ancestor');
  return { commit, committedAt, after };
}

/** Not published; `warn`: it should have been. */
export function left(because: NotPublished['because'], why: string | undefined, warn?: 'warn'): Left {
  const notice: RunNotice = {
    kind: 'problem',
    name: 'state-not-published',
    message: `The state of this run could not be published: ${why ?? because}`,
    hint: 'Later runs compare themselves with an older state, or with none.',
    count: 1,
  };
  const published: NotPublished = { kind: 'not-published', because, ...optional('why', why) };
  return { published, notices: warn === 'warn' ? [notice] : [] };
}
