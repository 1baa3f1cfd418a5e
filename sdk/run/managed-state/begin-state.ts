import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DbtRunCacheError } from '../../errors.ts';
import { changedValues } from '../../managed-state/known-values.ts';
import type { FoundState, MissingState, PassedOver } from '../../managed-state/state-report.ts';
import { defaultSelectorOf } from '../../plan/slim/default-selector.ts';
import { slimArguments } from '../../plan/slim/slim-arguments.ts';
import { usesComparison } from '../../plan/slim/uses-comparison.ts';
import { withState } from '../../plan/slim/with-state.ts';
import { readVariable } from '../../plan/variables.ts';
import { bringState } from '../../state-archive/bring-state.ts';
import { rankStates } from '../../state-archive/choose-state.ts';
import type { CommitHistory } from '../../state-archive/commit-history.ts';
import type { EngineLine, KeptState, LastRun, StateIndex } from '../../state-archive/kept-state.ts';
import { readStates } from '../../state-archive/read-index.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { buildsProduction } from './builds-production.ts';
import type { Comparison } from './comparison.ts';
import type { FreshSources } from './fresh-sources.ts';
import { inWords, noticeOfMissing } from './in-words.ts';
import { readKnownValues } from './read-values.ts';
import { type SlimSelection, slimSelection } from './slim-selection.ts';
import { lineOf, type StateDesk } from './state-desk.ts';

type Brought = Extract<Awaited<ReturnType<typeof bringState>>, { kind: 'brought' }>;

/** A state that lies here. */
interface Fetched {
  readonly report: FoundState;
  readonly state: KeptState;
  readonly folder: string;
  readonly brought: Brought;
  /** As of `failedBefore()`. */
  readonly isOfOtherCode: boolean;
}

/**
 * Finds the state that fits, brings it here, and works out what dbt is given for it. Where there is none the run is as it was
 * given, or fails, as was asked.
 * @param folders Gets every folder that is made here: the caller takes them away after the run.
 * @returns Undefined for a command that compares nothing.
 * @throws DbtRunCacheError `state-missing`; `invalid-options` for arguments that a comparison does not go with.
 */
export async function beginState(
  run: RunContext,
  plan: Plan,
  desk: StateDesk,
  { fresh, folders }: { readonly fresh: FreshSources | undefined; readonly folders: string[] },
): Promise<Comparison | undefined> {
  const probe = await argumentsFor(run, plan, desk, { folder: '/', selection: undefined });
  if (probe === undefined) return undefined;
  const found = await fetchState(run, desk, plan, folders);
  run.stops.signal.throwIfAborted();
  if (found.kind === 'missing') return withoutState(run, plan, desk, found);
  const { brought, folder } = found.fetched;
  const here = {
    folder,
    manifestPath: brought.manifestPath,
    ...optional('runResultsPath', brought.runResultsPath),
    ...optional('sourcesPath', brought.sourcesPath),
    known: changedValues(brought.values, await readKnownValues(run, plan)),
    isOfOtherCode: found.fetched.isOfOtherCode,
  };
  const { slim: mode } = desk.settings;
  const slim =
    mode === undefined || probe.isNarrowed === undefined
      ? undefined
      : await slimSelection(run, plan, { ...desk.settings, slim: mode }, here, fresh?.sources);
  const given = await argumentsFor(run, plan, desk, { folder, selection: slim });
  if (given === undefined) return undefined;
  const comparison: Comparison = {
    report: found.fetched.report,
    dbtArgs: given.args,
    within: given.within,
    part: {
      kind: 'known',
      items: {
        state: brought.digest,
        mode: mode ?? 'managed',
        selection: JSON.stringify([slim?.selectors ?? [], slim?.tokens ?? [], slim?.addedAll ?? null]),
        fresher: JSON.stringify(slim?.fresher ?? []),
      },
    },
    here,
    ...optional('slim', slim),
  };
  if (slim !== undefined) noticeNoDeferral(run, plan);
  for (const message of inWords(comparison)) say(run, message);
  return comparison;
}

/** Seen with 2.0.0rc196: what is not in the own schema is looked for there all the same. */
function noticeNoDeferral(run: RunContext, { engine }: Plan): void {
  if (
    engine.kind !== 'fusion' ||
    engine.adapterType !== 'postgres' ||
    run.args.some((arg) => /^--favor-state$/.test(arg))
  )
    return;
  run.notices.push({
    kind: 'problem',
    name: 'state-not-deferred',
    message: 'dbt v2 reads nothing from production on Postgres unless --favor-state is given',
    hint: 'Add --favor-state to the arguments.',
    count: 1,
  });
}

function say(run: RunContext, message: string): void {
  run.send({ kind: 'dbt-message', level: 'info', name: 'ManagedState', message: run.clean(message) });
}

/** What dbt is given; `isNarrowed`: the selection is a slim one. */
interface Given {
  readonly args: readonly string[];
  readonly within: readonly string[];
  readonly isNarrowed?: true;
}

/** Undefined where the command takes no comparison. */
async function argumentsFor(
  run: RunContext,
  plan: Plan,
  { settings }: StateDesk,
  { folder, selection }: { readonly folder: string; readonly selection: SlimSelection | undefined },
): Promise<Given | undefined> {
  const { commandLine } = plan.inputs;
  const engine = plan.engine.kind;
  const { env } = plan.inputs.dotEnv;
  const base = { args: run.args, commandLine, engine, env, stateDir: folder };
  if (settings.slim === undefined || selection?.addedAll !== undefined) return withState(base);
  const slim = slimArguments({
    ...base,
    dbtVersion: plan.engine.dbtVersion,
    selectors: selection?.selectors ?? ['state:modified+'],
    alone: selection?.tokens ?? [],
    defaultSelector: await defaultSelectorOf(plan.project?.dir ?? plan.cwd),
  });
  if (slim.kind === 'refused') throw slim.error;
  // What cannot be narrowed may compare all the same, as clone does.
  if (slim.kind === 'not-applicable') return withState(base);
  refuseLostTests(plan, slim.within);
  return { args: slim.args, within: slim.within, isNarrowed: true };
}

/** dbt takes a test that reads several nodes for one token at a time then, so that one with a parent in each would be lost. */
function refuseLostTests({ inputs, project }: Plan, within: readonly string[]): void {
  if (within.length < 2) return;
  const { commandLine, dotEnv } = inputs;
  const mode =
    commandLine.indirectSelection ??
    readVariable(dotEnv.env, 'DBT_ENGINE_INDIRECT_SELECTION') ??
    readVariable(dotEnv.env, 'DBT_INDIRECT_SELECTION') ??
    flagOf(project?.flags);
  if (mode === undefined || mode === 'eager' || mode === 'empty') return;
  throw new DbtRunCacheError(
    `slim does not go with several words of --select where indirect selection is ${mode}: dbt would leave out tests between them`,
    { code: 'invalid-options', hint: 'Select by one word, e.g. a tag, or give --indirect-selection eager.' },
  );
}

function flagOf(flags: unknown): string | undefined {
  const mode = (flags as { readonly indirect_selection?: unknown } | null | undefined)?.indirect_selection;
  return typeof mode === 'string' ? mode : undefined;
}

function withoutState(
  run: RunContext,
  plan: Plan,
  { settings }: StateDesk,
  report: MissingState,
): Comparison {
  const notice = noticeOfMissing(report, settings.environment);
  const needsOne = usesComparison(run.args, plan.engine.kind, plan.inputs.dotEnv.env);
  const comparison: Comparison = {
    report,
    dbtArgs: run.args,
    within: [],
    part: { kind: 'known', items: { state: 'none' } },
  };
  if (settings.onMissing === 'fail' || needsOne) {
    // The report of the failure tells of it.
    run.noteComparison(comparison);
    const why = needsOne ? ', and the arguments compare with one' : '';
    throw new DbtRunCacheError(`${notice.message}${why}`, { code: 'state-missing', hint: notice.hint });
  }
  run.notices.push(notice);
  say(run, `${notice.message}. dbt gets its arguments as they were given`);
  return comparison;
}

async function fetchState(
  run: RunContext,
  desk: StateDesk,
  plan: Plan,
  folders: string[],
): Promise<{ readonly kind: 'fetched'; readonly fetched: Fetched } | MissingState> {
  const { store, place, history, settings } = desk;
  const missing = (
    because: MissingState['because'],
    why: string | undefined,
    passedOver: readonly PassedOver[] = [],
  ): MissingState => ({ kind: 'missing', because, ...optional('why', why), passedOver });
  const line = lineOf(plan);
  if ('kind' in history) return missing('no-commit', history.why);
  if (line === undefined) return missing('none-fits', 'the version of dbt is not known');
  const read = await readStates(store, place);
  if (read.kind === 'unknown') return missing('unavailable', read.why);
  if (read.kind === 'absent') return missing('none-kept', undefined);
  const { index } = read;
  const { candidates, passedOver } = await rankStates(index, {
    ...{ line, history, nowMs: Date.now(), signal: run.stops.signal },
    ...optional('maxAgeMs', settings.maxAgeMs),
  });
  const lastRun = index.lastRun?.engine === line.engine ? index.lastRun : undefined;
  const given: PassedOver[] = [...passedOver];
  const builds = await buildsProduction(run, plan);
  for (const { state, basis, commitsAway, doubt } of candidates) {
    const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-state-'));
    folders.push(folder);
    const brought = await bringState(store, state, lastRun, folder, { project: place.project });
    if (brought.kind !== 'brought') {
      given.push({ commit: state.commit, because: brought.kind, detail: brought.detail });
      continue;
    }
    const lost = lostFailures(lastRun, index.lastRun, brought, line);
    if (lost !== undefined) return missing('none-fits', lost, given);
    const overtaken = builds ? (laterBuild(index, state) ?? unknownBuild(index, state, history)) : undefined;
    if (overtaken !== undefined) return missing('none-fits', overtaken, given);
    const isOfOtherCode =
      builds && lastRun?.outcome === 'failed' && ![state.commit, history.head].includes(lastRun.commit);
    const report: FoundState = {
      ...{ kind: 'found', commit: state.commit, basis },
      ...optional('commitsAway', commitsAway),
      ...optional('doubt', doubt),
      publishedAt: state.publishedAt,
      ageMs: Math.max(0, Date.now() - Date.parse(state.publishedAt)),
      ...{ engine: state.engine, dbtVersion: state.dbtVersion },
      ...optional('adapterType', state.adapterType),
      ...optional('isDirty', state.isDirty),
      ...(history.isDirty ? { isCheckoutDirty: true as const } : {}),
      ...optional('url', state.url),
      passedOver: given,
      ...optional('lastRun', brought.runResultsPath === undefined ? undefined : shownRun(lastRun)),
    };
    return { kind: 'fetched', fetched: { report, state, folder, brought, isOfOtherCode } };
  }
  return missing('none-fits', undefined, given);
}

/** A branch that was set back, or a slow run of an older commit: the tables are not those of the state that fits the commit. */
function laterBuild({ states }: StateIndex, taken: KeptState): string | undefined {
  const madeMs = Date.parse(taken.publishedAt);
  const later = states.find((each) => each.commit !== taken.commit && Date.parse(each.publishedAt) > madeMs);
  return later === undefined
    ? undefined
    : `the environment was built from commit ${later.commit.slice(0, 7)} after ${taken.commit.slice(0, 7)}, whose state would be the one`;
}

/** One that was killed, or is at work, has built what nobody knows; of this commit or the state's it is no other code. */
function unknownBuild(
  { begun = [] }: StateIndex,
  taken: KeptState,
  { head }: CommitHistory,
): string | undefined {
  const other = begun.find(({ commit }) => commit !== taken.commit && commit !== head);
  return other === undefined
    ? undefined
    : `a run of commit ${other.commit.slice(0, 7)} began to build the environment at ${other.startedAt} and has not said how it ended`;
}

/** Which nodes failed is not known: nodes that should be built again would not be. */
function lostFailures(
  usable: LastRun | undefined,
  last: LastRun | undefined,
  { runResultsPath }: Brought,
  line: EngineLine,
): string | undefined {
  if (last?.outcome !== 'failed' || runResultsPath !== undefined) return undefined;
  const run = `the last run of the environment (commit ${last.commit.slice(0, 7)}) failed`;
  return usable === undefined
    ? `${run}, and which nodes did can only be told by dbt ${last.dbtVersion}, not by ${line.dbtVersion}`
    : `${run}, and the store has forgotten which nodes did`;
}

function shownRun(run: LastRun | undefined): FoundState['lastRun'] {
  if (run === undefined) return undefined;
  const { commit, outcome, startedAt, url } = run;
  return { commit, outcome, startedAt, ...optional('url', url) };
}
