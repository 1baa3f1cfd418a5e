import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FoundState, MissingState, PassedOver } from '../../managed-state/state-report.ts';
import { bringState } from '../../state-archive/bring-state.ts';
import { rankStates } from '../../state-archive/choose-state.ts';
import type { CommitHistory } from '../../state-archive/commit-history.ts';
import type { EngineLine, KeptState, LastRun, StateIndex } from '../../state-archive/kept-state.ts';
import { readStates } from '../../state-archive/read-index.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import { buildsProduction } from './builds-production.ts';
import { lineOf, type StateDesk } from './state-desk.ts';

type Brought = Extract<Awaited<ReturnType<typeof bringState>>, { kind: 'brought' }>;

/** A state that lies here. */
interface Fetched {
  readonly report: FoundState;
  readonly brought: Brought;
  /** As of `failedBefore()`. */
  readonly isOfOtherCode: boolean;
}

/**
 * Brings the state that fits into a private folder.
 * @param folders Gets every folder that is made here.
 */
export async function fetchState(
  plan: Plan,
  desk: StateDesk,
  { signal, folders }: { readonly signal: AbortSignal; readonly folders: string[] },
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
    ...{ line, history, nowMs: Date.now(), signal },
    ...optional('maxAgeMs', settings.maxAgeMs),
  });
  const lastRun = index.lastRun?.engine === line.engine ? index.lastRun : undefined;
  const given: PassedOver[] = [...passedOver];
  const builds = await buildsProduction(desk);
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
    return { kind: 'fetched', fetched: { report, brought, isOfOtherCode } };
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
